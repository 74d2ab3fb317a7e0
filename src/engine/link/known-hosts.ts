import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One line of a known_hosts file that names a key. */
export interface KnownHostLine {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** Patterns as they stand, or one hashed name. */
  readonly hosts: readonly string[];
  readonly keyType: string;
  readonly key: Buffer;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** SHA256:..., as OpenSSH prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a key's blob begins with, "" when it is none. */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : '';
}

/** The name that known_hosts files know a server by. */
export function knownHostName(host: string, port: number): string {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Reads a known_hosts file. Lines that cannot be read are skipped, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostLine[] {
  const lines: KnownHostLine[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    const fields = trimmed.split(/\s+/);
    let marker: KnownHostLine['marker'] = 'none';
    if (fields[0] === '@revoked') marker = 'revoked';
    else if (fields[0] === '@cert-authority') marker = 'cert-authority';
    else if (fields[0]?.startsWith('@') === true) return;
    if (marker !== 'none') fields.shift();
    const [hosts, keyType, encoded] = fields;
    if (hosts === undefined || keyType === undefined || encoded === undefined) return;
    const key = Buffer.from(encoded, 'base64');
    if (keyTypeOf(key) !== keyType) return;
    lines.push({ marker, hosts: hosts.split(','), keyType, key, file, line: index + 1 });
  });
  return lines;
}

/** Whether a line speaks of a name of `knownHostName`'s form. A negated pattern that fits rules the line out. */
export function lineMatches(line: KnownHostLine, name: string): boolean {
  let matched = false;
  for (const pattern of line.hosts) {
    const negated = pattern.startsWith('!');
    const plain = negated ? pattern.slice(1) : pattern;
    if (!(plain.startsWith('|1|') ? hashedMatches(plain, name) : globMatches(plain.toLowerCase(), name))) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** "|1|salt|HMAC-SHA1(salt, name)", both base64. */
function hashedMatches(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split('|');
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** Whether a name fits a pattern: "*" is any run of characters, "?" one. Linear in both lengths but for "*", which needs one step back at a time. */
export function globMatches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      starAt = p++;
      resumeAt = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      n = ++resumeAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** What known_hosts files say of a key that a server showed. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked'; readonly by: KnownHostLine }
  /** Other keys are known for the host, and this one is not: `known` is the one to compare with. */
  | { readonly kind: 'changed'; readonly known: KnownHostLine };

/**
 * Judges a key. A key of a type that is not known while another type is counts as changed: known types are offered
 * first (`knownKeyTypes`), so an honest server would have shown the known one.
 */
export function judgeHostKey(lines: readonly KnownHostLine[], host: string, port: number, key: Buffer): HostKeyVerdict {
  const name = knownHostName(host, port);
  const plainName = knownHostName(host, 22);
  const revoked = lines.find(
    (line) =>
      line.marker === 'revoked' &&
      line.key.equals(key) &&
      (lineMatches(line, name) || lineMatches(line, plainName) || line.hosts.includes('*')),
  );
  if (revoked !== undefined) return { kind: 'revoked', by: revoked };
  const ofHost = lines.filter((line) => line.marker === 'none' && lineMatches(line, name));
  if (ofHost.some((line) => line.key.equals(key))) return { kind: 'known' };
  // As OpenSSH: a key known for the host at its usual port is trusted at another port as well, but not missed there.
  if (lines.some((line) => line.marker === 'none' && line.key.equals(key) && lineMatches(line, plainName))) {
    return { kind: 'known' };
  }
  const keyType = keyTypeOf(key);
  const known = ofHost.find((line) => line.keyType === keyType) ?? ofHost[0];
  return known === undefined ? { kind: 'unknown' } : { kind: 'changed', known };
}

/** Key types known for a host, to be asked for first. */
export function knownKeyTypes(lines: readonly KnownHostLine[], host: string, port: number): string[] {
  const names = [knownHostName(host, port), knownHostName(host, 22)];
  return lines
    .filter((line) => line.marker === 'none' && names.some((name) => lineMatches(line, name)))
    .map((line) => line.keyType);
}
