import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SshHop, SshTargetConfig } from '../../../contract/target.js';
import { AgentCarrier } from '../../deploy/carry/agent-carrier.js';
import { writeFakeAgent } from '../../deploy/testing/fake-agent.js';
import { agentMissing, buildAgent } from '../../deploy/testing/real-agent.js';
import { HostKeys } from '../host-keys.js';
import type { HostKeyQuestion, Prompter, SecretQuestion } from '../prompter.js';
import type { SshOptions } from '../ssh-connect.js';
import { SshLink } from '../ssh-link.js';
import { failureCode, reaches, sentence, value } from '../testing/results.js';
import { freePort, makeKey, sshdMissing, startSshd, type TestSshd } from '../testing/sshd.js';

// Servers and logins that the built-in SSH cannot do, against a real sshd and the machine's own ssh: by a master, and as where there
// are none, by one session.

const missing = await sshdMissing();
const noAgent = await agentMissing();

const kinds = [
  { name: 'that shares a connection', shares: true, skip: missing !== undefined },
  { name: 'with one session', shares: false, skip: missing !== undefined || noAgent !== undefined },
];

describe.each(kinds)("the system's ssh $name", { timeout: 90_000 }, ({ shares, skip: skipped }) => {
  if (skipped) {
    it.skip('is not here', () => undefined);
    return;
  }
  /** What lies on servers, and what is sent there. */
  let there = '';
  let resourcesDir = '';
  let folder = '';
  let sshd: TestSshd;
  const links: SshLink[] = [];
  const servers: TestSshd[] = [];
  let keysSeen: HostKeyQuestion[] = [];
  let asked: SecretQuestion[] = [];
  let answers: string[] = [];

  beforeAll(async () => {
    there = await mkdtemp(join(tmpdir(), 'pyrometer-there-'));
    sshd = await startSshd(cacheLines());
    if (!shares) {
      resourcesDir = await writeFakeAgent(join(there, 'resources'), { socket: '', bridges: await buildAgent(there) });
    }
  }, 120_000);
  afterAll(async () => {
    await sshd.dispose();
    await rm(there, { recursive: true });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-system-ssh-'));
    mkdirSync(join(folder, '.ssh'), { mode: 0o700 });
    mkdirSync(join(folder, 't'));
    atHome();
    [keysSeen, asked, answers] = [[], [], []];
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.dispose();
    await vi.waitFor(() => {
      expect(readdirSync(join(folder, 't'))).toEqual([]); // nothing stays
    }, 20_000);
    vi.unstubAllEnvs();
    for (const server of servers.splice(0)) await server.dispose();
    await rm(folder, { recursive: true });
  });

  /** A home of this test's own, and a folder for what is temporary, where masters and their folders are looked for. */
  function atHome(): void {
    vi.stubEnv('HOME', folder);
    vi.stubEnv('SSH_AUTH_SOCK', '');
    vi.stubEnv('TMPDIR', join(folder, 't'));
  }

  const cacheLines = (): string[] => [`SetEnv XDG_CACHE_HOME=${join(there, 'cache')}`];

  /** Servers start as they always do. */
  async function outside<T>(start: () => Promise<T>): Promise<T> {
    vi.unstubAllEnvs();
    try {
      return await start();
    } finally {
      atHome();
    }
  }

  const prompter: Prompter = {
    acceptHostKey: (question) => {
      keysSeen.push(question);
      return Promise.resolve(true);
    },
    askSecret: (question) => {
      asked.push(question);
      const answer = answers.shift();
      return Promise.resolve(answer === undefined ? null : [answer]);
    },
  };

  async function server(lines: readonly string[]): Promise<TestSshd> {
    const started = await outside(() => startSshd([...cacheLines(), ...lines]));
    servers.push(started);
    return started;
  }

  function make(config: SshTargetConfig, options: Partial<SshOptions> = {}): SshLink {
    const link = new SshLink({
      config,
      prompter,
      hostKeys: new HostKeys(join(folder, 'own', 'known_hosts'), [join(folder, '.ssh', 'known_hosts')]),
      ...(shares ? {} : { sshShares: false, carrier: new AgentCarrier({ resourcesDir }) }),
      ...options,
    });
    links.push(link);
    return link;
  }

  /** A server that goes by the system's ssh for no reason but this. */
  const forced = (config: SshTargetConfig): SshTargetConfig => ({
    ...config,
    openssh: { host: 'forced', why: 'ProxyCommand' },
  });

  async function works(link: SshLink, why: RegExp): Promise<void> {
    value(await link.connect());
    expect(link.state.message).toMatch(/^Connected by the system's ssh: /);
    expect(link.state.message).toMatch(why);
    expect(value(await link.exec(['echo', 'here'])).stdout).toBe('here\n');
  }

  function run(program: string, argv: readonly string[]): string {
    return execFileSync(program, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  const publicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const print = (file: string): string => run('ssh-keygen', ['-lf', file]).split(' ')[1] ?? '';

  function know({ port, hostKey }: TestSshd, marker = ''): void {
    appendFileSync(join(folder, '.ssh', 'known_hosts'), `${marker}[127.0.0.1]:${port} ${publicKey(hostKey)}\n`);
  }

  const hopOf = ({ host, port, user, authentication }: SshTargetConfig): SshHop => ({
    host,
    port,
    user,
    authentication,
  });

  function masters(): number[] {
    return run('ps', ['-e', '-o', 'pid=,args='])
      .split('\n')
      .filter((line) => line.includes(`ssh -F ${folder}/t/`))
      .map((line) => Number.parseInt(line, 10));
  }

  it('connects to a server that offers only post-quantum key exchange, and says so', async () => {
    const only = await server(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    await works(make(only.config), /127\.0\.0\.1 offers only key exchanges that the built-in SSH does not have\.$/);
    // The user saw the key once, and it is kept.
    expect(keysSeen).toEqual([
      {
        targetId: 'test-server',
        host: `[127.0.0.1]:${only.port}`,
        keyType: 'ssh-ed25519',
        fingerprint: print(only.hostKey),
      },
    ]);
    expect(await readFile(join(folder, 'own', 'known_hosts'), 'utf8')).toContain(
      `[127.0.0.1]:${only.port} ${publicKey(only.hostKey)}`,
    );
    await works(make(only.config), /key exchanges/);
    expect(keysSeen).toHaveLength(1);
  });

  it('connects with a certificate of the user', async () => {
    const authority = join(folder, 'ca');
    await makeKey(authority);
    const only = await server([`TrustedUserCAKeys ${authority}.pub`]);
    writeFileSync(join(only.folder, 'authorized_keys'), '');
    know(only);
    expect(failureCode(await make(only.config).connect())).toBe('auth-failed');
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', userInfo().username, `${only.userKey}.pub`]);
    await works(make(only.config), /the key has a certificate \(.*user-cert\.pub\)\.$/);
  });

  it('connects with a certificate that only the SSH agent holds', async () => {
    const authority = join(folder, 'ca');
    await makeKey(authority);
    const only = await server([`TrustedUserCAKeys ${authority}.pub`]);
    writeFileSync(join(only.folder, 'authorized_keys'), '');
    know(only);
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', userInfo().username, `${only.userKey}.pub`]);
    const socket = join(folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => {
      agent.kill();
    });
    await once(agent.stdout, 'data');
    const config: SshTargetConfig = { ...only.config, authentication: { method: 'agent', socket } };
    expect(failureCode(await make(config).connect())).toBe('auth-failed');
    execFileSync('ssh-add', ['-q', only.userKey], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    await works(make(config), /the SSH agent holds a certificate\.$/);
  });

  it('trusts a host that a certificate authority vouches for', async () => {
    const only = await server([]);
    const authority = join(folder, 'host-ca');
    await makeKey(authority);
    run('ssh-keygen', ['-q', '-s', authority, '-I', 'host', '-h', '-n', '127.0.0.1', `${only.hostKey}.pub`]);
    await outside(() => only.configure([`HostCertificate ${only.hostKey}-cert.pub`]));
    writeFileSync(
      join(folder, '.ssh', 'known_hosts'),
      `@cert-authority [127.0.0.1]:${only.port} ${publicKey(authority)}\n`,
    );
    await works(
      make(only.config),
      /a certificate authority vouches for the key of \[127\.0\.0\.1\]:\d+ \(line 1 of .*known_hosts\)\.$/,
    );
    expect(keysSeen).toEqual([]);
  });

  it('goes through the ProxyCommand of the SSH configuration', async () => {
    // Known from a file that only the configuration names.
    writeFileSync(join(folder, 'work_known_hosts'), `[127.0.0.1]:${sshd.port} ${publicKey(sshd.hostKey)}\n`);
    const ran = join(folder, 'ran');
    const proxy = join(folder, 'proxy.cjs');
    writeFileSync(
      proxy,
      `const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s); s.pipe(process.stdout);
      require('fs').writeFileSync(${JSON.stringify(ran)}, process.argv.slice(2).join(' '));`,
    );
    writeFileSync(
      join(folder, '.ssh', 'config'),
      `Host shop\n ProxyCommand ${process.execPath} ${proxy} %h %p\n StrictHostKeyChecking no\n UserKnownHostsFile ${folder}/work_known_hosts\n`,
      { mode: 0o600 },
    );
    const config: SshTargetConfig = { ...sshd.config, openssh: { host: 'shop', why: 'ProxyCommand' } };
    await works(make(config), /your SSH configuration reaches shop by a ProxyCommand\.$/);
    expect(readFileSync(ran, 'utf8')).toBe(`127.0.0.1 ${sshd.port}`);
    expect(keysSeen).toEqual([]);

    writeFileSync(join(folder, '.ssh', 'config'), 'Host shop\n ProxyCommand exit 1\n');
    expect(sentence(await make(config).connect())).toBe(
      'The ProxyCommand of shop ended without a connection to 127.0.0.1: try "ssh shop" in a terminal.',
    );
    writeFileSync(join(folder, '.ssh', 'config'), 'Bogus yes\n');
    expect(sentence(await make(config).connect())).toBe(
      'OpenSSH cannot read the settings of shop: look into ~/.ssh/config.',
    );
    execFileSync('chmod', ['666', join(folder, '.ssh', 'config')]);
    expect(sentence(await make(config).connect())).toContain('Others may write into');
  });

  it('leads over servers on the way, each with its own key and login', async () => {
    const first = await server([]);
    const target = await server(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    await works(make({ ...target.config, jumps: [hopOf(sshd.config), hopOf(first.config)] }), /key exchanges/);
    expect(new Set(keysSeen.map(({ fingerprint }) => fingerprint))).toEqual(
      new Set([sshd.hostKey, first.hostKey, target.hostKey].map(print)),
    );
    expect(keysSeen).toHaveLength(3);
    const closed = await server(['AllowTcpForwarding no']);
    const refused = await make({ ...forced(target.config), jumps: [hopOf(closed.config)] }).connect();
    expect(sentence(refused)).toBe(
      '127.0.0.1 does not forward connections to 127.0.0.1: allow it with "AllowTcpForwarding yes" in its sshd_config.',
    );
  });

  it('connects with a key of a security key', async ({ skip }) => {
    const provider = join(folder, 'security-key.so');
    const source = join(import.meta.dirname, '..', 'testing', 'security-key.c');
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-o', provider, source, '-lcrypto'], { stdio: 'ignore' });
    } catch {
      skip('no security key can be built here: a C compiler and the headers of OpenSSL are needed');
    }
    know(sshd);
    const path = join(folder, 'id_ecdsa_sk');
    run('ssh-keygen', ['-q', '-t', 'ecdsa-sk', '-w', provider, '-N', '', '-f', path]);
    appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${path}.pub`));
    // Debian's ssh talks to real devices unless it is told of another provider.
    const sshProgram = join(folder, 'ssh');
    writeFileSync(sshProgram, `#!/bin/sh\nexec ssh -o SecurityKeyProvider='${provider}' "$@"\n`, { mode: 0o755 });
    const config: SshTargetConfig = { ...sshd.config, authentication: { method: 'key', path } };
    await works(make(config, { sshProgram }), /id_ecdsa_sk belongs to a security key \(FIDO\)\.$/);
    expect(sentence(await make(config).connect())).toBe(
      'The security key that holds the key is not plugged in: plug it in and try again.',
    );
  });

  describe('asks for', () => {
    let config: SshTargetConfig;
    beforeEach(async () => {
      know(sshd);
      const path = join(folder, 'it is "mine" 100%');
      await makeKey(path, 'ed25519', 'right');
      appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${path}.pub`));
      config = forced({ ...sshd.config, authentication: { method: 'key', path } });
    });

    it('the passphrase of a key, again when it is wrong, and not again on reconnecting', async () => {
      answers = ['wrong', 'right'];
      const link = make(config);
      value(await link.connect());
      expect(asked.map(({ title, explanation }) => `${title}: ${explanation}`)).toEqual([
        expect.stringContaining('Passphrase of the key: It opens '),
        expect.stringContaining('Passphrase of the key: That passphrase did not open it.'),
      ]);
      expect(asked[0]?.explanation).toContain('it is "mine" 100% on this computer');
      const [master] = masters();
      expect(run('ps', ['e', '-p', String(master)])).not.toContain('right');
      const reconnecting = reaches(link, 'reconnecting');
      process.kill(master ?? 0, 'SIGKILL');
      await reconnecting;
      await reaches(link, 'connected');
      expect(value(await link.exec(['echo', 'back'])).stdout).toBe('back\n');
      expect(asked).toHaveLength(2);
    });

    it('the passphrase of a key, and says when none was right or given', async () => {
      answers = ['a', 'b', 'c'];
      expect(sentence(await make(config).connect())).toMatch(/^The passphrase does not open .*it is "mine" 100%\.$/);
      expect(asked).toHaveLength(3);
      expect(failureCode(await make(config).connect())).toBe('cancelled');
    });
  });

  it('refuses a key that is not accepted, has changed or is revoked, with its fingerprints', async () => {
    const nobody: Prompter = { ...prompter, acceptHostKey: () => Promise.resolve(false) };
    const refused = await make(forced(sshd.config), { prompter: nobody }).connect();
    expect(sentence(refused)).toBe(`The key of [127.0.0.1]:${sshd.port} was not accepted.`);
    expect(refused.ok ? '' : refused.failure.detail).toContain(print(sshd.hostKey));
    expect(readFileSync(join(folder, 'own', 'known_hosts'), 'utf8')).toBe('');

    const other = join(folder, 'other');
    await makeKey(other);
    const file = join(folder, '.ssh', 'known_hosts');
    writeFileSync(file, `# a comment\n[127.0.0.1]:${sshd.port} ${publicKey(other)}\n`);
    const changed = await make(forced(sshd.config)).connect();
    expect(sentence(changed)).toBe(
      `[127.0.0.1]:${sshd.port} showed another key than the one that is known: somebody may be listening in. If the ` +
        `server was set up anew, remove line 2 of ${file} and connect again.`,
    );
    const detail = changed.ok ? '' : changed.failure.detail;
    expect(detail).toContain(print(other));
    expect(detail).toContain(print(sshd.hostKey));

    writeFileSync(file, `@revoked * ${publicKey(sshd.hostKey)}\n`);
    expect(sentence(await make(forced(sshd.config)).connect())).toContain('showed a key that is marked as revoked');
    expect(keysSeen).toEqual([]);
  });

  it('says what is wrong in the words of the built-in SSH', async () => {
    know(sshd);
    const said = async (config: Partial<SshTargetConfig>, of = sshd): Promise<string> =>
      sentence(await make(forced({ ...of.config, ...config })).connect());
    expect(await said({ host: 'no-such-host.invalid' })).toBe(
      'There is no host "no-such-host.invalid": check the name, or whether a VPN is needed.',
    );
    const port = await freePort();
    expect(await said({ port })).toBe(
      `127.0.0.1 refused port ${port}: check the port, and that the SSH server is running.`,
    );
    const stranger = join(folder, 'stranger');
    await makeKey(stranger);
    expect(await said({ authentication: { method: 'key', path: stranger } })).toBe(
      `127.0.0.1 did not let "${sshd.config.user}" in: tried the key ${stranger}; it takes publickey. Check the user name and the key or password.`,
    );
    expect(await said({ authentication: { method: 'key', path: '/none' } })).toBe('The key file /none cannot be read.');
    const strict = await server(['MaxAuthTries 1']);
    know(strict);
    expect(await said({ authentication: { method: 'key', path: stranger } }, strict)).toBe(
      '127.0.0.1 ended the login after too many attempts. Check the user name and the key or password.',
    );
    const chatty = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await Promise.all([once(chatty, 'listening'), once(rude, 'listening')]);
    const portOf = (listener: typeof chatty): number => (listener.address() as { port: number }).port;
    expect(await said({ port: portOf(chatty) })).toContain('did not complete an SSH handshake');
    expect(await said({ port: portOf(rude) })).toContain('did not complete an SSH handshake');
    chatty.close();
    rude.close();
  });

  it('says where there is no ssh, or one that is too old', async () => {
    expect(sentence(await make(forced(sshd.config), { sshProgram: 'pyrometer-no-ssh' }).connect())).toBe(
      "The system's ssh is needed: your SSH configuration reaches forced by a ProxyCommand. " +
        'OpenSSH is not installed here (no "ssh" in PATH): install its client.',
    );
    const old = join(folder, 'old-ssh');
    await writeFile(old, '#!/bin/sh\necho OpenSSH_7.4p1, OpenSSL 1.0.2k-fips >&2\n', { mode: 0o755 });
    expect(sentence(await make(forced(sshd.config), { sshProgram: old }).connect())).toContain(
      'It is too old: OpenSSH 8.5 or newer is needed.',
    );
  });

  it('can be given up while it connects, and while it asks', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const given = new AbortController();
    const connecting = make(forced({ ...sshd.config, port })).connect(given.signal);
    await vi.waitFor(() => {
      expect(masters()).toHaveLength(1);
    }, 20_000);
    given.abort();
    expect(failureCode(await connecting)).toBe('cancelled');
    silent.close();
    const again = new AbortController();
    const waiting: Prompter = {
      ...prompter,
      acceptHostKey: (_question, signal) =>
        new Promise((resolve) => {
          again.abort();
          signal.addEventListener('abort', () => {
            resolve(false);
          });
        }),
    };
    expect(failureCode(await make(forced(sshd.config), { prompter: waiting }).connect(again.signal))).toBe('cancelled');
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);
  });

  it('runs what is too many for a server one after the other', async () => {
    const few = await server(['MaxSessions 2']);
    know(few);
    const link = make(forced(few.config));
    value(await link.connect());
    const numbers = Array.from({ length: 8 }, (_, index) => String(index));
    const ran = await Promise.all(
      numbers.map((number) => link.exec(['sh', '-c', 'sleep 0.1; echo "$1"', 'sh', number])),
    );
    expect(ran.map((answer) => (answer.ok ? answer.value.stdout.trim() : answer.failure.message))).toEqual(numbers);
  });

  it.runIf(shares)('names the setting of a server that forwards nothing', async () => {
    const closed = await server(['AllowTcpForwarding no']);
    know(closed);
    const link = make(forced(closed.config));
    value(await link.connect());
    expect(sentence(await link.open({ kind: 'tcp', host: '127.0.0.1', port: closed.port }))).toContain(
      'AllowTcpForwarding yes',
    );
  });

  it('notices a cut that nobody tells, and comes back', async () => {
    const only = await server([]);
    know(only);
    const link = make(forced(only.config));
    value(await link.connect());
    const beganAt = performance.now();
    const listener = run('ps', ['-e', '-o', 'pid=,args='])
      .split('\n')
      .find((line) => line.includes('sshd:') && line.includes(only.folder));
    const pids = run('ps', ['-e', '-o', 'pid=,ppid=,args='])
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent]) => parent === String(Number.parseInt(listener ?? '', 10)))
      .map(([pid]) => Number(pid));
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await reaches(link, 'reconnecting', 40_000);
    expect(performance.now() - beganAt).toBeLessThan(25_000);
    await reaches(link, 'connected', 40_000);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  });

  it('ends with the process that it belongs to, also when that is killed', { timeout: 120_000 }, async () => {
    know(sshd);
    // The folder of a process that was: swept before the next connection.
    const left = join(folder, 't', 'pyrometer-ssh-left00');
    mkdirSync(left);
    writeFileSync(join(left, 'owner'), '999999999');
    const link = make(forced(sshd.config));
    value(await link.connect());
    const pids = masters();
    expect(pids).toHaveLength(1);
    link.dispose();
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);

    const program = join(folder, 'built');
    await build({
      logLevel: 'silent',
      configFile: false,
      build: { ssr: join(import.meta.dirname, '..', 'testing', 'hold-link.ts'), outDir: program },
    });
    symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(folder, 'node_modules'));
    const holder = spawn(process.execPath, [join(program, 'hold-link.js')], {
      env: {
        ...process.env,
        LINK_CONFIG: JSON.stringify(forced(sshd.config)),
        ...(shares ? {} : { LINK_RESOURCES: resourcesDir }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(masters()).toHaveLength(1);
    holder.kill('SIGKILL');
    await vi.waitFor(() => {
      expect(masters()).toEqual([]);
    }, 20_000);
    // Nothing guards the one session: its folder goes with the next connection.
    if (!shares) value(await make(forced(sshd.config)).connect());
  });
});
