import { fail, type Failure } from '../../contract/result.js';
import { errorCode, errorText } from '../failures/thrown.js';

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
