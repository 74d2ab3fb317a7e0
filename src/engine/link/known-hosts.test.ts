import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostKeys } from './host-keys.js';
import { fingerprint, judgeHostKey, knownHostName, parseKnownHosts } from './known-hosts.js';
import { silentPrompter, type HostKeyQuestion, type Prompter } from './prompter.js';

/** A key's blob: its type, then bytes that tell it from others. */
function key(type: string, seed: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(type.length);
  return Buffer.concat([head, Buffer.from(type), Buffer.from(seed.padEnd(40, '.'))]);
}

const ed = key('ssh-ed25519', 'a');
const rsa = key('ssh-rsa', 'b');
const other = key('ssh-ed25519', 'c');
const row = (hosts: string, blob: Buffer, marker = ''): string =>
  `${marker}${hosts} ${blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))} ${blob.toString('base64')} a comment`;
const lines = (...rows: string[]): ReturnType<typeof parseKnownHosts> =>
  parseKnownHosts(rows.join('\n'), 'known_hosts');

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdef0123');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

describe('judgeHostKey', () => {
  it.each([
    ['plain name', lines(row('web.example', ed)), 'web.example', 22, ed, 'known'],
    ['upper case', lines(row('web.example', ed)), 'WEB.example', 22, ed, 'known'],
    ['list of names', lines(row('web,10.0.0.1', ed)), '10.0.0.1', 22, ed, 'known'],
    ['wildcards', lines(row('*.example,!bad.example', ed)), 'web.example', 22, ed, 'known'],
    ['negated', lines(row('*.example,!bad.example', ed)), 'bad.example', 22, ed, 'unknown'],
    ['question mark', lines(row('web?', ed)), 'web1', 22, ed, 'known'],
    ['hashed name', lines(row(hashed('web'), ed)), 'web', 22, ed, 'known'],
    ['hashed name with port', lines(row(hashed('[web]:2222'), ed)), 'web', 2222, ed, 'known'],
    ['hashed other', lines(row(hashed('web'), ed)), 'web2', 22, ed, 'unknown'],
    ['port', lines(row('[web]:2222', ed)), 'web', 2222, ed, 'known'],
    ['other port', lines(row('[web]:2222', ed)), 'web', 2223, ed, 'unknown'],
    ['known at the usual port', lines(row('web', ed)), 'web', 2222, ed, 'known'],
    ['other key at the usual port is not missed', lines(row('web', ed)), 'web', 2222, other, 'unknown'],
    ['address in brackets', lines(row('[::1]:2222', ed)), '[::1]', 2222, ed, 'known'],
    ['several types', lines(row('web', rsa), row('web', ed)), 'web', 22, ed, 'known'],
    ['changed', lines(row('web', ed)), 'web', 22, other, 'changed'],
    ['only another type is known', lines(row('web', rsa)), 'web', 22, ed, 'changed'],
    ['revoked', lines(row('web', ed), row('*', ed, '@revoked ')), 'web', 22, ed, 'revoked'],
    ['revoked for others', lines(row('web', ed), row('mail', ed, '@revoked ')), 'web', 22, ed, 'known'],
    ['authorities are no keys', lines(row('*', ed, '@cert-authority ')), 'web', 22, ed, 'unknown'],
    ['unknown', lines(), 'web', 22, ed, 'unknown'],
  ] as const)('%s', (_name, known, host, port, shown, verdict) => {
    expect(judgeHostKey(known, host, port, shown).kind).toBe(verdict);
  });

  it('compares a changed key with the known one of the same type', () => {
    const verdict = judgeHostKey(lines(row('web', rsa), row('web', ed)), 'web', 22, other);
    expect(verdict).toMatchObject({ kind: 'changed', known: { keyType: 'ssh-ed25519', line: 2 } });
  });

  it('skips what it cannot read', () => {
    expect(lines('# remark', '', 'web', 'web ssh-ed25519', 'web ssh-ed25519 AAAA', '@what web ssh-rsa AAAA')).toEqual(
      [],
    );
  });
});

describe('HostKeys', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-host-keys-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const where = { targetId: 't', host: 'web', port: 2222 };
  const signal = new AbortController().signal;

  it('asks once, keeps what was accepted and refuses what changed with both fingerprints', async () => {
    const own = join(folder, 'data', 'known_hosts');
    const keys = new HostKeys(own, []);
    const asked: HostKeyQuestion[] = [];
    const prompter: Prompter = {
      ...silentPrompter,
      acceptHostKey: (question) => {
        asked.push(question);
        return Promise.resolve(true);
      },
    };
    expect(await keys.check(where, ed, prompter, signal)).toEqual({ ok: true, value: null });
    expect(await keys.check(where, ed, prompter, signal)).toEqual({ ok: true, value: null });
    expect(asked).toEqual([
      { targetId: 't', host: '[web]:2222', keyType: 'ssh-ed25519', fingerprint: fingerprint(ed) },
    ]);
    const changed = await keys.check(where, other, prompter, signal);
    expect(changed).toMatchObject({ ok: false, failure: { code: 'host-key-changed' } });
    if (!changed.ok) {
      expect(changed.failure.detail).toContain(fingerprint(ed));
      expect(changed.failure.detail).toContain(fingerprint(other));
      expect(changed.failure.message).toContain(own);
    }
    expect(asked).toHaveLength(1);
  });

  it('keeps nothing when the key is not accepted', async () => {
    const own = join(folder, 'known_hosts');
    const keys = new HostKeys(own, []);
    expect(await keys.check(where, ed, silentPrompter, signal)).toMatchObject({
      ok: false,
      failure: { code: 'host-key-refused' },
    });
    await expect(readFile(own)).rejects.toThrow();
  });

  it('offers known types first', async () => {
    const system = join(folder, 'system');
    await writeFile(system, row('[web]:2222', rsa));
    const keys = new HostKeys(join(folder, 'own'), [system]);
    const loaded = await keys.load();
    expect(loaded.ok && keys.algorithms(loaded.value, 'web', 2222)[0]).toBe('rsa-sha2-512');
    expect(loaded.ok && keys.algorithms(loaded.value, 'elsewhere', 22)[0]).toBe('ssh-ed25519');
  });

  it('goes no further when a file of known hosts cannot be read', async () => {
    const keys = new HostKeys(join(folder, 'own'), [folder]);
    expect(await keys.check(where, ed, silentPrompter, signal)).toMatchObject({ ok: false });
  });
});

describe('knownHostName', () => {
  it('writes names as OpenSSH does', () => {
    expect(knownHostName('Web', 22)).toBe('web');
    expect(knownHostName('web', 2222)).toBe('[web]:2222');
    expect(knownHostName('[fe80::1%eth0]', 2222)).toBe('[fe80::1%eth0]:2222');
  });
});
