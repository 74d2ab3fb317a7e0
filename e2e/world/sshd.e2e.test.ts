import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client, type ConnectConfig } from 'ssh2';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { startSshd, type Sshd, type SshdOptions } from './sshd';

const world = inject('world');
const { pyro, pat, nosudo } = world.users;

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** "SHA256:...", as OpenSSH prints it. */
  readonly fingerprint: string;
}

/** Logs in, runs one command, logs out. */
function ask(config: ConnectConfig, command: string, { input = '', port = world.sshd.port } = {}): Promise<Answer> {
  const client = new Client();
  let fingerprint = '';
  return new Promise<Answer>((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () => {
      client.exec(command, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        let [stdout, stderr] = ['', ''];
        channel.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
        channel.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
        channel.once('close', (code: number | null) => {
          resolve({ code: code ?? -1, stdout, stderr, fingerprint });
        });
        channel.end(input);
      });
    });
    client.connect({
      host: world.sshd.host,
      port,
      readyTimeout: 20_000,
      hostVerifier: (key: Buffer) => {
        fingerprint = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
        return true;
      },
      ...config,
    });
  }).finally(() => client.end());
}

const byKey = (username: string, file = world.keys.ed25519, passphrase?: string): ConnectConfig => ({
  username,
  privateKey: readFileSync(file),
  ...(passphrase === undefined ? {} : { passphrase }),
});

describe('login', () => {
  test.each([
    ['an ed25519 key', byKey('pyro')],
    ['an RSA key', byKey('pyro', world.keys.rsa)],
    ['a key with a passphrase', byKey('pyro', world.keys.encrypted, world.keys.passphrase)],
    ['a password', { username: 'pyro', password: pyro.password }],
  ])('by %s', async (_what, config) => {
    expect(await ask(config, 'id -un')).toMatchObject({ code: 0, stdout: 'pyro\n' });
  });

  test('by keyboard-interactive questions of PAM', async () => {
    const client = new Client();
    const prompts: string[] = [];
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      client.once('error', reject);
      client.on('keyboard-interactive', (_name, _instructions, _language, asked, finish) => {
        prompts.push(...asked.map((one) => one.prompt.trim()));
        finish([pat.password]);
      });
      client.connect({ ...world.sshd, username: 'pat', tryKeyboard: true });
    }).finally(() => client.end());
    expect(prompts).toEqual(['Password:']);
  });

  test.each([
    ['a wrong password', { username: 'pyro', password: 'wrong' }],
    ['a key that the account does not know', byKey('pyro', world.keys.unknown)],
    ['an unknown user', { username: 'nobody-of-that-name', password: 'x' }],
    ['root', byKey('root')],
  ])('is refused to %s', async (_what, config) => {
    await expect(ask(config, 'true')).rejects.toMatchObject({ level: 'client-authentication' });
  });
});

describe('sudo', () => {
  const viaSudo = (user: { readonly name: string; readonly password: string }, input?: string): Promise<Answer> =>
    ask(
      byKey(user.name),
      `sudo ${input === undefined ? '-n' : '-S -p ""'} id -u`,
      input === undefined ? {} : { input },
    );

  test('without a password', async () => {
    expect(await viaSudo(pyro)).toMatchObject({ code: 0, stdout: '0\n' });
  });

  test('with a password', async () => {
    expect(await viaSudo(pat)).toMatchObject({ code: 1, stdout: '' });
    expect(await viaSudo(pat, `${pat.password}\n`)).toMatchObject({ code: 0, stdout: '0\n' });
    const wrong = await viaSudo(pat, 'wrong\n');
    expect(wrong.stdout).toBe('');
    expect(wrong.code).toBe(1);
  });

  test('not at all', async () => {
    const refused = await viaSudo(nosudo, `${nosudo.password}\n`);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/not in the sudoers file/);
  });
});

test('only who may read it reads the Docker socket', async () => {
  const ping = 'curl --silent --fail --unix-socket /var/run/docker.sock http://docker/_ping';
  expect(await ask(byKey('pyro'), ping)).toMatchObject({ code: 0, stdout: 'OK' });
  expect((await ask(byKey('pat'), ping)).code).not.toBe(0);
});

describe('a server of a test', () => {
  let server: Sshd | undefined;
  afterEach(async () => {
    await server?.dispose();
    server = undefined;
  });
  const start = async (options: Omit<SshdOptions, 'worldPath'>): Promise<Sshd> => {
    server = await startSshd({ worldPath: world.path, ...options });
    return server;
  };

  test('shows the key that it names', async () => {
    const { port, hostPublicKey } = await start({});
    const key = Buffer.from(hostPublicKey.split(' ')[1] ?? '', 'base64');
    const expected = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
    expect((await ask(byKey('pyro'), 'true', { port })).fingerprint).toBe(expected);
    expect(hostPublicKey).toBe(world.sshd.hostPublicKey);
  });

  test('comes back at the same port with another host key', async () => {
    const first = await start({ hostKey: 'first' });
    const before = await ask(byKey('pyro'), 'true', { port: first.port });
    await first.dispose();
    await start({ hostKey: 'second', port: first.port });
    const after = await ask(byKey('pyro'), 'true', { port: first.port });
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });

  test('can refuse to forward sockets', async () => {
    const forward = async (port: number): Promise<string> => {
      const client = new Client();
      try {
        await new Promise<void>((resolve, reject) => {
          client.once('ready', resolve).once('error', reject);
          client.connect({ host: '127.0.0.1', port, ...byKey('pyro') });
        });
        return await new Promise((resolve) => {
          client.openssh_forwardOutStreamLocal('/var/run/docker.sock', (error) => {
            resolve(error === undefined ? 'opened' : error.message);
          });
        });
      } finally {
        client.end();
      }
    };
    expect(await forward(world.sshd.port)).toBe('opened');
    const strict = await start({ config: ['AllowStreamLocalForwarding no'] });
    expect(await forward(strict.port)).toMatch(/open failed/i);
  });
});
