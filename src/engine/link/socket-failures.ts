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

type Refusal = ReturnType<typeof fail>;

/** A server has no room for one more that logs in. */
export function takesNoMore(host: string, detail: string): Refusal {
  return fail(
    'refused',
    `${host} takes no more connections at the moment: try again later, or raise MaxStartups in its sshd_config.`,
    detail,
  );
}

/** A server hung up at once. */
export function saidNothing(host: string, port: number, detail: string): Refusal {
  return fail(
    'unsupported',
    `${host} closed the connection on port ${port} before it said anything: it may take no more at the moment, or none from here.`,
    detail,
  );
}

/** What listens there does not speak SSH, or not to us. */
export function noHandshake(host: string, port: number, detail: string): Refusal {
  return fail(
    'unsupported',
    `${host} port ${port} did not complete an SSH handshake: check that it is an SSH server's port.`,
    detail,
  );
}

/** A server on the way may not connect to the next one. */
export function forwardsNothing(via: string, host: string, detail: string): Refusal {
  return fail(
    'forwarding-denied',
    `${via} does not forward connections to ${host}: allow it with "AllowTcpForwarding yes" in its sshd_config.`,
    detail,
  );
}

/** A server on the way does not get to the next one. */
export function reachesNothing(via: string, host: string, port: number, detail: string): Refusal {
  return fail(
    'unreachable',
    `${via} cannot reach ${host} port ${port}: check the name and the port as ${via} sees them.`,
    detail,
  );
}
