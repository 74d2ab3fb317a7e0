import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode } from '../../contract/result.js';
import type { SshTargetConfig } from '../../contract/target.js';
import { HostKeys } from './host-keys.js';
import type { Link } from './link.js';
import { silentPrompter, type Prompter, type SecretQuestion } from './prompter.js';
import type { SshOptions } from './ssh-connect.js';
import { SshLink } from './ssh-link.js';
import { accepting, failureCode, value } from './testing/results.js';
import { freePort, makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

const missing = await sshdMissing();
if (missing !== undefined) console.warn(`ssh-link tests are skipped: ${missing}`);

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

  it('says that it is not connected', async () => {
    const link = make();
    expect(failureCode(await link.exec(['true']))).toBe('not-connected');
    expect(failureCode(await link.open({ kind: 'unix', path: '/x' }))).toBe('not-connected');
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
    const result = await link.connect();
    expect(failureCode(result)).toBe('host-key-refused');
    expect(result.ok ? '' : result.failure.message).toMatch(/^The key of \S+ was not accepted\.$/);
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
