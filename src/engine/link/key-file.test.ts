import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostKeys } from './host-keys.js';
import { decodeKey, readKeyFile } from './key-file.js';
import type { Prompter, SecretQuestion } from './prompter.js';
import { SshLink } from './ssh-link.js';
import { makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();
const passphrase = 'a b"c\\d';

const kinds = ['rsa', 'ec', 'ed25519'] as const;

/** A private key as other programs write it, in PKCS#8 or in the PEM form of its own. */
function privateKey(kind: (typeof kinds)[number], form: 'pkcs8' | 'own', encrypted: boolean): string {
  const pair =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
        : generateKeyPairSync('ed25519');
  const own = { rsa: 'pkcs1', ec: 'sec1', ed25519: 'pkcs8' } as const;
  const type = form === 'pkcs8' ? 'pkcs8' : own[kind];
  const cipher = encrypted ? { cipher: 'aes-256-cbc', passphrase } : {};
  return pair.privateKey.export({ type, format: 'pem', ...cipher }).toString();
}

/** A key's line for authorized_keys. OpenSSH before 9.6 cannot read ed25519 in PKCS#8 itself. */
function publicLine(text: string, path: string): string {
  const publicKey = createPublicKey(createPrivateKey({ key: text, format: 'pem', passphrase }));
  if (publicKey.asymmetricKeyType !== 'ed25519') {
    const open = text.includes('ENCRYPTED') ? ['-P', passphrase] : [];
    return execFileSync('ssh-keygen', ['-y', ...open, '-f', path]).toString();
  }
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), point]);
  return `ssh-ed25519 ${blob.toString('base64')}\n`;
}

describe.skipIf(missing !== undefined)('keys of other programs', { timeout: 60_000 }, () => {
  let folder = '';
  let sshd: TestSshd;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-keys-'));
    sshd = await startSshd(['MaxAuthTries 1']);
  }, 60_000);
  afterAll(async () => {
    await sshd.dispose();
    await rm(folder, { recursive: true });
  });

  const answering = (asked: SecretQuestion[], answers: readonly string[]): Prompter => ({
    acceptHostKey: () => Promise.resolve(true),
    askSecret: (question) => {
      asked.push(question);
      const answer = answers[asked.length - 1];
      return Promise.resolve(answer === undefined ? null : [answer]);
    },
  });

  /** Logs in by a key; a server that takes one attempt only shows that it is the first and only offer. */
  async function login(text: string, answers: readonly string[]): Promise<readonly SecretQuestion[]> {
    const path = join(folder, 'key');
    await writeFile(path, text, { mode: 0o600 });
    const authorized = publicLine(text, path);
    await appendFile(join(sshd.folder, 'authorized_keys'), authorized);
    const asked: SecretQuestion[] = [];
    const link = new SshLink({
      config: { ...sshd.config, authentication: { method: 'key', path } },
      prompter: answering(asked, answers),
      hostKeys: new HostKeys(join(folder, 'known'), []),
    });
    try {
      const connected = await link.connect();
      if (!connected.ok) throw new Error(connected.failure.message);
      return asked;
    } finally {
      link.dispose();
    }
  }

  it.each(kinds)('a %s key in PKCS#8 logs in', async (kind) => {
    expect(await login(privateKey(kind, 'pkcs8', false), [])).toEqual([]);
  });

  it.each(kinds)(
    'an encrypted %s key in PKCS#8 logs in with its passphrase, asked again when it is wrong',
    async (kind) => {
      const asked = await login(privateKey(kind, 'pkcs8', true), ['wrong', passphrase]);
      expect(asked).toHaveLength(2);
      expect(asked[1]?.explanation).toContain('did not open');
    },
  );

  it.each(['rsa', 'ec'] as const)('a %s key in PEM logs in, encrypted or not', async (kind) => {
    await login(privateKey(kind, 'own', false), []);
    await login(privateKey(kind, 'own', true), [passphrase]);
  });

  it.each(['ed25519', 'ecdsa', 'rsa'])(
    "an encrypted %s key in OpenSSH's format logs in, and nothing waits while it is opened",
    async (type) => {
      const path = join(folder, `openssh-${type}`);
      await rm(path, { force: true }); // of a first try
      // So many rounds take some hundred milliseconds; OpenSSH makes 16 to 24 by itself.
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-a', '40', '-f', path]);
      await appendFile(join(sshd.folder, 'authorized_keys'), await readFile(`${path}.pub`));
      let turns = 0;
      const asked: SecretQuestion[] = [];
      const link = new SshLink({
        config: { ...sshd.config, authentication: { method: 'key', path } },
        prompter: answering(asked, ['wrong', passphrase]),
        hostKeys: new HostKeys(join(folder, 'known'), []),
      });
      const file = await readKeyFile(path);
      if (!file.ok) throw new Error(file.failure.message);
      const timer = setInterval(() => turns++, 5);
      const key = await decodeKey(file.value, passphrase);
      clearInterval(timer);
      // Where this thread opened it, it would have come to no other work meanwhile.
      expect(turns).toBeGreaterThan(5);
      expect(key.ok && key.value.isPrivateKey()).toBe(true);
      try {
        const connected = await link.connect();
        expect(connected.ok ? '' : connected.failure.message).toBe('');
        expect(asked).toHaveLength(2);
      } finally {
        link.dispose();
      }
    },
  );

  it('says what is wrong with a key', async () => {
    const path = join(folder, 'bad');
    const said = async (text: string, phrase?: string): Promise<string> => {
      await writeFile(path, text);
      const file = await readKeyFile(path);
      const key = file.ok ? await decodeKey(file.value, phrase) : file;
      return key.ok ? 'a key' : key.failure.message;
    };
    expect(await said(privateKey('rsa', 'pkcs8', true), 'wrong')).toBe(`The passphrase does not open ${path}.`);
    const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await said(x25519)).toBe(`${path} holds no key that can be used here; add it to an SSH agent instead.`);
    expect(await said(privateKey('ec', 'pkcs8', false).slice(0, 90))).toContain('holds no key that can be used');
    await rm(path);
    await makeKey(path);
    expect(await said(await readFile(`${path}.pub`, 'utf8'))).toContain('It is a public key');
    const none = await readKeyFile(join(folder, 'none'));
    expect(none.ok ? '' : none.failure.message).toContain('cannot be read');
  });
});
