import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode, Result } from '../../contract/result.js';
import { memoryPeakType } from '../../contract/pyspy.js';
import { cpuProfileType, type Selection } from '../../contract/selection.js';
import type { TargetState } from '../../contract/target.js';
import { replayMissing, startReplay, type Replay } from '../agent/testing/replay.js';
import { HostKeys } from '../link/host-keys.js';
import { silentPrompter } from '../link/prompter.js';
import { sshdMissing, startSshd, type TestSshd } from '../link/testing/sshd.js';
import { inventedWindow } from '../pyspy/testing/windows.js';
import { WindowStore } from '../pyspy/window-store.js';
import { agentSocket } from './facts.js';
import { TargetSession } from './session.js';
import { writeFakeAgent, type FakeAgentOptions } from './testing/fake-agent.js';

const missing = (await replayMissing()) ?? (await sshdMissing());
if (missing !== undefined) console.warn(`target session tests are skipped: ${missing}`);

const prompter = { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) };

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

function failureCode(result: Result<unknown>): FailureCode | 'ok' {
  return result.ok ? 'ok' : result.failure.code;
}

describe.skipIf(missing !== undefined)('TargetSession', { timeout: 60_000 }, () => {
  let replay: Replay;
  let sshd: TestSshd;
  let cache = '';
  const sessions: TargetSession[] = [];
  beforeAll(async () => {
    replay = await startReplay();
    sshd = await startSshd();
    // Fault 23: a path with blanks and a quote.
    cache = join(sshd.folder, "it's a cache");
    const bin = join(sshd.folder, 'bin');
    await mkdir(bin);
    // Where the tests do not run as root: sudo that asks nothing.
    await writeFile(
      join(bin, 'sudo'),
      '#!/bin/sh\nwhile [ "$1" != -- ] && [ "$1" != true ]; do shift; done\n[ "$1" = -- ] && shift\nexec "$@"\n',
    );
    await chmod(join(bin, 'sudo'), 0o755);
    await sshd.configure([
      `SetEnv "XDG_CACHE_HOME=${cache}" PATH=${bin}:/usr/local/bin:/usr/bin:/bin`,
      'ForceCommand echo hello from a login script; eval "$SSH_ORIGINAL_COMMAND"; s=$?; echo bye; exit $s',
    ]);
  }, 180_000);
  afterAll(async () => {
    await sshd.dispose();
    await replay.dispose();
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.dispose();
    await rm(cache, { recursive: true, force: true });
  });

  async function make(
    agent: Partial<FakeAgentOptions> = {},
    config = sshd.config,
    windowsDir?: string,
  ): Promise<{ session: TargetSession; states: TargetState[]; resourcesDir: string }> {
    const resourcesDir = await writeFakeAgent(join(sshd.folder, `resources-${Math.random()}`), {
      socket: replay.socket,
      ...agent,
    });
    const states: TargetState[] = [];
    const session = new TargetSession({
      config,
      prompter,
      hostKeys: new HostKeys(join(sshd.folder, 'own'), []),
      resourcesDir,
      runDirectory: join(sshd.folder, 'run'),
      windowsDir,
      onChange: (state) => states.push(state),
    });
    sessions.push(session);
    return { session, states, resourcesDir };
  }

  it('uploads, verifies, starts and follows an agent, and asks its store', async () => {
    const { session, states } = await make();
    value(await session.connect());
    expect(session.state.agent.state).toBe('not-installed');
    value(await session.agent.start('continuous'));
    expect(session.state.agent.state).toBe('profiling');
    const steps = states.flatMap((state) => (state.agent.step === undefined ? [] : [state.agent.step]));
    expect([...new Set(steps.map((step) => step.number))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.map((step) => step.text)).toContain('Loading the unwinder into the kernel.');

    const endMs = Date.now();
    const range = { startMs: endMs - 600_000, endMs };
    const services = value(await session.sources.services('agent', range));
    expect(services.length).toBeGreaterThan(1);
    const [first] = services;
    expect(first?.recentCores?.length).toBeGreaterThan(1);
    const selection: Selection = {
      targetId: sshd.config.id,
      source: 'agent',
      profileType: cpuProfileType,
      selector: first?.selector ?? '',
      ...range,
    };
    expect(value(await session.sources.fetch(selection)).length).toBeGreaterThan(100);
    expect(value(await session.sources.timeline('agent', selection, 15_000)).values).toHaveLength(40);
    expect(failureCode(await session.sources.fetch({ ...selection, source: 'pyroscope' }))).toBe('not-found');
  });

  it('answers what memray saw beside an agent from this computer, and everything else from the agent', async () => {
    const windowsDir = join(sshd.folder, 'windows');
    const startMs = Date.now() - 60_000;
    value(await new WindowStore(windowsDir).add({ ...inventedWindow(startMs, 'web'), profileType: memoryPeakType }));
    const { session } = await make({}, sshd.config, windowsDir);
    value(await session.connect());
    value(await session.agent.start('continuous'));
    const range = { startMs: startMs - 540_000, endMs: startMs + 60_000 };
    expect(value(await session.sources.profileTypes('agent', range))).toEqual(
      expect.arrayContaining([cpuProfileType, memoryPeakType]),
    );
    const of = (service: string): Selection => ({
      ...{ targetId: sshd.config.id, source: 'agent', profileType: memoryPeakType, ...range },
      selector: `{service_name="${service}"}`,
    });
    expect(value(await session.sources.labelSets(of('web')))[0]).toMatchObject({ service_name: 'web' });
    expect(value(await session.sources.timeline('agent', of('web'), 60_000)).unit).toBe('bytes');
    expect(value(await session.sources.fetch(of('web'))).length).toBeGreaterThan(50);
    // Nothing is here of this one: the agent is asked, who may have been pushed some.
    expect(value(await session.sources.labelSets(of('shop')))).toEqual([]);
    expect(
      failureCode(await session.pyspy.recordMemory({ service: 'web', pid: 2 ** 22 + 1, seconds: 1, install: false })),
    ).toBe('not-found');
  });

  it('lets an agent ask for debug files where that was chosen', async () => {
    const { session, resourcesDir } = await make({}, { ...sshd.config, debuginfod: 'https://debug.example/x' });
    value(await session.agent.start('continuous'));
    const calls = await readFile(join(resourcesDir, 'calls'), 'utf8');
    expect(calls).toMatch(/start --uid \d+ --upload-dir .+ --debuginfod https:\/\/debug\.example\/x\n/);
  });

  it('gives an agent the names of its target as it starts, and not when it is restarted', async () => {
    const naming = { labels: [{ name: 'env', value: "it's $HOME" }], leadingSlash: true, relabelConfigs: '- {}\n' };
    const { session, resourcesDir } = await make({}, { ...sshd.config, naming });
    value(await session.agent.start('continuous'));
    value(await session.agent.restart(true));
    const calls = (await readFile(join(resourcesDir, 'calls'), 'utf8')).split('\n');
    const given = calls.filter((line) => line.startsWith('start ')).map((line) => / --naming (.*)$/.exec(line)?.[1]);
    // The script that notes its arguments may write what stands for the end of a line as one.
    expect(
      given.map((each) => each?.startsWith(`{"version":1,"labels":[["env","it's $HOME"]],"leading_slash":true,`)),
    ).toEqual([true, undefined]);

    const long = { ...naming, relabelConfigs: '# '.repeat(60_000) };
    const { session: other } = await make({}, { ...sshd.config, naming: long });
    expect(failureCode(await other.agent.start('continuous'))).toBe('invalid-input');
  });

  it('has an agent come back after a reboot where that was chosen, and a recording never', async () => {
    const { session, resourcesDir } = await make({}, { ...sshd.config, startsAtBoot: true });
    value(await session.agent.start('continuous'));
    session.disconnect();
    value(await session.agent.start('recording'));
    const calls = (await readFile(join(resourcesDir, 'calls'), 'utf8')).split('\n');
    const starts = calls.filter((line) => line.startsWith('start '));
    expect(starts.map((line) => line.includes('--at-boot'))).toEqual([true, false]);
  });

  it('does not upload what is there, and uploads anew what was changed there', async () => {
    const { session, states, resourcesDir } = await make();
    value(await session.agent.start('recording'));
    const [version = ''] = await readdir(join(cache, 'pyrometer', 'agent'));
    const folder = join(cache, 'pyrometer', 'agent', version);
    const calls = async (): Promise<string> => readFile(join(resourcesDir, 'calls'), 'utf8');
    expect(await calls()).toMatch(
      /version\npreflight --json\nstart --uid \d+ --upload-dir \/.+\/it's a cache\/pyrometer\/agent --lease 600s --keep 86400s --holder [\w-]+ --holder-name a recording\n/,
    );
    const verified = (): number => states.filter((state) => state.agent.step?.number === 3).length;
    expect(verified()).toBe(1);
    session.disconnect();
    value(await session.agent.start('recording'));
    expect(verified()).toBe(1);
    session.disconnect();
    await writeFile(join(folder, 'pyrometer-agent'), '#!/bin/sh\nexit 1\n');
    value(await session.agent.start('recording'));
    expect(verified()).toBe(2);
    expect((await readdir(folder)).sort()).toEqual(['pyrometer-agent']);
  });

  it.each<[string, Partial<FakeAgentOptions>, FailureCode]>([
    [
      'a kernel that forbids it',
      { refusals: [{ code: 'lockdown', message: 'The kernel is locked down.' }] },
      'no-ebpf',
    ],
    ['a full disk', { refusals: [{ code: 'no_disk_space', message: 'The disk is full.' }] }, 'no-space'],
    ['an agent that fails', { startFailure: 'The unwinder could not be loaded.' }, 'agent-failed'],
    ['an agent that does not answer', { socket: '/nowhere/agent.sock' }, 'agent-not-running'],
  ])('says what is wrong with %s', async (_name, agent, code) => {
    const { session } = await make(agent);
    const started = await session.agent.start('continuous');
    expect(failureCode(started)).toBe(code);
    const said = agent.refusals?.[0]?.message ?? agent.startFailure;
    if (said !== undefined && !started.ok) expect(started.failure.message).toBe(said);
    expect(session.state.agent.state).toBe('failed');
    expect(session.state.link.state).toBe('connected');
  });

  it.skipIf(process.getuid?.() !== 0)('15: says where root may run nothing', async () => {
    const noexec =
      'for place in /opt /var/lib /var/tmp /tmp; do mount --bind $place $place && mount -o remount,bind,noexec $place || exit; done; exec "$@"';
    const closed = await startSshd([`SetEnv XDG_CACHE_HOME=${join(sshd.folder, 'other')}`], {
      host: '127.0.0.1',
      command: ['unshare', '--mount', 'sh', '-c', noexec, 'sh'],
    });
    try {
      const { session } = await make({}, closed.config);
      const started = await session.agent.start('continuous');
      expect(started.ok ? '' : started.failure.message).toBe(
        'Root may not copy the agent to /opt, /var/lib, /var/tmp or /tmp there and run it (full, read-only or mounted noexec?): make room in one of them.',
      );
      session.dispose();
    } finally {
      await closed.dispose();
    }
  });

  it('says that this copy has no agent', async () => {
    const { session } = await make();
    const without = new TargetSession({
      config: session.state.config,
      prompter,
      hostKeys: new HostKeys(join(sshd.folder, 'own'), []),
      resourcesDir: join(sshd.folder, 'none'),
      runDirectory: join(sshd.folder, 'run'),
      onChange: () => undefined,
    });
    sessions.push(without);
    expect(failureCode(await without.agent.start('continuous'))).toBe('not-found');
  });

  it('tests a connection and leaves nothing behind', async () => {
    const { session } = await make();
    const report = value(await session.test());
    expect(report.system).toMatch(/^Linux \S+ \S+$/);
    expect(report.latencyMs).toBeGreaterThan(0);
    await expect(readdir(cache)).rejects.toThrow();
  });

  it('shares an agent, and asks before it ends the recordings of others', async () => {
    const own = await startReplay();
    const [first, second] = [await make({ socket: own.socket }), await make({ socket: own.socket })];
    const { session: mine } = first;
    const { session: other } = second;
    value(await mine.agent.start('recording'));
    value(await other.agent.start('recording'));
    await expect.poll(() => mine.state.agent.heldBy).toEqual(['a recording']);
    expect(mine.state.agent).toMatchObject({ state: 'profiling', recording: true });
    expect(failureCode(await mine.agent.stop(false))).toBe('agent-in-use');
    expect(mine.state.agent).toMatchObject({ state: 'profiling', recording: true });

    value(await mine.agent.stopRecording());
    expect(mine.state.agent).toMatchObject({ state: 'profiling', recording: false });
    await expect.poll(() => other.state.agent.heldBy).toBeUndefined();
    value(await other.agent.stop(false)); // nobody else's
    expect(other.state.agent.state).toBe('stopped');
    await own.dispose();
  });

  it('ends the recordings of others when it is told to', async () => {
    const own = await startReplay();
    const { session: mine } = await make({ socket: own.socket });
    const { session: other } = await make({ socket: own.socket });
    value(await other.agent.start('recording'));
    value(await mine.agent.start('recording'));
    value(await mine.agent.stop(true));
    expect(mine.state.agent.state).toBe('stopped');
    await expect.poll(() => other.state.agent.state, { timeout: 15_000 }).toBe('stopped');
    await own.dispose();
  });

  it('restarts an agent and keeps its own recording', async () => {
    const { session, states, resourcesDir } = await make();
    expect(failureCode(await session.agent.restart(false))).toBe('agent-not-running');
    value(await session.agent.start('recording'));
    expect(session.state.agent.replacement?.running).toBe('other');
    value(await session.agent.restart(false));
    expect(await readFile(join(resourcesDir, 'calls'), 'utf8')).toMatch(
      /\nstart --uid \d+ --upload-dir .+ --replace\n/,
    );
    expect(session.state.agent).toMatchObject({ state: 'profiling', recording: true });
    expect(states.some(({ agent }) => agent.state === 'starting' && agent.recording)).toBe(true);
    await session.agent.stopRecording();
  });

  it('leaves the agent as it was where it cannot be restarted', async () => {
    const { session, resourcesDir } = await make();
    value(await session.agent.start('continuous'));
    await writeFile(join(resourcesDir, 'agent', 'manifest.json'), '{}');
    expect(failureCode(await session.agent.restart(true))).toBe('not-found');
    expect(session.state.agent.state).toBe('profiling');
  });

  it('follows the agent of before that was started again since the new one did not start', async () => {
    const own = await startReplay();
    const { session, resourcesDir } = await make({ socket: own.socket });
    value(await session.agent.start('recording'));
    const startFailure = 'The new agent does not start, and the one before, 0.1.0+old, runs again: No.';
    await writeFakeAgent(resourcesDir, { socket: own.socket, startFailure, failsLate: true });
    const restarted = session.agent.restart(true);
    await expect.poll(() => readFile(join(resourcesDir, 'calls'), 'utf8'), { timeout: 15_000 }).toContain('--replace');
    await own.dispose();
    // As agents lie below a run directory.
    const socket = agentSocket(process.getuid?.() ?? 0, join(sshd.folder, 'run'));
    await mkdir(dirname(socket), { recursive: true });
    await symlink(replay.socket, socket);
    await writeFile(join(resourcesDir, 'go'), '');
    const result = await restarted;
    expect(result.ok ? '' : result.failure.message).toBe(startFailure);
    expect(session.state.agent).toMatchObject({ state: 'profiling', recording: true });
    await session.agent.stopRecording();
    await rm(socket);
  });

  it('finds the agent again after the connection broke', async () => {
    const { session, states } = await make();
    value(await session.agent.start('recording'));
    states.length = 0;
    await sshd.restart();
    await expect.poll(() => states.some((state) => state.link.state === 'reconnecting')).toBe(true);
    await expect.poll(() => session.state.link.state, { timeout: 30_000 }).toBe('connected');
    // The fake agent's socket is not where an agent's is: it is installed, and not running.
    await expect.poll(() => session.state.agent.state, { timeout: 30_000 }).toBe('stopped');
    expect(failureCode(await session.agent.stop(false))).toBe('agent-not-running');
  });
});
