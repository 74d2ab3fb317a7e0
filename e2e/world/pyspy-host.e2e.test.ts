import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { defaultPySpyOptions, type PySpyOptions } from '../../src/contract/pyspy';
import type { Result } from '../../src/contract/result';
import { cpuProfileType } from '../../src/contract/selection';
import type { PyroscopeConfig } from '../../src/contract/target';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter, type SecretQuestion } from '../../src/engine/link/prompter';
import { startFakeDarwin } from './fake-darwin';
import type { WorldUser } from './root/users';
import type { Sshd } from './sshd';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// Python that runs on a machine itself: on a real Linux, and on a Mac that is none. There py-spy's program for macOS is
// replaced by the one for Linux, under its name: a Mach-O program cannot run here.

const world = inject('world');
const { pat, nosudo } = world.users;
const knownHosts = join(world.path, 'tmp', 'pyspy-host-known-hosts');
const python = '/usr/bin/python3';
const folder = join(world.path, 'tmp', 'pyspy-host');
const heater = join(folder, 'heater.py');
const threads = join(folder, 'threads.py');
const sessions: TargetSession[] = [];
const programs: ChildProcess[] = [];
const asked: SecretQuestion[] = [];
let mac: Sshd;
let macResources = '';

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** Resources in which the program for macOS is the one for Linux. */
function resourcesOfMac(): string {
  const real = join(repositoryFolder, 'resources/pyspy');
  const made = join(folder, 'resources');
  const kind = process.arch === 'x64' ? 'amd64' : process.arch;
  mkdirSync(join(made, 'pyspy', `darwin-${kind}`), { recursive: true });
  const program = join(real, `linux-${kind}`, 'py-spy');
  copyFileSync(program, join(made, 'pyspy', `darwin-${kind}`, 'py-spy'));
  const bytes = readFileSync(program);
  const file = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  const manifest = JSON.parse(readFileSync(join(real, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(
    join(made, 'pyspy', 'manifest.json'),
    JSON.stringify({ ...manifest, files: { ...(manifest['files'] as object), [`darwin-${kind}`]: file } }),
  );
  return made;
}

/** Runs Python as a user of the world. */
function start(user: WorldUser, argv: readonly string[], argv0?: string): number {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    uid: user.uid,
    gid: user.gid,
    cwd: '/',
    stdio: 'ignore',
    detached: true,
    ...(argv0 === undefined ? {} : { argv0 }),
  });
  programs.push(child);
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return child.pid;
}

/** Ends what was started, with the children. */
function endPrograms(): void {
  for (const { pid } of programs.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

function makeSession(
  user: WorldUser,
  server: Pick<Sshd, 'port'>,
  resourcesDir = join(repositoryFolder, 'resources'),
  pyroscope?: PyroscopeConfig,
) {
  const session = new TargetSession({
    config: {
      kind: 'ssh',
      id: `pyspy-host-${user.name}`,
      name: 'there',
      host: '127.0.0.1',
      port: server.port,
      user: user.name,
      authentication: { method: 'key', path: world.keys.ed25519 },
      ...(pyroscope === undefined ? {} : { pyroscope }),
    },
    prompter: {
      ...silentPrompter,
      askSecret: (question) => {
        asked.push(question);
        return Promise.resolve([user.password]);
      },
    },
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir,
    onChange: () => undefined,
  });
  sessions.push(session);
  return session;
}

/** Names and the sum of the first values of what a session has of a service. */
async function seen(session: TargetSession, service: string): Promise<{ names: readonly string[]; seconds: number }> {
  const bytes = value(
    await session.sources.fetch({
      targetId: 'x',
      source: 'agent',
      profileType: cpuProfileType,
      selector: `{service_name="${service}"}`,
      startMs: 0,
      endMs: Date.now() + 60_000,
    }),
  );
  const profile = Profile.decode(bytes);
  return {
    names: profile.function.map((each) => profile.stringTable.strings[Number(each.name)] ?? ''),
    seconds: profile.sample.reduce((sum, { value: values }) => sum + Number(values[0]), 0) / 1e9,
  };
}

/** Connects as a user whom sudo refuses: that is known when the agent was to start, and py-spy is taken then. */
async function withoutRights(): Promise<TargetSession> {
  const session = makeSession(nosudo, world.sshd);
  value(await session.connect());
  expect(await session.startRecording()).toMatchObject({ ok: false, failure: { code: 'no-sudo' } });
  expect(session.state.agent).toMatchObject({ state: 'stopped', engine: { kind: 'pyspy' } });
  asked.length = 0;
  return session;
}

/** Waits until there is more than so many seconds of samples, however long that takes here. */
async function sampled(session: TargetSession, service: string, seconds: number): Promise<void> {
  await waitFor(
    `${seconds} s of samples`,
    async () => ((await seen(session, service)).seconds > seconds ? true : undefined),
    { timeoutMs: 90_000, everyMs: 200 },
  );
}

async function stop(session: TargetSession): Promise<void> {
  value(await session.stopRecording());
  expect(session.state.agent).toMatchObject({ state: 'stopped' });
}

async function recordSeconds(
  session: TargetSession,
  service: string,
  seconds: number,
  options?: Partial<PySpyOptions>,
): Promise<void> {
  value(await session.startRecording({ service, options: { ...defaultPySpyOptions, ...options } }));
  await sampled(session, service, seconds);
  await stop(session);
}

/** Copies of py-spy that root made. */
const copies = (): readonly string[] =>
  ['/var/lib', '/var/tmp', '/tmp'].flatMap((place) =>
    readdirSync(place).filter((name) => name.startsWith('.pyrometer-py-spy')),
  );

async function nothingLeft(session: TargetSession): Promise<void> {
  await waitFor('root to remove its copy', () => (copies().length === 0 ? true : undefined), { timeoutMs: 30_000 });
  expect(value(await session.removeLeftovers(false))).toEqual([]);
  expect(value(await session.leftovers())).toEqual([]);
}

beforeAll(async () => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const work = 'def heat():\n    while True:\n        sum(range(1000))\n';
  writeFileSync(heater, `import os\n${work}def worker():\n    heat()\nif os.fork() == 0:\n    worker()\nheat()\n`);
  writeFileSync(
    threads,
    `import threading, time\n${work}for _ in range(70):\n    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nheat()\n`,
  );
  mac = await startFakeDarwin(world.path);
  macResources = resourcesOfMac();
  writeFileSync(knownHosts, `[127.0.0.1]:${world.sshd.port} ${world.sshd.hostPublicKey}\n`);
  appendFileSync(knownHosts, `[127.0.0.1]:${mac.port} ${mac.hostPublicKey}\n`);
  // What an earlier test left is root's, and would be in the lists of what is left.
  const cleaner = makeSession(world.users.pyro, world.sshd);
  value(await cleaner.connect());
  expect(value(await cleaner.removeLeftovers(true))).toEqual([]);
});

afterEach(() => {
  for (const session of sessions.splice(0)) session.dispose();
  endPrograms();
  asked.length = 0;
});

afterAll(() => mac.dispose());

test('a user without rights records own Python on Linux, workers below their master', async () => {
  const pid = start(nosudo, [python, heater]);
  const session = await withoutRights();
  expect(session.state.agent.engine?.why).toContain('sudo did not let "nosudo" run the agent');
  const row = await waitFor(
    'the program with its worker',
    async () => {
      const rows = value(await session.sources.services('agent', { startMs: 0, endMs: Date.now() }));
      return rows.find(({ name, processes = [] }) => name === 'heater.py' && processes.length > 1);
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
  expect(row.processes?.map(({ pid: each, parentPid }) => [each, parentPid])).toEqual([
    [pid, expect.any(Number)],
    [expect.any(Number), pid],
  ]);
  expect(row.processes?.[0]?.version).toBe('3.11');
  // Docker's socket is closed to this user, but its processes are seen: what is in containers is a machine's process, too.
  value(await session.startRecording({ service: 'heater.py', options: defaultPySpyOptions }));
  // More than the first slice of two processes has: there are two windows.
  await sampled(session, 'heater.py', 5);
  // Of a slice that is ended when it has just begun nothing may be measured.
  expect(session.state.agent.engine?.cores).toBeGreaterThan(0);
  await stop(session);
  const { names } = await seen(session, 'heater.py');
  expect(names).toContain('heat');
  expect(names).toContain('worker');
  expect(asked).toEqual([]);
  // Comparisons measure with windows.
  const selection = {
    targetId: 'x',
    source: 'agent',
    profileType: cpuProfileType,
    selector: '{service_name="heater.py"}',
    startMs: 0,
    endMs: Date.now() + 60_000,
  } as const;
  expect(value(await session.sources.windows({ selection, windowMs: 5000 }, () => undefined)).windows).toBeGreaterThan(
    1,
  );
  await nothingLeft(session);
});

test('a process of somebody else needs root, and who has none is told so', async () => {
  start(pat, [python, heater]);
  const session = await withoutRights();
  const refused = await session.startRecording({ service: 'heater.py', options: defaultPySpyOptions });
  expect(refused).toMatchObject({ ok: false, failure: { code: 'no-sudo' } });
  if (!refused.ok) expect(refused.failure.message).toMatch(/^sudo did not let "nosudo" run py-spy on 127/);
});

test('a Mac that is none: sudo asks once, and the recording goes on with a restarted program', async () => {
  start(pat, [python, heater], 'python3');
  const session = makeSession(pat, mac, macResources);
  value(await session.connect());
  expect(session.state.agent.engine?.why).toContain('macOS');
  await waitFor(
    'the program',
    async () => {
      const rows = value(await session.sources.services('agent', { startMs: 0, endMs: Date.now() }));
      return rows.some(({ name }) => name === 'heater.py') ? true : undefined;
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
  value(await session.startRecording({ service: 'heater.py', options: defaultPySpyOptions }));
  expect(asked.map(({ title }) => title)).toEqual([`sudo password of pat on 127.0.0.1`]);
  expect(asked[0]?.explanation).toContain('py-spy needs root to read');
  expect(copies()).toHaveLength(1);
  const first = await waitFor(
    'a first window',
    async () => {
      const { seconds } = await seen(session, 'heater.py');
      return seconds > 1 ? seconds : undefined;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  endPrograms();
  start(pat, [python, heater], 'python3');
  await waitFor(
    'windows of the new one',
    async () => ((await seen(session, 'heater.py')).seconds > first + 6 ? true : undefined),
    { timeoutMs: 90_000, everyMs: 200 },
  );
  value(await session.stopRecording());
  expect(asked).toHaveLength(1);
  await nothingLeft(session);
});

test('what macOS protects and what has too many threads is refused with what to do', async () => {
  start(pat, ['/usr/bin/python3', heater]);
  const session = makeSession(pat, mac, macResources);
  value(await session.connect());
  const guarded = await session.startRecording({ service: 'heater.py', options: defaultPySpyOptions });
  expect(guarded).toMatchObject({
    ok: false,
    failure: { code: 'refused', message: expect.stringMatching(/macOS protects this Python.*Homebrew/) as string },
  });
  const crowded = start(pat, [python, threads], 'python3');
  await waitFor('its threads', () => (readdirSync(`/proc/${crowded}/task`).length > 70 ? true : undefined), {
    timeoutMs: 30_000,
  });
  const many = await session.startRecording({ service: 'threads.py', options: defaultPySpyOptions });
  expect(many).toMatchObject({ ok: false, failure: { code: 'refused' } });
  if (!many.ok) expect(many.failure.message).toMatch(/threads\.py has 7\d threads/);
  await recordSeconds(session, 'threads.py', 1, { nonblocking: true });
  expect((await seen(session, 'threads.py')).names).toContain('heat');
});

// Three runs in a row that fail end a recording.
test('kill -9 of py-spy leaves the program running, and the recording goes on', async () => {
  const pid = start(nosudo, [python, heater]);
  const session = await withoutRights();
  value(await session.startRecording({ service: 'heater.py', options: defaultPySpyOptions }));
  const spies = (): readonly number[] =>
    readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/cmdline`)) return [];
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words[0]?.endsWith('/py-spy') === true && words.includes(String(pid)) ? [Number(name)] : [];
    });
  for (let round = 0; round < 2; round++) {
    const spy = await waitFor('py-spy', () => spies()[0], { timeoutMs: 30_000, everyMs: 5 });
    await sleep(round * 537);
    try {
      process.kill(spy, 'SIGKILL');
    } catch {
      round--; // this one had done its slice
      continue;
    }
    await waitFor('it to be gone', () => (spies().includes(spy) ? undefined : true), { timeoutMs: 30_000, everyMs: 5 });
    await sleep(1500);
  }
  await waitFor(
    'a window after that',
    async () => ((await seen(session, 'heater.py')).seconds > 4 ? true : undefined),
    { timeoutMs: 60_000, everyMs: 200 },
  );
  value(await session.stopRecording());
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) [RS] /);
});

test('what a Mac that is none records stands in a real Pyroscope beside the servers', async () => {
  start(pat, [python, heater], 'python3');
  const pyroscope = { url: world.pyroscopeUrl, reach: 'direct', push: true } as const;
  const session = makeSession(pat, mac, macResources, pyroscope);
  const beganAtMs = Date.now();
  value(await session.connect());
  await recordSeconds(session, 'heater.py', 5);
  const { seconds } = await seen(session, 'heater.py');
  const range = {
    profileType: cpuProfileType,
    selector: '{service_name="heater.py",host="127.0.0.1",profiler="py-spy"}',
    startMs: beganAtMs,
  };
  const pushed = await waitFor(
    'Pyroscope to have all of it',
    async () => {
      const bytes = value(
        await session.sources.fetch({ targetId: 'x', source: 'pyroscope', ...range, endMs: Date.now() + 2000 }),
      );
      const profile = Profile.decode(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
      const sum = profile.sample.reduce((total, { value: values }) => total + Number(values[0]), 0) / 1e9;
      return Math.abs(sum - seconds) < 1e-6 ? sum : undefined;
    },
    { timeoutMs: 60_000, everyMs: 300 },
  );
  expect(pushed).toBeGreaterThan(3);
});
