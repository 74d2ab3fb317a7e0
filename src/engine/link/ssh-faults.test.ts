import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { LinkState, SshTargetConfig } from '../../contract/target.js';
import { HostKeys } from './host-keys.js';
import { runScript } from './marked.js';
import { silentPrompter } from './prompter.js';
import type { SshOptions } from './ssh-connect.js';
import { SshLink } from './ssh-link.js';
import { makeKey, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';

// What goes wrong with connections, and the sentence that says so: docs/guide/troubleshooting.md lists them.

const missing = await sshdMissing();
const hasIpv6 = (await readFile('/proc/net/if_inet6', 'utf8').catch(() => '')).includes(`${'0'.repeat(31)}1 `);

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function sentence(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.message;
}

describe.skipIf(missing !== undefined)('faults of a connection', { timeout: 90_000 }, () => {
  let sshd: TestSshd;
  const links: SshLink[] = [];
  const servers: Server[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
  }, 60_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    for (const link of links.splice(0)) link.dispose();
    for (const server of servers.splice(0)) server.close();
  });

  function make(config: Partial<SshTargetConfig> = {}, options: Partial<SshOptions> = {}): SshLink {
    const link = new SshLink({
      config: { ...sshd.config, ...config },
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(sshd.folder, 'faults_known'), []),
      ...options,
    });
    links.push(link);
    return link;
  }

  function statesOf(link: SshLink): LinkState[] {
    const seen: LinkState[] = [];
    link.onState((state) => seen.push(state));
    return seen;
  }

  /** The processes of the server that carry connections, as root sees them. */
  function sessions(): number[] {
    const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((row) => row !== null)
      .map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command: command ?? '' }));
    const listener = rows.find(({ command }) => command.startsWith('sshd:') && command.includes(sshd.folder));
    const below = (parent: number): number[] =>
      rows
        .filter((row) => row.parent === parent && row.command.startsWith('sshd:'))
        .flatMap(({ pid }) => [pid, ...below(pid)]);
    return listener === undefined ? [] : below(listener.pid);
  }

  async function listening(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.resume();
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('6: too many keys of the agent', async () => {
    const strict = await startSshd(['MaxAuthTries 2']);
    const socket = join(strict.folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(agent.stdout, 'data');
    try {
      for (const name of ['one', 'two', 'three', 'four']) {
        await makeKey(join(strict.folder, name));
        execFileSync('ssh-add', ['-q', join(strict.folder, name)], {
          env: { ...process.env, SSH_AUTH_SOCK: socket },
          stdio: 'ignore',
        });
      }
      const link = make({ ...strict.config, authentication: { method: 'agent' } }, { agentSocket: socket });
      expect(sentence(await link.connect())).toBe(
        '127.0.0.1 ended the login after too many keys of the SSH agent: choose the one key file for it, or leave fewer keys in the agent.',
      );
      // The chosen key is offered first and alone.
      value(await make(strict.config, { agentSocket: socket }).connect());
    } finally {
      agent.kill();
      await strict.dispose();
    }
  });

  it('6: too many attempts with a key that the server does not know', async () => {
    const strict = await startSshd(['MaxAuthTries 1']);
    try {
      const path = join(strict.folder, 'stranger');
      await makeKey(path);
      const link = make({ ...strict.config, authentication: { method: 'key', path } });
      expect(sentence(await link.connect())).toBe(
        '127.0.0.1 ended the login after too many attempts. Check the user name and the key or password.',
      );
    } finally {
      await strict.dispose();
    }
  });

  it('7: a pause that the connection outlives is forgiven', async () => {
    const link = make();
    value(await link.connect());
    const states = statesOf(link);
    const pids = sessions();
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4000)); // asleep: more than one keepalive goes unanswered
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    expect(value(await link.exec(['echo', 'awake'])).stdout).toBe('awake\n');
    expect(states.filter(({ state }) => state !== 'connected')).toEqual([]);
  });

  it('8: the first reconnect fails and a later one succeeds', async () => {
    const link = make();
    value(await link.connect());
    const states = statesOf(link);
    await sshd.kill();
    await vi.waitFor(
      () => {
        expect(states.filter(({ state }) => state === 'reconnecting').length).toBeGreaterThanOrEqual(2);
      },
      { timeout: 30_000 },
    );
    expect(states[0]?.message).toBe('The connection to 127.0.0.1 broke; connecting again.');
    await sshd.restart();
    await vi.waitFor(
      () => {
        expect(link.state.state).toBe('connected');
      },
      { timeout: 30_000 },
    );
    expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
  });

  it('9: a silent cut is noticed, and what ran over it ends', async () => {
    const link = make();
    value(await link.connect());
    const states = statesOf(link);
    const running = link.exec(['sleep', '300'], { timeoutMs: 120_000 });
    await vi.waitFor(() => {
      expect(sessions().length).toBeGreaterThan(0);
    }, 10_000);
    const pids = sessions();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      expect(sentence(await running)).toBe('There is no connection to 127.0.0.1 now: connect first.');
      expect(states[0]).toMatchObject({ state: 'reconnecting' });
      await vi.waitFor(
        () => {
          expect(link.state.state).toBe('connected');
        },
        { timeout: 30_000 },
      );
      expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    }
  });

  it('18: a login shell that runs nothing', async () => {
    // What an account with /usr/sbin/nologin as its shell answers to every command.
    const closed = await startSshd(['ForceCommand /usr/sbin/nologin']);
    try {
      const link = make(closed.config);
      value(await link.connect());
      const ran = await runScript(link, 'echo here');
      expect(sentence(ran)).toBe(
        'The login shell there does not run commands: check that the account has a POSIX shell.',
      );
      expect(ran.ok ? '' : ran.failure.detail).toContain('not available');
    } finally {
      await closed.dispose();
    }
  });

  it('19: a server that takes no more connections', async () => {
    const full = await startSshd(['MaxStartups 1']);
    const holding = connect(full.port, '127.0.0.1');
    try {
      await once(holding, 'data'); // it speaks to us, and has room for nobody else
      // What the server says is lost when our first packet is on its way already.
      expect([
        '127.0.0.1 takes no more connections at the moment: try again later, or raise MaxStartups in its sshd_config.',
        `127.0.0.1 closed the connection on port ${full.port} before it said anything: it may take no more at the moment, or none from here.`,
      ]).toContain(sentence(await make(full.config).connect()));
    } finally {
      holding.destroy();
      await full.dispose();
    }
  });

  it.skipIf(!hasIpv6)('21: an IPv6 address, with and without brackets', async () => {
    await sshd.configure([`ListenAddress [::1]:${sshd.port}`]);
    for (const host of ['::1', '[::1]']) {
      const link = make({ host });
      value(await link.connect());
      expect(value(await link.exec(['echo', 'six'])).stdout).toBe('six\n');
    }
  });

  it('22: a name that does not resolve', async () => {
    expect(sentence(await make({ host: 'no-such-host.invalid' }).connect())).toBe(
      'There is no host "no-such-host.invalid": check the name, or whether a VPN is needed.',
    );
  });

  it('25: a server that never stops talking before it says what it is', async () => {
    const port = await listening((socket) => {
      const talk = (): void => {
        while (!socket.destroyed && socket.write('\u001b[2J<b>welcome</b>\r\n'.repeat(1000))) {
          // until its memory is full
        }
      };
      socket.on('drain', talk);
      talk();
    });
    const result = await make({ port }).connect();
    expect(sentence(result)).toBe(
      `127.0.0.1 port ${port} did not complete an SSH handshake: check that it is an SSH server's port.`,
    );
  });

  it('25: a server that is none', async () => {
    const port = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const result = await make({ port }).connect();
    expect(sentence(result)).toContain('did not complete an SSH handshake');
    expect(result.ok ? '' : result.failure.detail).toContain('HTTP/1.1 400 Bad Request');
  });

  it('19: a server that says it takes no more connections', async () => {
    const port = await listening((socket) => socket.end('Exceeded MaxStartups\r\n'));
    expect(sentence(await make({ port }).connect())).toContain('raise MaxStartups in its sshd_config.');
  });

  it('25: endless output ends a command, not the link', async () => {
    const link = make();
    value(await link.connect());
    expect(sentence(await link.exec(['yes'], { maxOutputBytes: 1_000_000 }))).toBe(
      '"yes" printed more than 1000000 bytes.',
    );
    expect(value(await link.exec(['echo', 'fine'])).stdout).toBe('fine\n');
  });
});
