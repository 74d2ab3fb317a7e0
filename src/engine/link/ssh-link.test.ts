import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode, Result } from '../../contract/result.js';
import type { LinkState, SshTargetConfig } from '../../contract/target.js';
import { HostKeys } from './host-keys.js';
import type { Link } from './link.js';
import { LocalLink } from './local-link.js';
import { silentPrompter, type Prompter, type SecretQuestion } from './prompter.js';
import type { SshOptions } from './ssh-connect.js';
import { SshLink } from './ssh-link.js';
import { freePort, makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();
if (missing !== undefined) console.warn(`ssh-link tests are skipped: ${missing}`);

const accepting: Prompter = { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) };

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function failureCode(result: Result<unknown>): FailureCode | 'ok' {
  return result.ok ? 'ok' : result.failure.code;
}

function reaches(link: Link, state: LinkState['state'], timeoutMs = 15_000): Promise<void> {
  return new Promise((resolve, reject) => {
    if (link.state.state === state) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      reject(new Error(`the link is ${link.state.state}, not ${state}`));
    }, timeoutMs);
    link.onState((now) => {
      if (now.state !== state) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

describe.skipIf(missing !== undefined)('SshLink', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  const links: Link[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
  }, 60_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    for (const link of links.splice(0)) link.dispose();
  });

  function make(config: Partial<SshTargetConfig> = {}, options: Partial<SshOptions> = {}): SshLink {
    const link = new SshLink({
      config: { ...sshd.config, ...config },
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, 'own_known_hosts'), []),
      ...options,
    });
    links.push(link);
    return link;
  }

  async function connected(config: Partial<SshTargetConfig> = {}): Promise<SshLink> {
    const link = make(config);
    value(await link.connect());
    return link;
  }

  it('runs commands with arguments as they are', async () => {
    const link = await connected();
    const hostile = ["it's", '$(id)', 'a\nb', '-n', '', '*', '\\', '`id`'];
    const answer = value(await link.exec(['printf', '[%s]', ...hostile]));
    expect(answer).toMatchObject({ code: 0, stdout: hostile.map((text) => `[${text}]`).join('') });
    expect(value(await link.exec(['sh', '-c', 'cat; echo oops >&2; exit 7'], { stdin: 'in' }))).toEqual({
      code: 7,
      signal: null,
      stdout: 'in',
      stderr: 'oops\n',
    });
    expect(value(await link.exec(['pyrometer-no-such-program'])).code).toBe(127);
    expect(link.state).toMatchObject({ state: 'connected' });
    expect(link.state.latencyMs).toBeLessThan(1000);
  });

  it('bounds time and output, and can be given up', async () => {
    const link = await connected();
    expect(failureCode(await link.exec(['sleep', '30'], { timeoutMs: 100 }))).toBe('timeout');
    expect(failureCode(await link.exec(['yes'], { maxOutputBytes: 100_000 }))).toBe('too-large');
    const controller = new AbortController();
    const running = link.exec(['sleep', '30'], { signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 50);
    expect(failureCode(await running)).toBe('cancelled');
  });

  it('uploads whole files, and says so when it cannot', async () => {
    const link = await connected();
    const from = join(sshd.folder, 'upload');
    const bytes = Buffer.alloc(3_000_001, 'pyrometer');
    await writeFile(from, bytes);
    const to = join(sshd.folder, "it's $(here)");
    let last = 0;
    value(await link.upload(from, to, { onProgress: (sent) => (last = sent) }));
    expect(last).toBe(bytes.length);
    expect((await readFile(to)).equals(bytes)).toBe(true);
    expect(failureCode(await link.upload(from, '/proc/nowhere/file'))).toBe('upload-corrupt');
    expect(failureCode(await link.upload(from, '/dev/full'))).toBe('upload-corrupt');
  });

  it('opens streams to Unix sockets and addresses of the target', async () => {
    const link = await connected();
    const path = join(sshd.folder, 'echo.sock');
    const echo: Server = createServer((socket) => socket.pipe(socket)).listen(path);
    await once(echo, 'listening');
    const stream = value(await link.open({ kind: 'unix', path }));
    stream.write('hello');
    expect(String((await once(stream, 'data'))[0])).toBe('hello');
    stream.destroy();
    echo.close();
    expect(failureCode(await link.open({ kind: 'unix', path: join(sshd.folder, 'none.sock') }))).toBe('refused');
    expect(failureCode(await link.open({ kind: 'tcp', host: '127.0.0.1', port: await freePort() }))).toBe('refused');
    const self = value(await link.open({ kind: 'tcp', host: '127.0.0.1', port: sshd.port }));
    expect(String((await once(self, 'data'))[0])).toContain('SSH-2.0');
    self.destroy();
  });

  it('says that it is not connected', async () => {
    const link = make();
    expect(failureCode(await link.exec(['true']))).toBe('not-connected');
    expect(failureCode(await link.open({ kind: 'unix', path: '/x' }))).toBe('not-connected');
  });

  it('comes back after the connection broke', async () => {
    const link = await connected();
    const running = link.exec(['sleep', '30']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const reconnecting = reaches(link, 'reconnecting');
    await sshd.kill();
    expect(failureCode(await running)).toBe('not-connected');
    await reconnecting;
    await sshd.restart();
    await reaches(link, 'connected');
    expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
  });

  it('refuses a changed host key, with both fingerprints', async () => {
    const own = join(sshd.folder, 'changed_known_hosts');
    const otherKey = join(sshd.folder, 'other');
    await makeKey(otherKey);
    const [type = '', blob = ''] = (await readFile(`${otherKey}.pub`, 'utf8')).split(' ');
    await writeFile(own, `[127.0.0.1]:${sshd.port} ${type} ${blob}\n`);
    const link = make({}, { hostKeys: new HostKeys(own, []) });
    const result = await link.connect();
    expect(failureCode(result)).toBe('host-key-changed');
    const print = (file: string): string => execFileSync('ssh-keygen', ['-lf', file]).toString().split(' ')[1] ?? '';
    const detail = result.ok ? '' : result.failure.detail;
    expect(detail).toContain(print(otherKey));
    expect(detail).toContain(print(sshd.hostKey));
    expect(link.state).toMatchObject({ state: 'failed' });
  });

  it('reads names that OpenSSH hashed', async () => {
    const own = join(sshd.folder, 'hashed_known_hosts');
    const [type = '', blob = ''] = (await readFile(`${sshd.hostKey}.pub`, 'utf8')).split(' ');
    await writeFile(own, `[127.0.0.1]:${sshd.port} ${type} ${blob}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', own], { stdio: 'ignore' });
    expect(await readFile(own, 'utf8')).not.toContain('127.0.0.1');
    value(await make({}, { hostKeys: new HostKeys(own, []), prompter: silentPrompter }).connect());
  });

  it('does not connect when the host key is not accepted', async () => {
    const link = make({}, { hostKeys: new HostKeys(join(sshd.folder, 'none'), []), prompter: silentPrompter });
    expect(failureCode(await link.connect())).toBe('host-key-refused');
  });

  it.each<[string, () => Promise<Partial<SshTargetConfig>>, FailureCode]>([
    ['a wrong host', () => Promise.resolve({ host: 'no-such-host.invalid' }), 'unreachable'],
    ['a refused port', async () => ({ port: await freePort() }), 'refused'],
    ['a wrong key', async () => ({ authentication: { method: 'key', path: await strangerKey() } }), 'auth-failed'],
    ['no key file', () => Promise.resolve({ authentication: { method: 'key', path: '/none' } }), 'auth-failed'],
    ['a wrong user', () => Promise.resolve({ user: 'pyrometer-nobody' }), 'auth-failed'],
    ['a password', () => Promise.resolve({ authentication: { method: 'password' } }), 'auth-failed'],
  ])('says what is wrong with %s', async (_name, config, code) => {
    const result = await make(await config()).connect();
    expect(failureCode(result)).toBe(code);
    if (!result.ok) expect(result.failure.message).toMatch(/[.:]/);
  });

  async function strangerKey(): Promise<string> {
    const file = join(sshd.folder, 'stranger');
    await rm(file, { force: true });
    await makeKey(file);
    return file;
  }

  it('notices a port that does not speak SSH, and one that says nothing', async () => {
    const chatty = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(chatty, 'listening');
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const portOf = (server: Server): number => (server.address() as { port: number }).port;
    expect(failureCode(await make({ port: portOf(chatty) }).connect())).toBe('unsupported');
    expect(failureCode(await make({ port: portOf(silent) }, { handshakeTimeoutMs: 300 }).connect())).toBe('timeout');
    chatty.close();
    silent.close();
  });

  it('opens an encrypted key with its passphrase, asking again when it is wrong', async () => {
    const file = join(sshd.folder, 'encrypted');
    await makeKey(file, 'ed25519', 'right');
    const authorized = join(sshd.folder, 'authorized_keys');
    await writeFile(authorized, (await readFile(authorized, 'utf8')) + (await readFile(`${file}.pub`, 'utf8')));
    const asked: SecretQuestion[] = [];
    const answers = ['wrong', 'right'];
    const prompter: Prompter = {
      ...accepting,
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve([answers[asked.length - 1] ?? '']);
      },
    };
    const config: Partial<SshTargetConfig> = { authentication: { method: 'key', path: file } };
    value(await make(config, { prompter }).connect());
    expect(asked).toHaveLength(2);
    expect(asked[1]?.explanation).toContain('did not open');
    expect(failureCode(await make(config).connect())).toBe('cancelled');
  });

  it('authenticates by the SSH agent', async () => {
    const socket = join(sshd.folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(agent.stdout, 'data');
    try {
      const config: Partial<SshTargetConfig> = { authentication: { method: 'agent' } };
      expect(failureCode(await make(config, { agentSocket: socket }).connect())).toBe('auth-failed');
      execFileSync('ssh-add', ['-q', sshd.userKey], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      });
      value(await make(config, { agentSocket: socket }).connect());
      const without = await make(config, { agentSocket: '' }).connect();
      expect(without.ok ? '' : without.failure.message).toContain('SSH_AUTH_SOCK');
    } finally {
      agent.kill();
    }
  });
});

describe('LocalLink', () => {
  it('behaves as a link over SSH does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pyrometer-local-'));
    const link = new LocalLink();
    expect(value(await link.exec(['sh', '-c', 'cat; exit 3'], { stdin: 'in' }))).toMatchObject({
      code: 3,
      stdout: 'in',
    });
    expect(value(await link.exec(['pyrometer-no-such-program'])).code).toBe(127);
    expect(failureCode(await link.exec(['sleep', '30'], { timeoutMs: 50 }))).toBe('timeout');
    await writeFile(join(folder, 'a'), 'bytes');
    value(await link.upload(join(folder, 'a'), join(folder, 'b')));
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('bytes');
    expect(failureCode(await link.upload(join(folder, 'a'), '/dev/full'))).toBe('no-space');
    expect(failureCode(await link.open({ kind: 'unix', path: join(folder, 'none') }))).toBe('refused');
    link.dispose();
    await rm(folder, { recursive: true });
  });
});
