import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { Profile } from 'pprof-format';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { memoryLeaksType, memoryPeakType } from '../../src/contract/pyspy';
import type { Result } from '../../src/contract/result';
import { TargetSession } from '../../src/engine/deploy/session';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { HostKeys } from '../../src/engine/link/host-keys';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import { containerPlace, machinePlace } from '../../src/engine/memray/places';
import { recordMemory } from '../../src/engine/memray/record-memory';
import { pythonContainers } from '../../src/engine/pyspy/containers';
import type { NewWindow } from '../../src/engine/pyspy/window';
import { demoImage } from './docker/image';
import { importPython, pythonOf } from './docker/python-image';
import type { WorldUser } from './root/users';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// memray of the package index, a debugger of this machine (gdb 13 is refused on new processors, lldb is not), and processes that keep some memory and give other back.

const world = inject('world');
const { nosudo, pat, pyro } = world.users;
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const folder = join(world.path, 'tmp', 'memray');
const program = join(folder, 'leaker.py');
const resourcesDir = join(repositoryFolder, 'resources');
const containers: Docker.Container[] = [];
const sessions: TargetSession[] = [];
let running: ChildProcess | undefined;

const megabyte = 1e6;
/** What is given back each turn. The one that is held as memray ends is among what was not freed, all before it are not. */
const oneBlock = 61 * megabyte;
const leaker = `
import time
kept = []
def keep():
    kept.append(bytearray(1000000))
def give_back():
    block = bytearray(60000000)
    del block
while True:
    keep()
    give_back()
    time.sleep(0.1)
`;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** Bytes below a function. */
function bytesIn({ frames, stacks }: NewWindow, name: string): number {
  const wanted = new Set(frames.flatMap((frame, index) => (frame.name === name ? [index] : [])));
  return stacks.reduce((sum, stack) => (stack.frames.some((each) => wanted.has(each)) ? sum + stack.samples : sum), 0);
}

const foldersOfOurs = (): readonly string[] =>
  readdirSync('/tmp').filter((name) => name.startsWith('pyrometer-memray'));

beforeAll(() => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(program, leaker);
});

afterEach(() => {
  for (const session of sessions.splice(0)) session.dispose();
  running?.kill('SIGKILL');
  running = undefined;
});

afterAll(async () => {
  await Promise.all(containers.map((container) => container.remove({ force: true, v: true })));
});

/** A process of a user of the world's, which keeps some memory and gives other back. */
function start(user: WorldUser): number {
  // Without the home of root, which memray would look into.
  const env = { PATH: '/usr/bin:/bin' };
  running = spawn('/usr/bin/python3', [program], { uid: user.uid, gid: user.gid, cwd: '/', stdio: 'ignore', env });
  return running.pid ?? 0;
}

