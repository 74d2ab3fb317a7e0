import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';

/** How a private key's file is written. "pkcs8" is what ssh2 cannot read. */
export type KeyFormat = 'openssh' | 'pem' | 'pkcs8' | 'unknown';

/** What can be told of a private key's file without its passphrase. */
export interface KeyFileFacts {
  readonly format: KeyFormat;
  readonly encrypted: boolean;
}

/** Looks at the armour, and in OpenSSH's format at the cipher's name. */
export function keyFileFacts(text: string): KeyFileFacts {
  if (text.includes('-----BEGIN OPENSSH PRIVATE KEY-----')) {
    const body = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    // "openssh-key-v1\0", then the cipher's name as a length and its bytes.
    const at = 'openssh-key-v1\0'.length;
    const length = body.length >= at + 4 ? body.readUInt32BE(at) : 0;
    const cipher = body.toString('latin1', at + 4, at + 4 + Math.min(length, 64));
    return { format: 'openssh', encrypted: cipher !== 'none' };
  }
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) {
    return { format: 'pkcs8', encrypted: text.includes('BEGIN ENCRYPTED') };
  }
  if (/-----BEGIN (RSA|EC|DSA) PRIVATE KEY-----/.test(text)) {
    return { format: 'pem', encrypted: text.includes('Proc-Type: 4,ENCRYPTED') };
  }
  return { format: 'unknown', encrypted: false };
}

export interface KeyFile {
  readonly path: string;
  readonly text: string;
  readonly facts: KeyFileFacts;
}

/** Reads a private key's file; "~/" is the user's home. */
export async function readKeyFile(path: string): Promise<Result<KeyFile>> {
  const resolved = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  let text: string;
  try {
    text = await readFile(resolved, 'utf8');
  } catch (error) {
    return fail('auth-failed', `The key file ${path} cannot be read.`, errorText(error));
  }
  const facts = keyFileFacts(text);
  if (facts.format === 'unknown') {
    const hint = /^(ssh-|ecdsa-|sk-)/.test(text) ? ' It is a public key; name the file without ".pub".' : '';
    return fail('auth-failed', `${path} is no private key.${hint}`);
  }
  if (facts.format === 'pkcs8') {
    return fail(
      'unsupported',
      `${path} is in PKCS#8 format, which cannot be read here: rewrite it with "ssh-keygen -p -f FILE", or add it to an SSH agent.`,
    );
  }
  return ok({ path, text, facts });
}

/**
 * Decodes a private key. Deriving a key from a passphrase blocks for about 0.2 s; it happens once a link, in the links
 * process, before anything else runs over that link. A worker would need the decoded key to cross threads, which ssh2's
 * keys cannot; should passphrases with many rounds turn up, signing has to move to the worker as a whole.
 */
export function parseKey(file: KeyFile, passphrase?: string): Result<ssh2.ParsedKey> {
  const parsed = ssh2.utils.parseKey(file.text, passphrase);
  if (parsed instanceof Error) {
    return fail(
      'auth-failed',
      file.facts.encrypted
        ? `The passphrase does not open ${file.path}.`
        : `${file.path} holds no key that can be used here; add it to an SSH agent instead.`,
      parsed.message,
    );
  }
  return ok(parsed);
}
