import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SshTargetConfig } from '../../../contract/target.js';
import { HostKeys } from '../../link/host-keys.js';
import { SshLink } from '../../link/ssh-link.js';
import { startCuttingProxy } from '../../link/testing/cutting-proxy.js';
import { accepting, sentence, value } from '../../link/testing/results.js';
import { sshdMissing, startSshd, type TestSshd } from '../../link/testing/sshd.js';
import { ReceiptBook } from '../receipt/receipt-book.js';
import { writeFakeAgent } from '../testing/fake-agent.js';
import { agentMissing, buildAgent } from '../testing/real-agent.js';
import { AgentCarrier } from './agent-carrier.js';

// Where the system's ssh cannot share a connection, as on Windows: one process with one session, over which the agent is sent that then
// carries all others. Against a real sshd, which notes each session.

const missing = (await sshdMissing()) ?? (await agentMissing());

describe.skipIf(missing !== undefined)('one session that carries all others', { timeout: 120_000 }, () => {
  let sshd: TestSshd;
  let program = '';
  let resourcesDir = '';
  let book: ReceiptBook;
  const links: SshLink[] = [];

  beforeAll(async () => {
    sshd = await startSshd();
    program = await buildAgent(sshd.folder);
    resourcesDir = await writeFakeAgent(join(sshd.folder, 'resources'), { socket: '', bridges: program });
    await there();
  }, 120_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    for (const link of links.splice(0)) link.dispose();
    rmSync(cache(), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    rmSync(noted(), { force: true });
  });

  const cache = (): string => join(sshd.folder, "it's a cache");
  const noted = (): string => join(sshd.folder, 'sessions');

  /** How the server runs what it is asked for: it notes each session and is as noisy as some login scripts. */
  async function there(cacheFolder = cache(), program = 'sh'): Promise<void> {
    const script = join(sshd.folder, 'run');
    writeFileSync(
      script,
      `#!/bin/sh\necho session >> '${noted()}'\necho 'Welcome!'; echo noise >&2\n` +
        `export XDG_CACHE_HOME="${cacheFolder}"\nexec ${program} -c "$SSH_ORIGINAL_COMMAND"\n`,
      { mode: 0o755 },
    );
    const line = `ForceCommand ${script}`;
    if (!readFileSync(join(sshd.folder, 'sshd_config'), 'utf8').includes(line)) await sshd.configure([line]);
  }

  function make(config: Partial<SshTargetConfig> = {}): SshLink {
    book = new ReceiptBook();
    const link = new SshLink({
      config: { ...sshd.config, openssh: { host: 'forced', why: 'ProxyCommand' }, ...config },
      prompter: accepting,
      hostKeys: new HostKeys(join(sshd.folder, `known-${config.port ?? 0}`), []),
      sshShares: false,
      carrier: new AgentCarrier({ resourcesDir, book }),
    });
    links.push(link);
    return link;
  }

  /** What lies in the folder of agents, with its SHA-256. */
  function installed(): Record<string, string> {
    const agents = join(cache(), 'pyrometer', 'agent');
    if (!existsSync(agents)) return {};
    return Object.fromEntries(
      readdirSync(agents, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => [
          each.name,
          createHash('sha256')
            .update(readFileSync(join(each.parentPath, each.name)))
            .digest('hex'),
        ]),
    );
  }
  const whole = (): Record<string, string> => ({
    'pyrometer-agent': createHash('sha256')
      .update(readFileSync(join(resourcesDir, 'agent', 'linux-amd64', 'pyrometer-agent')))
      .digest('hex'),
  });
  const sessions = (): number => readFileSync(noted(), 'utf8').trim().split('\n').length;

  it('needs one session for commands, streams and files, and sends the agent once', async () => {
    const link = make();
    value(await link.connect());
    expect(link.state.latencyMs).toBeTypeOf('number');
    const numbers = Array.from({ length: 30 }, (_, index) => String(index));
    const ran = await Promise.all(numbers.map((number) => link.exec(['echo', number])));
    expect(ran.map((each) => value(each).stdout.trim())).toEqual(numbers);
    const listener = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const stream = value(
      await link.open({ kind: 'tcp', host: '127.0.0.1', port: (listener.address() as AddressInfo).port }),
    );
    expect(String((await once(stream, 'data'))[0])).toBe('hello');
    const to = join(sshd.folder, 'sent');
    value(await link.upload(program, to, { compressed: true }));
    expect(readFileSync(to).equals(readFileSync(program))).toBe(true);
    expect(sessions()).toBe(1);
    expect(installed()).toEqual(whole());
    const entries = book.receipt('web').entries.map(({ kind, outcome }) => [kind, outcome]);
    expect(entries).toEqual([
      ['ran', 'carries the connection'],
      ['wrote', 'written'],
    ]);
    // By hand it changes nothing.
    const [carried] = book.receipt('web').entries;
    expect(execFileSync('sh', ['-c', carried?.command ?? 'false'], { encoding: 'utf8' })).toContain('\nready\n');

    const again = make();
    value(await again.connect());
    expect(value(await again.exec(['echo', 'here'])).stdout).toBe('here\n');
    expect(book.receipt('web').entries.map(({ kind }) => kind)).toEqual(['ran']);
  });

  it('runs commands as the server would, with its umask, folder and environment', async () => {
    const link = make();
    value(await link.connect());
    const direct = execFileSync(
      'ssh',
      [
        ...['-F', 'none', '-p', String(sshd.port), '-i', sshd.userKey, '-o', 'StrictHostKeyChecking=no'],
        ...['-o', `UserKnownHostsFile=${join(sshd.folder, 'direct')}`, '-o', 'BatchMode=yes', '--', '127.0.0.1'],
        'umask; pwd; echo $HOME $PATH $XDG_CACHE_HOME ${LC_ALL-none}',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const over = value(
      await link.exec(['sh', '-c', 'umask; pwd; echo $HOME $PATH $XDG_CACHE_HOME ${LC_ALL-none}']),
    ).stdout;
    expect(`Welcome!\n${over}`).toBe(direct);
  });

  it('sends it anew where what lies there was changed', async () => {
    value(await make().connect());
    const path = join(cache(), 'pyrometer', 'agent', readdirSync(join(cache(), 'pyrometer', 'agent'))[0] ?? '');
    writeFileSync(join(path, 'pyrometer-agent'), '#!/bin/sh\necho no agent\n');
    value(await make().connect());
    expect(installed()).toEqual(whole());
  });

  it('has put the whole agent there or nothing, whichever packet fails', { timeout: 300_000 }, async () => {
    const proxy = await startCuttingProxy(sshd.port);
    onTestFinished(() => {
      proxy.close();
    });
    const { port } = proxy;
    value(await make({ port }).connect()); // whose key is known then
    for (const link of links.splice(0)) link.dispose();
    let step = 10; // the login of ssh itself is not ours
    for (; ; step++) {
      rmSync(cache(), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      proxy.passing = step;
      const link = make({ port });
      const result = await link.connect();
      if (!result.ok) expect(result.failure.message, `step ${step}`).not.toBe('');
      await expect.poll(() => [{}, whole()], { timeout: 10_000 }).toContainEqual(installed());
      link.dispose();
      if (result.ok && proxy.passing > 0) break;
    }
    expect(step).toBeGreaterThan(15);
  });

  it('takes another folder where no program may run, and says where there is none', async ({ skip }) => {
    const noexec = join(sshd.folder, 'noexec');
    writeFileSync(
      noexec,
      '#!/bin/sh\nfor at in $NOEXEC; do mount -t tmpfs -o noexec none "$at" || exit; done\nexec sh "$@"\n',
      { mode: 0o755 },
    );
    const place = join(sshd.folder, 'place');
    mkdirSync(place);
    const within = (...folders: string[]): string => `env NOEXEC='${folders.join(' ')}' unshare -m ${noexec}`;
    try {
      execFileSync('sh', ['-c', `${within(place)} -c :`], { stdio: 'ignore' });
    } catch {
      skip('nothing may be mounted here');
    }
    onTestFinished(() => there());
    await there(place, within(place, '/var/tmp'));
    expect(sentence(await make().connect())).toBe(
      "The system's ssh cannot share a connection here, and the agent, which carries it then, cannot be run there: " +
        `no program may run in ${place}, /var/tmp/pyrometer-${process.getuid?.() ?? 0} (mounted noexec, read-only or full?).`,
    );
    await there(place, within(place));
    const spare = `/var/tmp/pyrometer-${process.getuid?.() ?? 0}`;
    const before = existsSync(spare);
    const link = make();
    value(await link.connect());
    expect(value(await link.exec(['ls', '-A', place])).stdout).toBe('');
    const [agent = ''] = readdirSync(join(spare, 'pyrometer', 'agent')).filter((name) => name.includes('fake'));
    expect(agent).not.toBe('');
    rmSync(before ? join(spare, 'pyrometer', 'agent', agent) : spare, { recursive: true });
  });

  it('tells of a login that runs nothing, and of another system than Linux', async () => {
    await there(cache(), 'true');
    expect(sentence(await make().connect())).toBe(
      'The login shell there does not run commands: check that the account has a POSIX shell.',
    );
    const bin = join(sshd.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'uname'), '#!/bin/sh\necho Darwin\n', { mode: 0o755 });
    await there(cache(), `env PATH=${bin}:/usr/bin:/bin sh`);
    onTestFinished(() => there());
    expect(sentence(await make().connect())).toBe(
      "The system's ssh cannot share a connection here, and the agent, which carries it then, does not run on Darwin.",
    );
  });
});
