import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import * as v from 'valibot';

/**
 * Runs in a worker, for deriving a key from a passphrase blocks; text, because bundlers and test runners each want
 * another way to name a worker's file. OpenSSH's own format is ssh2's to read, which makes PEM of it; from there all goes
 * the same way. ed25519 has no PEM form but PKCS#8, whose DER ends with the 32 bytes of the seed.
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { createPrivateKey, createPublicKey } = require('node:crypto');
const opened = () => {
  const { text, passphrase, ssh2 } = workerData;
  if (ssh2 === undefined) return { key: text, passphrase };
  const parsed = require(ssh2).utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw parsed;
  return { key: parsed.getPrivatePEM() };
};
try {
  const key = createPrivateKey({ ...opened(), format: 'pem' });
  const type = key.asymmetricKeyType;
  if (type === 'rsa') parentPort.postMessage({ pem: key.export({ type: 'pkcs1', format: 'pem' }) });
  else if (type === 'ec') parentPort.postMessage({ pem: key.export({ type: 'sec1', format: 'pem' }) });
  else if (type === 'ed25519') {
    const seed = key.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
    const point = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);
    parentPort.postMessage({ seed: seed.toString('hex'), point: point.toString('hex') });
  } else parentPort.postMessage({ said: 'no SSH key can be of type ' + type });
} catch (error) {
  parentPort.postMessage({ said: String(error && error.message) });
}
`;

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const Answer = v.union([
  v.object({ pem: v.string() }),
  v.object({ seed: hex32, point: hex32 }),
  v.object({ said: v.string() }),
]);

/** A key without passphrase in a form that ssh2 reads, or what the decoder said. */
export type Converted = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly said: string };

/** A worker whose program is a text finds no packages by their names. */
const { resolve: pathOf } = createRequire(import.meta.url);

/** Decrypts a key in PEM or PKCS#8, or in OpenSSH's own format. */
export function convertKey(format: 'pem' | 'pkcs8' | 'openssh', text: string, passphrase?: string): Promise<Converted> {
  return new Promise((resolve) => {
    const ssh2 = format === 'openssh' ? pathOf('ssh2') : undefined;
    const worker = new Worker(program, { eval: true, workerData: { text, passphrase, ssh2 } });
    const settle = (converted: Converted): void => {
      void worker.terminate(); // has answered
      resolve(converted);
    };
    worker.once('message', (message: unknown) => {
      const answer = v.safeParse(Answer, message);
      if (!answer.success) settle({ ok: false, said: 'The key could not be read.' });
      else if ('said' in answer.output) settle({ ok: false, said: answer.output.said });
      else if ('pem' in answer.output) settle({ ok: true, text: answer.output.pem });
      else {
        const { seed, point } = answer.output;
        settle({ ok: true, text: opensshEd25519(Buffer.from(seed, 'hex'), Buffer.from(point, 'hex')) });
      }
    });
    worker.once('error', (error) => {
      settle({ ok: false, said: error.message });
    });
  });
}

/** OpenSSH's own format, unencrypted: PROTOCOL.key of OpenSSH. */
function opensshEd25519(seed: Buffer, point: Buffer): string {
  const text = (value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const one = Buffer.from([0, 0, 0, 1]);
  const check = randomBytes(4);
  const publicKey = Buffer.concat([text('ssh-ed25519'), text(point)]);
  const secret = Buffer.concat([check, check, publicKey, text(Buffer.concat([seed, point])), text('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    one,
    text(publicKey),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}
