import { fail, type Failure } from '../../contract/result.js';

/** The errno-like code of an error of Node, "" when it has none. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return '';
}

/** The text of anything that was thrown, for a failure's detail. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a connection to host and port could not be made, and what to do. */
export function dialFailure(error: unknown, host: string, port: number): Failure {
  const detail = errorText(error);
  switch (errorCode(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return fail('unreachable', `There is no host "${host}": check the name, or whether a VPN is needed.`, detail)
        .failure;
    case 'ECONNREFUSED':
      return fail(
        'refused',
        `${host} refused port ${port}: check the port, and that the SSH server is running.`,
        detail,
      ).failure;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return fail('unreachable', `${host} cannot be reached from here: check the network or VPN.`, detail).failure;
    case 'ETIMEDOUT':
      return fail(
        'timeout',
        `${host} did not answer on port ${port}: check the address, the port and firewalls.`,
        detail,
      ).failure;
    default:
      return fail('unreachable', `The connection to ${host} port ${port} broke.`, detail).failure;
  }
}
