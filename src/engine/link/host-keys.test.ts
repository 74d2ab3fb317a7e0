import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostKeys } from './host-keys.js';
import type { HostKeyQuestion } from './prompter.js';
import { SshLink } from './ssh-link.js';
import { makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a server with host keys of several kinds', { timeout: 60_000 }, () => {
  let folder = '';
  let sshd: TestSshd;
  /** "ssh-rsa AAAA..." by kind. */
  const keys = new Map<string, string>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-host-keys-'));
    const kinds = ['rsa', 'ecdsa'];
    for (const kind of kinds) await makeKey(join(folder, kind), kind);
    sshd = await startSshd(kinds.map((kind) => `HostKey ${join(folder, kind)}`));
    for (const file of [sshd.hostKey, ...kinds.map((kind) => join(folder, kind))]) {
      const [type = '', blob = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
      keys.set(type, `${type} ${blob}`);
    }
  }, 60_000);
  afterAll(async () => {
    await sshd.dispose();
    await rm(folder, { recursive: true });
  });

  /** Connects with what a known_hosts file says; answers what was asked and what came of it. */
  async function connect(
    known: string,
    own = join(folder, 'own'),
  ): Promise<{ readonly asked: readonly HostKeyQuestion[]; readonly said: string }> {
    const file = join(folder, 'known_hosts');
    await writeFile(file, known);
    const asked: HostKeyQuestion[] = [];
    const link = new SshLink({
      config: sshd.config,
      hostKeys: new HostKeys(own, [file]),
      prompter: {
        acceptHostKey: (question) => {
          asked.push(question);
          return Promise.resolve(true);
        },
        askSecret: () => Promise.resolve(null),
      },
    });
    const result = await link.connect();
    link.dispose();
    return { asked, said: result.ok ? 'it went well' : result.failure.message };
  }

  const name = (): string => `[127.0.0.1]:${sshd.port}`;

  it.each(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa'])(
    'shows the %s key where that is the known one',
    async (type) => {
      const line = `${name()} ${keys.get(type) ?? ''}\n`;
      expect(await connect(line)).toEqual({ asked: [], said: 'it went well' });
    },
  );

  it('is known by a hashed name as well', async () => {
    const file = join(folder, 'hashed');
    await writeFile(file, `${name()} ${keys.get('ssh-rsa') ?? ''}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const hashed = await readFile(file, 'utf8');
    expect(hashed).not.toContain('127.0.0.1');
    expect(await connect(hashed)).toEqual({ asked: [], said: 'it went well' });
  });

  it('is not known at another port', async () => {
    const { asked } = await connect(`[127.0.0.1]:1 ${keys.get('ssh-rsa') ?? ''}\n`, join(folder, 'own-port'));
    expect(asked).toHaveLength(1);
  });

  it('is asked for once: an accepted key goes to our own file, which nobody else reads', async () => {
    const own = join(folder, 'new', 'known_hosts');
    const first = await connect('', own);
    expect(first.asked).toMatchObject([{ host: name(), keyType: 'ssh-ed25519' }]);
    const [, print = ''] = execFileSync('ssh-keygen', ['-lf', sshd.hostKey]).toString().split(' ');
    expect(first.asked[0]?.fingerprint).toBe(print);
    expect((await stat(own)).mode & 0o777).toBe(0o600);
    expect((await connect('', own)).asked).toEqual([]);
    // OpenSSH reads what we wrote.
    expect(execFileSync('ssh-keygen', ['-F', name(), '-f', own]).toString()).toContain(keys.get('ssh-ed25519'));
  });

  it('is refused when its key is revoked, or when only another one is known', async () => {
    const key = keys.get('ssh-rsa') ?? '';
    expect((await connect(`@revoked * ${key}\n${name()} ${key}\n`)).said).toContain(
      'showed a key that is marked as revoked',
    );
    await makeKey(join(folder, 'stranger'));
    const stranger = (await readFile(join(folder, 'stranger.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    const changed = await connect(`${name()} ${stranger}\n`);
    expect(changed).toMatchObject({ asked: [] });
    expect(changed.said).toContain('showed another key than the one that is known');
  });
});
