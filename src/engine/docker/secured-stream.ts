import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fail, type Result } from '../../contract/result.js';
import { errorCode, errorText } from '../failures/thrown.js';
import { opened } from '../link/opened.js';

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
  const result = await opened(secured, {
    event: 'secureConnect',
    timeoutMs: handshakeTimeoutMs,
    lateMessage: `${host} did not answer.`,
    failed: (error) => notFitting(host, folder, error),
    signal,
  });
  if (!result.ok) stream.destroy();
  return result;
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
