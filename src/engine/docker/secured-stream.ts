import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorCode, errorText } from '../failures/thrown.js';

const handshakeTimeoutMs = 10_000;

/**
 * TLS over a stream to a host, with the certificates of a folder as Docker keeps them: ca.pem says whom to trust in the place of
 * the usual authorities, cert.pem and key.pem who we are; each may be missing. They are read anew each time, so that new ones
 * are taken. The host's certificate is always verified. "auth-failed": it, or ours, does not fit.
 */
export async function secureStream(
  stream: Duplex,
  host: string,
  folder: string,
  signal?: AbortSignal,
): Promise<Result<Duplex>> {
  let secured: TLSSocket;
  try {
    const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readPem(folder, name)));
    const options: ConnectionOptions = {
      socket: stream,
      host,
      // An address is no name, and must not be sent as one.
      servername: isIP(host) === 0 ? host : '',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    secured = connect(options);
  } catch (error) {
    stream.destroy();
    return notFitting(host, folder, error);
  }
  return new Promise((resolve) => {
    const settle = (result: Result<Duplex>): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      secured.removeListener('error', onError);
      if (!result.ok) {
        secured.on('error', () => undefined); // it was given up; nobody is left to be told
        secured.destroy();
        stream.destroy();
      }
      resolve(result);
    };
    const onAbort = (): void => {
      settle(fail('cancelled', 'Cancelled.'));
    };
    const onError = (error: unknown): void => {
      settle(notFitting(host, folder, error));
    };
    const timer = setTimeout(() => {
      settle(fail('timeout', `${host} did not answer.`));
    }, handshakeTimeoutMs);
    secured.once('error', onError);
    secured.once('secureConnect', () => {
      settle(ok(secured));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}

async function readPem(folder: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function notFitting(host: string, folder: string, error: unknown): Result<never> {
  return fail(
    'auth-failed',
    `Docker at ${host} does not take the certificates in ${folder}, or has one that they do not vouch for: look at them.`,
    errorText(error),
  );
}
