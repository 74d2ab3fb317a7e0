import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { fail, ok, type Result } from '../../contract/result.js';
import { fingerprint } from './known-hosts.js';

/** `pyrometer-agent root-bridge` ends a minute after it heard the last of us. */
const signOfLifeMs = 10_000;
const handshakeTimeoutMs = 20_000;

/** What is at the other end of a stream, for messages: "What is to run commands as root there". */
export interface BridgeName {
  readonly user: string;
  readonly what: string;
}

/**
 * Makes a client of a bridge of the agent's, which speaks SSH on its input and output.
 *
 * @param key the fingerprint of the key that it made for this stream
 */
export function greetBridge(stream: Duplex, key: string, { user, what }: BridgeName): Promise<Result<ssh2.Client>> {
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    let said = 'it said nothing';
    client.setMaxListeners(0); // one for each command that is being started
    client.once('ready', () => {
      resolve(ok(client));
    });
    // Stays: an error without a listener would end the process. The close that follows is what is acted on.
    client.on('error', (error: Error) => {
      said = error.message;
    });
    client.once('close', () => {
      resolve(fail('agent-failed', `${what} does not answer.`, said));
    });
    client.connect({
      sock: stream,
      username: user,
      readyTimeout: handshakeTimeoutMs,
      keepaliveInterval: signOfLifeMs,
      keepaliveCountMax: 6,
      strictVendor: false, // it opens Unix sockets as OpenSSH does, and is none
      hostVerifier: (shown: Buffer) => fingerprint(shown) === key,
    });
  });
}
