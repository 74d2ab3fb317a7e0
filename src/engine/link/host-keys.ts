import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../contract/result.js';
import { fingerprint, judgeHostKey, keyTypeOf, knownHostName, knownKeyTypes, parseKnownHosts } from './known-hosts.js';
import type { KnownHostLine } from './known-hosts.js';
import type { Prompter } from './prompter.js';
import { errorCode, errorText } from '../failures/thrown.js';

/** Signature algorithms for host keys that ssh2 offers, best first, with the key type that each needs. */
const hostKeyAlgorithms = [
  { algorithm: 'ssh-ed25519', keyType: 'ssh-ed25519' },
  { algorithm: 'ecdsa-sha2-nistp256', keyType: 'ecdsa-sha2-nistp256' },
  { algorithm: 'ecdsa-sha2-nistp384', keyType: 'ecdsa-sha2-nistp384' },
  { algorithm: 'ecdsa-sha2-nistp521', keyType: 'ecdsa-sha2-nistp521' },
  { algorithm: 'rsa-sha2-512', keyType: 'ssh-rsa' },
  { algorithm: 'rsa-sha2-256', keyType: 'ssh-rsa' },
  { algorithm: 'ssh-rsa', keyType: 'ssh-rsa' },
] as const;
export type HostKeyAlgorithm = (typeof hostKeyAlgorithms)[number]['algorithm'];

/** Which servers are known: OpenSSH's files are read, our own is read and written. */
export class HostKeys {
  private readonly ownFile: string;
  private readonly readFiles: readonly string[];

  /**
   * @param ownFile the file that accepted keys are added to
   * @param systemFiles files of OpenSSH; default: the user's and the machine's
   */
  constructor(
    ownFile: string,
    systemFiles: readonly string[] = [
      join(homedir(), '.ssh', 'known_hosts'),
      join(homedir(), '.ssh', 'known_hosts2'),
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ],
  ) {
    this.ownFile = ownFile;
    this.readFiles = [ownFile, ...systemFiles];
  }

  /** The files, in the order in which they count; accepted keys are added to the first. */
  get files(): readonly string[] {
    return this.readFiles;
  }

  /** All lines of all files. A file that exists and cannot be read is a failure: it may hold a revoked key. */
  async load(): Promise<Result<readonly KnownHostLine[]>> {
    const lines: KnownHostLine[] = [];
    for (const file of this.readFiles) {
      try {
        lines.push(...parseKnownHosts(await readFile(file, 'utf8'), file));
      } catch (error) {
        const code = errorCode(error);
        if (code === 'ENOENT' || code === 'ENOTDIR') continue;
        return fail('host-key-refused', `The known hosts in ${file} cannot be read.`, errorText(error));
      }
    }
    return ok(lines);
  }

  /** Algorithms to offer: those of known keys first, so that a server shows the key that we can check. */
  algorithms(lines: readonly KnownHostLine[], host: string, port: number): HostKeyAlgorithm[] {
    const known = new Set(knownKeyTypes(lines, host, port));
    const first = hostKeyAlgorithms.filter((entry) => known.has(entry.keyType));
    const rest = hostKeyAlgorithms.filter((entry) => !known.has(entry.keyType));
    return [...first, ...rest].map((entry) => entry.algorithm);
  }

  /** Whether a connection may go on: the key is known, or the user accepts a new one, which is then kept. */
  async check(
    where: { readonly targetId: string; readonly host: string; readonly port: number },
    key: Buffer,
    prompter: Prompter,
    signal: AbortSignal,
  ): Promise<Result<null>> {
    const lines = await this.load();
    if (!lines.ok) return lines;
    const verdict = judgeHostKey(lines.value, where.host, where.port, key);
    const name = knownHostName(where.host, where.port);
    const shown = fingerprint(key);
    switch (verdict.kind) {
      case 'known':
        return ok(null);
      case 'revoked':
        return revokedKey(name, `${keyTypeOf(key)} ${shown}, revoked in ${verdict.by.file} line ${verdict.by.line}`);
      case 'changed':
        return changedKey(name, verdict.known, `${keyTypeOf(key)} ${shown}`);
      case 'unknown': {
        const keyType = keyTypeOf(key);
        const accepted = await prompter.acceptHostKey(
          { targetId: where.targetId, host: name, keyType, fingerprint: shown },
          signal,
        );
        if (!accepted) {
          return refusedKey(name, `${keyType} ${shown}`);
        }
        return this.add(name, keyType, key);
      }
    }
  }

  /** Makes our own file where there is none, for this user only. */
  async prepare(): Promise<Result<null>> {
    return this.append('');
  }

  private add(name: string, keyType: string, key: Buffer): Promise<Result<null>> {
    // A line of its own even when the file was cut short by hand.
    return this.append(`\n${name} ${keyType} ${key.toString('base64')}\n`);
  }

  private async append(text: string): Promise<Result<null>> {
    try {
      await mkdir(dirname(this.ownFile), { recursive: true, mode: 0o700 });
      await appendFile(this.ownFile, text, { mode: 0o600 });
      return ok(null);
    } catch (error) {
      return fail('internal', `The accepted key could not be kept in ${this.ownFile}.`, errorText(error));
    }
  }
}

type Refusal = ReturnType<typeof fail>;

/** @param shown type and fingerprint of the key */
export function refusedKey(name: string, shown: string): Refusal {
  return fail('host-key-refused', `The key of ${name} was not accepted.`, shown);
}

/** @param detail which key, and where it is revoked */
export function revokedKey(name: string, detail: string): Refusal {
  return fail(
    'host-key-refused',
    `${name} showed a key that is marked as revoked; do not connect until its administrator gave it a new one.`,
    detail,
  );
}

/** @param shown type and fingerprint of the key that the server showed */
export function changedKey(name: string, known: KnownHostLine, shown: string): Refusal {
  return fail(
    'host-key-changed',
    `${name} showed another key than the one that is known: somebody may be listening in. If the server was set ` +
      `up anew, remove line ${known.line} of ${known.file} and connect again.`,
    `known: ${known.keyType} ${fingerprint(known.key)}\nshown: ${shown}`,
  );
}
