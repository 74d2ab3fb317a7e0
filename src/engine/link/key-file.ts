import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import { convertKey } from './key-conversion.js';
import { keyTypeOf } from './known-hosts.js';
import { wrongPassphrase } from './login-failures.js';

/** How a private key's file is written. */
export type KeyFormat = 'openssh' | 'pem' | 'pkcs8' | 'unknown';

/** What can be told of a private key's file without its passphrase. */
export interface KeyFileFacts {
  readonly format: KeyFormat;
  readonly encrypted: boolean;
  /** As SSH names it; "" where only the passphrase tells. */
  readonly keyType: string;
}

/** Looks at the armour, and in OpenSSH's format at the cipher's name. */
export function keyFileFacts(text: string): KeyFileFacts {
  if (text.includes('-----BEGIN OPENSSH PRIVATE KEY-----')) {
    const body = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    const [cipher, keyType] = opensshStrings(body);
    return { format: 'openssh', encrypted: cipher !== 'none', keyType };
  }
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) {
    return { format: 'pkcs8', encrypted: text.includes('BEGIN ENCRYPTED'), keyType: '' };
  }
  if (/-----BEGIN (RSA|EC|DSA) PRIVATE KEY-----/.test(text)) {
    return { format: 'pem', encrypted: text.includes('Proc-Type: 4,ENCRYPTED'), keyType: '' };
  }
  return { format: 'unknown', encrypted: false, keyType: '' };
}

/**
 * The cipher's name and the key's type, which stand in clear (PROTOCOL.key): "openssh-key-v1\0", then as lengths and bytes
 * the cipher, the derivation, its options; the number of keys; the public key, which begins with its type.
 */
function opensshStrings(body: Buffer): readonly [cipher: string, keyType: string] {
  let at = 'openssh-key-v1\0'.length;
  const next = (): Buffer => {
    const length = body.length >= at + 4 ? body.readUInt32BE(at) : 0;
    const string = body.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return string;
  };
  const cipher = next().toString('latin1', 0, 64);
  next();
  next();
  at += 4;
  return [cipher, keyTypeOf(next())];
}

export interface KeyFile {
  readonly path: string;
  readonly text: string;
  readonly facts: KeyFileFacts;
}

/** A path of the configuration as this computer knows it: "~/" is the user's home. */
export function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/** Reads a private key's file. */
export async function readKeyFile(path: string): Promise<Result<KeyFile>> {
  let text: string;
  try {
    text = await readFile(expandHome(path), 'utf8');
  } catch (error) {
    return fail('auth-failed', `The key file ${path} cannot be read.`, errorText(error));
  }
  const facts = keyFileFacts(text);
  if (facts.format === 'unknown') {
    const hint = /^(ssh-|ecdsa-|sk-)/.test(text) ? ' It is a public key; name the file without ".pub".' : '';
    return fail('auth-failed', `${path} is no private key.${hint}`);
  }
  return ok({ path, text, facts });
}

/**
 * Decodes a private key. What is encrypted, and what ssh2 does not read, goes through a worker, which derives the key from the
 * passphrase: with OpenSSH's own format that takes about 0.2 s, and seconds where its owner chose many rounds (`-a`).
 */
export async function decodeKey(file: KeyFile, passphrase?: string): Promise<Result<ssh2.ParsedKey>> {
  const { format, encrypted } = file.facts;
  if (format === 'unknown' || (format === 'openssh' && !encrypted)) return parseKey(file, file.text, passphrase);
  const converted = await convertKey(format, file.text, passphrase);
  if (converted.ok) return parseKey(file, converted.text);
  // Old PEM files may be encrypted in ways that the runtime's OpenSSL gave up and ssh2 still knows.
  if (format === 'pem') return parseKey(file, file.text, passphrase);
  return refused(file, converted.said);
}

function parseKey(file: KeyFile, text: string, passphrase?: string): Result<ssh2.ParsedKey> {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  return parsed instanceof Error ? refused(file, parsed.message) : ok(parsed);
}

function refused(file: KeyFile, said: string): Result<never> {
  if (file.facts.encrypted) return { ok: false, failure: wrongPassphrase(file.path, said) };
  return fail('auth-failed', `${file.path} holds no key that can be used here; add it to an SSH agent instead.`, said);
}