async function connected(user: WorldUser): Promise<TargetSession> {
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${world.sshd.port} ${world.sshd.hostPublicKey}\n`);
  const session = new TargetSession({
    config: {
      kind: 'ssh',
      id: 'memray',
      name: 'there',
      host: '127.0.0.1',
      port: world.sshd.port,
      user: user.name,
      authentication: { method: 'key', path: world.keys.ed25519 },
    },
    prompter: silentPrompter,
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir,
    onChange: () => undefined,
  });
  sessions.push(session);
  value(await session.connect());
  return session;
}

/** What was not freed of a service, by function, as the window asks for it; and its sum. */
async function leaksOf(session: TargetSession, service: string, range: { startMs: number; endMs: number }) {
  const selection = { targetId: 'x', source: 'agent', selector: `{service_name="${service}"}`, ...range } as const;
  const bytes = value(await session.sources.fetch({ ...selection, profileType: memoryLeaksType }));
  const profile = Profile.decode(bytes);
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? '';
  return {
    types: profile.sampleType.map((each) => [text(each.type), text(each.unit)]),
    names: profile.function.map(({ name }) => text(name)),
    bytes: profile.sample.reduce((total, { value: values }) => total + Number(values[0]), 0),
  };
}

test("a user's own process on a machine: refused without memray, then a profile in bytes by the usual way", async () => {
  const pid = start(nosudo);
  const session = await connected(nosudo);
  // That sudo refuses this user is known when the agent was to start; then py-spy is the engine.
  expect(await session.startRecording()).toMatchObject({ ok: false, failure: { code: 'no-sudo' } });
  const request = { service: 'leaker.py', seconds: 4 };
  const refused = await session.pyspy.recordMemory({ ...request, install: false });
  expect(refused).toMatchObject({ ok: false, failure: { code: 'not-found' } });
  if (!refused.ok) expect(refused.failure.message).toContain('memray cannot be imported');
  const beganAtMs = Date.now();
  value(await session.pyspy.recordMemory({ ...request, install: true }));

  const range = { startMs: beganAtMs - 1000, endMs: Date.now() + 1000 };
  expect(value(await session.sources.profileTypes('agent', range))).toEqual([memoryPeakType, memoryLeaksType].sort());
  const selection = { targetId: 'x', source: 'agent', selector: '{service_name="leaker.py"}', ...range } as const;
  const leaks = await leaksOf(session, 'leaker.py', range);
  expect(leaks.types).toEqual([['leaks', 'bytes']]);
  expect(leaks.names).toContain('keep');
  expect(leaks.bytes).toBeGreaterThan(5 * megabyte);
  expect(leaks.bytes).toBeLessThan(60 * megabyte + oneBlock);
  const course = value(await session.sources.timeline('agent', { ...selection, profileType: memoryPeakType }, 60_000));
  expect(course.unit).toBe('bytes');
  expect(Math.max(...course.values.filter((each) => !Number.isNaN(each)))).toBeGreaterThan(60 * megabyte);

  expect(foldersOfOurs()).toEqual([]);
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) [RS] /);
});

test("another user's process, beside an agent and by the agent's name", { timeout: 240_000 }, async () => {
  const pid = start(pat);
  const session = await connected(pyro);
  value(await session.agent.start('recording'));
  try {
    const service = await waitFor(
      'the agent to see it',
      async () => value(await session.processes(undefined)).processes.find((each) => each.pid === pid)?.service,
      { timeoutMs: 30_000, everyMs: 500 },
    );
    expect(value(await session.memoryProcesses(service)).map((each) => each.pid)).toContain(pid);
    const beganAtMs = Date.now();
    value(await session.pyspy.recordMemory({ service, pid, seconds: 4, install: true }));
    const range = { startMs: beganAtMs - 1000, endMs: Date.now() + 1000 };
    expect(value(await session.sources.profileTypes('agent', range))).toEqual(
      expect.arrayContaining([memoryPeakType, memoryLeaksType]),
    );
    const leaks = await leaksOf(session, service, range);
    expect(leaks.names).toContain('keep');
    expect(leaks.bytes).toBeGreaterThan(5 * megabyte);
    expect(foldersOfOurs()).toEqual([]);
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) [RS] /);
  } finally {
    await session.stopRecording();
  }
});

// Debian 12 and pyenv of its time have no 3.14, which needs no debugger.
test.for(['3.11', '3.12', '3.13', '3.14'])(
  'Python %s: given back is at the peak and no leak',
  async (version, { skip }) => {
    const python = await pythonOf(version);
    if (python === undefined && version === '3.14') skip('this machine has no Python 3.14');
    if (python === undefined) throw new Error(`this machine has no Python ${version}`);
    running = spawn(python, [program], { cwd: '/', stdio: 'ignore' });
    const command = `${python} ${program}`;
    const place = machinePlace(
      new LocalLink(),
      { pid: running.pid ?? 0, parentPid: 0, command },
      `this test ${version}`,
    );
    const options = {
      pid: running.pid ?? 0,
      seconds: 4,
      install: true,
      resourcesDir,
      labels: { service_name: 'leaker' },
    };
    const [peak, leaks] = value(await recordMemory(place, options));
    expect(bytesIn(peak, 'give_back')).toBeGreaterThanOrEqual(60 * megabyte);
    expect(bytesIn(leaks, 'give_back')).toBeLessThan(oneBlock);
    const kept = bytesIn(leaks, 'keep');
    expect(kept).toBeGreaterThan(5 * megabyte);
    expect(kept).toBeLessThan(60 * megabyte);
    expect(running.exitCode).toBeNull();
    expect(foldersOfOurs()).toEqual([]);
  },
);

/** Starts a container; answers its process as a place to record at. */
async function started(container: Docker.Container, name: string): Promise<ReturnType<typeof containerPlace>> {
  containers.push(container);
  await container.start();
  const found = await waitFor(
    'its process',
    async () => value(await pythonContainers(docker)).find((each) => each.name === name)?.processes[0],
    { timeoutMs: 20_000 },
  );
  return containerPlace(container, found, 1, 'this test');
}

test('a container that has a debugger, to its end, and nothing of ours stays in it', { timeout: 240_000 }, async () => {
  const name = 'memray-with-lldb';
  const container = await docker.createContainer({
    name,
    Image: demoImage,
    Cmd: ['/usr/bin/python3', '-c', leaker],
    // This machine's programs, lldb among them, in the place of the image's: both are Debian's.
    HostConfig: { NetworkMode: 'none', Binds: ['/usr:/usr:ro'] },
  });
  const place = await started(container, name);
  const [peak, leaks] = value(
    await recordMemory(place, { pid: 1, seconds: 4, install: true, resourcesDir, labels: { service_name: name } }),
  );
  expect(bytesIn(peak, 'give_back')).toBeGreaterThanOrEqual(60 * megabyte);
  expect(bytesIn(leaks, 'keep')).toBeGreaterThan(5 * megabyte);
  expect((await container.inspect()).State.Running).toBe(true);
  // Where nothing changed, what comes is "null" as bytes.
  const changes: unknown = await container.changes();
  const changed = Array.isArray(changes) ? (changes as { Path: string }[]).map(({ Path: path }) => path) : [];
  expect(changed.filter((path) => path.includes('memray') || path.includes('pyc'))).toEqual([]);
});

test('an image without gdb is told what is missing, and is left as it was', async () => {
  const python = await pythonOf('3.12');
  if (python === undefined) throw new Error('this machine has no Python 3.12');
  const image = await importPython(docker, world.path, '3.12', python);
  const name = 'memray-without-gdb';
  const container = await docker.createContainer({
    name,
    Image: image,
    Cmd: [python, '-S', '-c', leaker],
    HostConfig: { NetworkMode: 'none' },
  });
  const place = await started(container, name);
  const refused = await recordMemory(place, { pid: 1, seconds: 4, install: true, resourcesDir, labels: {} });
  expect(refused).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  if (!refused.ok) expect(refused.failure.message).toContain('needs gdb or lldb beside it');
});
