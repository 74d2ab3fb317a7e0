import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import { defaultPySpyOptions } from '../../src/contract/pyspy';
import type { Result } from '../../src/contract/result';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { EngineLink } from '../../src/engine/docker/engine-link';
import { makeCertificates } from '../../src/engine/docker/testing/certificates';
import { tarOfProgram } from '../../src/engine/docker/tar';
import { LocalLink } from '../../src/engine/link/local-link';
import { pidInside } from '../../src/engine/pyspy/container-pids';
import { containerSubject } from '../../src/engine/pyspy/container-subject';
import { mostThreadsIn } from '../../src/engine/pyspy/container-threads';
import { pythonContainers, type PythonContainer } from '../../src/engine/pyspy/containers';
import { continueStopped, stoppedBefore, stoppedIn } from '../../src/engine/pyspy/continue-stopped';
import { findPySpy } from '../../src/engine/pyspy/pyspy-resources';
import {
  Sidecar,
  sidecarLabel,
  sidecarSettings,
  sweepSidecars,
  type SidecarProgram,
} from '../../src/engine/pyspy/sidecar';
import { readSpeedscope } from '../../src/engine/pyspy/speedscope';
import { readLog } from './docker/demo';
import { demoImage } from './docker/image';
import { securedEngine } from './docker/other-machine';
import { importPython, pythonOf } from './docker/python-image';
import { killAtAnyMoment } from './kill-rounds';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// py-spy beside real containers of a real dockerd, and what it must never do to them.

const world = inject('world');
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const busy =
  'print("at work", flush=True)\ndef spin_for_the_test():\n  while True: sum(range(1000))\nspin_for_the_test()';
const slice = { pid: 1, seconds: 1, kind: 'time', options: defaultPySpyOptions } as const;
const started: Docker.Container[] = [];
let spy: SidecarProgram = { archive: Buffer.alloc(0) };

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

async function start(
  name: string,
  host: Docker.HostConfig = {},
  more: Docker.ContainerCreateOptions = {},
): Promise<PythonContainer> {
  const container = await docker.createContainer({
    name,
    Image: demoImage,
    Cmd: ['python3', '-c', busy],
    HostConfig: { NetworkMode: 'none', ...host },
    ...more,
  });
  started.push(container);
  await container.start();
  // For a moment its first process is still the one that makes the container, and then one that reads what Python is made of.
  await waitFor(
    `${name} to be at work`,
    async () => ((await readLog(docker, container)).includes('at work') ? true : undefined),
    { timeoutMs: 60_000, everyMs: 100 },
  );
  return waitFor(
    `${name} to be among the containers with Python`,
    async () => value(await pythonContainers(docker)).find((each) => each.name === name),
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

async function sidecars(): Promise<readonly string[]> {
  const ours = await docker.listContainers({ all: true, filters: { label: [sidecarLabel] } });
  return ours.map(({ Id: id }) => id);
}

async function gone(): Promise<void> {
  const look = async (): Promise<true | undefined> => ((await sidecars()).length === 0 ? true : undefined);
  await waitFor('the sidecars to be gone', look, { timeoutMs: 60_000, everyMs: 100 });
}

beforeAll(async () => {
  const program = value(
    await findPySpy(join(repositoryFolder, 'resources'), 'linux', process.arch === 'x64' ? 'amd64' : process.arch),
  );
  spy = { archive: tarOfProgram('pyrometer-py-spy', readFileSync(program.path)), owner: 'this test' };
});

/** Waits until a sidecar runs whose py-spy ends by SIGINT in order: one that has not come so far dies of it. */
async function begun(): Promise<void> {
  await waitFor(
    'py-spy to heed SIGINT',
    async () => {
      const [running] = await docker.listContainers({ filters: { label: [sidecarLabel] } });
      if (running === undefined) return undefined;
      const { State: state } = await docker.getContainer(running.Id).inspect();
      const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${state.Pid}/status`, 'utf8'))?.[1] ?? '0';
      return (BigInt(`0x${caught}`) & 2n) === 0n ? undefined : true; // SIGINT is the second
    },
    { timeoutMs: 60_000, everyMs: 20 },
  );
  await sleep(1000); // and samples
}

// A second try of a test makes its containers again, by the same names.
afterEach(async () => {
  await Promise.all(started.splice(0).map((container) => container.remove({ force: true, v: true })));
});

test.each<{ readonly name: string; readonly host?: Docker.HostConfig; readonly user?: string }>([
  { name: 'pyspy-root', user: '0:0' },
  { name: 'pyspy-uid-1000', user: '1000:1000' },
  { name: 'pyspy-read-only', host: { ReadonlyRootfs: true } },
  {
    name: 'pyspy-without-capabilities',
    host: { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
    user: '1000:1000',
  },
])('$name is read by name and leaves nothing', async ({ name, host, user }) => {
  const watched = await start(name, host, user === undefined ? {} : { User: user });
  const sidecar = value(await Sidecar.create(docker, watched, slice, spy));
  const output = value(await sidecar.run(new AbortController().signal));
  const read = value(readSpeedscope(output.profile, 1));
  expect(read.frames.map((frame) => frame.name)).toContain('spin_for_the_test');
  expect(read.stacks.every(({ pid }) => pid === 1)).toBe(true);
  await gone();
  expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
});

test('a volume that a container has without a name stays with it, and none is left of ours', async () => {
  const plain = await docker.createContainer({ Image: demoImage, Cmd: ['true'] });
  started.push(plain);
  await plain.commit({ repo: 'pyspy-volumes', changes: 'VOLUME /data' });
  const watched = await start('pyspy-volumes', {}, { Image: 'pyspy-volumes' });
  const volumes = async (): Promise<readonly string[]> => {
    const { Volumes: all } = await docker.listVolumes();
    return all.map(({ Name: name }) => name).sort();
  };
  const before = await volumes();
  const { Mounts: mounts } = await docker.getContainer(watched.id).inspect();
  expect(before).toContain(mounts[0]?.Name);
  const sidecar = value(await Sidecar.create(docker, watched, slice, spy));
  value(await sidecar.run(new AbortController().signal));
  await gone();
  expect(await volumes()).toEqual(before);
});

test('py-spy needs the one capability that it gets', async () => {
  const watched = await start('pyspy-no-ptrace', {}, { User: '1000:1000' });
  const settings = sidecarSettings(watched, Math.ceil(Date.now() / 1000) + 60);
  expect(settings.HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: ['SYS_PTRACE'], NetworkMode: 'none' });
  const without = { ...settings, HostConfig: { ...settings.HostConfig, CapAdd: [], AutoRemove: false } };
  const container = await docker.createContainer({ ...without, Cmd: ['dump', '--pid', '1'] });
  try {
    await container.putArchive(spy.archive, { path: '/' });
    await container.start();
    const ended = (await container.wait()) as { StatusCode: number };
    expect(ended.StatusCode).not.toBe(0);
  } finally {
    await container.remove({ force: true, v: true });
  }
});

test('what an app that was killed left is swept when its time is over, and nothing before', async () => {
  const watched = await start('pyspy-swept');
  value(await Sidecar.create(docker, watched, slice, spy));
  expect(await sidecars()).toHaveLength(1);
  expect(value(await sweepSidecars(docker, Date.now()))).toBe(0);
  expect(value(await sweepSidecars(docker, Date.now() + 3_600_000))).toBe(1);
  await gone();
});

test('what an app left is swept at once by that app, and what runs ends without harm', async () => {
  const watched = await start('pyspy-swept-own');
  value(await Sidecar.create(docker, watched, slice, spy));
  const running = value(await Sidecar.create(docker, watched, { ...slice, seconds: 60 }, spy));
  const ran = running.run(new AbortController().signal);
  await begun();
  expect(value(await sweepSidecars(docker, Date.now(), 'somebody else'))).toBe(0);
  expect(value(await sweepSidecars(docker, Date.now(), 'this test'))).toBe(2);
  await gone();
  expect((await ran).ok).toBe(true);
  expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
});

test('what runs beyond its time, as after a sleep, is told to end and not killed', async () => {
  const watched = await start('pyspy-late');
  const running = value(await Sidecar.create(docker, watched, { ...slice, seconds: 60 }, spy));
  const ran = running.run(new AbortController().signal);
  await begun();
  expect(value(await sweepSidecars(docker, Date.now() + 180_000))).toBe(1);
  expect((await ran).ok).toBe(true);
  await gone();
  expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
});

// 50 times, and in each way in which py-spy is run: pyspy-kills.night.test.ts.
test('kill -9 of py-spy at any moment leaves the container running', { timeout: 180_000 }, async () => {
  const watched = await start('pyspy-killed', {}, { User: '1000:1000' });
  const { rounds } = await killAtAnyMoment({
    subject: await containerSubject(docker, watched, spy),
    watched: watched.processes.map(({ pid }) => pid),
    async spy() {
      const [id] = await sidecars();
      const pid = id === undefined ? 0 : (await docker.getContainer(id).inspect()).State.Pid;
      return pid === 0 ? undefined : pid;
    },
    rounds: 8,
    longestMs: 60_000,
  });
  expect(rounds).toBeGreaterThan(0);
  expect((await docker.getContainer(watched.id).inspect()).State.Running).toBe(true);
  await gone();
});

test('a process that was left stopped is continued, and one that was stopped before is not', async () => {
  const watched = await start('pyspy-stopped');
  const container = docker.getContainer(watched.id);
  const nothing = await stoppedBefore(container);
  const [process_] = watched.processes;
  process.kill(process_?.pid ?? 0, 'SIGSTOP');
  const stopped = await waitFor(
    'the stop',
    async () => {
      const before = await stoppedBefore(container);
      return before.outside.length > 0 ? before : undefined;
    },
    { timeoutMs: 30_000, everyMs: 50 },
  );
  expect(stopped.inside).toEqual([1]);
  expect(await continueStopped(container, stopped)).toBe(false);
  expect(await continueStopped(container, nothing)).toBe(true);
  expect(await stoppedIn(container)).toEqual([]);
});

test('a container that shares the processes of its machine is recorded alone', async () => {
  const { id, processes } = await start('pyspy-of-machine', { PidMode: 'host' });
  await start('pyspy-beside');
  const watched = value(await pythonContainers(docker)).find((each) => each.id === id);
  if (watched === undefined) throw new Error('it is not listed');
  const subject = await containerSubject(docker, watched, spy);
  expect(subject.pid).toBe(processes[0]?.pid);
  expect(await pidInside(docker.getContainer(id), subject.pid)).toEqual({ ok: true, value: subject.pid });
  const prepared = value(await subject.prepare({ ...slice, pid: subject.pid }));
  const output = value(await prepared.run(new AbortController().signal));
  const { stacks } = value(readSpeedscope(output.profile, subject.pid));
  expect(new Set(stacks.map(({ pid }) => pid))).toEqual(new Set([subject.pid]));
  await gone();
});

test('an engine that is spoken to with certificates records as any other', async () => {
  const certificates = makeCertificates(join(world.path, 'tmp', 'certificates'));
  const { server, port } = await securedEngine(world, certificates.server);
  try {
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const;
    const link = new EngineLink(address, certificates.client);
    value(await link.connect());
    const secured = dockerOver(link, address);
    await start('pyspy-secured');
    const watched = value(await pythonContainers(secured)).find(({ name }) => name === 'pyspy-secured');
    if (watched === undefined) throw new Error('it is not listed');
    expect(await mostThreadsIn(secured.getContainer(watched.id), [{ pid: 1, parentPid: 0, command: '' }])).toBe(1);
    const sidecar = value(await Sidecar.create(secured, watched, slice, spy));
    const output = value(await sidecar.run(new AbortController().signal));
    const { frames } = value(readSpeedscope(output.profile, 1));
    expect(frames.map((frame) => frame.name)).toContain('spin_for_the_test');
    await gone();
  } finally {
    server.close();
  }
});

const master = 'gunicorn: master [shop]';
const forked = `
import os, threading, time
print("at work", flush=True)
def work_for_the_test():
    while True: sum(range(1000))
if os.fork() == 0:
    work_for_the_test()
for _ in range(5):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
while True:
    time.sleep(1)
`;
/** Becomes Python under the title of a server, whose program nobody can tell by it. */
const titled = (python: string): string =>
  `import os; os.execv('${python}', ['${master}', '-S', '-c', '''${forked}'''])`;

/** Containers in which no "python3" and no "python" is found. */
const unnamed: readonly {
  readonly name: string;
  readonly settings: (python: string) => Docker.ContainerCreateOptions;
}[] = [
  {
    name: 'pyspy-named-by-version',
    settings: (python) => ({
      Cmd: ['python3.12', '-S', '-c', forked],
      Env: [`PATH=${python.slice(0, python.lastIndexOf('/'))}`],
    }),
  },
  {
    name: 'pyspy-named-by-path',
    settings: (python) => ({ Cmd: [python, '-S', '-c', forked] }),
  },
  {
    name: 'pyspy-titled',
    settings: (python) => ({ Cmd: [python, '-S', '-c', titled(python)], User: '1000:1000' }),
  },
  {
    name: 'pyspy-titled-below-a-shell',
    settings: () => ({
      Image: demoImage,
      User: '0:0',
      Env: ['PATH=/only'],
      Cmd: [
        '/bin/sh',
        '-c',
        '/bin/mkdir /only; /bin/ln -s /bin/sh /only/sh; /usr/bin/python3 -S -c "$0" & wait',
        titled('/usr/bin/python3'),
      ],
    }),
  },
];

test.each(unnamed)('$name: a process is chosen, and threads are counted', async ({ name, settings }) => {
  const python = await pythonOf('3.12');
  if (python === undefined) throw new Error('this machine has no Python 3.12');
  const image = await importPython(docker, world.path, '3.12', python);
  const { id } = await start(name, { CapDrop: ['ALL'] }, { Image: image, ...settings(python) });
  const container = docker.getContainer(id);
  const watched = await waitFor(
    'its worker',
    async () => {
      const found = value(await pythonContainers(docker)).find((each) => each.id === id);
      return found?.processes.length === 2 && found.processes[0]?.threads === 6 ? found : undefined;
    },
    { timeoutMs: 20_000, everyMs: 100 },
  );
  const pids: number[] = [];
  for (const process_ of watched.processes) pids.push(value(await pidInside(container, process_.pid)));
  expect(pids.slice(0, 1)).toEqual(name.includes('below') ? [expect.any(Number)] : [1]);
  const [, worker = 0] = pids;
  const alone = { ...slice, pid: worker, options: { ...defaultPySpyOptions, subprocesses: false } };
  const sidecar = value(await Sidecar.create(docker, watched, alone, spy));
  const output = value(await sidecar.run(new AbortController().signal));
  const read = value(readSpeedscope(output.profile, worker));
  expect(read.frames.map((frame) => frame.name)).toContain('work_for_the_test');
  expect(read.stacks.every(({ pid }) => pid === worker)).toBe(true);
  // As the ps of the small machine lists them that Docker has on a Mac.
  const uncounted = watched.processes.map(({ pid, parentPid, command }) => ({ pid, parentPid, command }));
  expect(await mostThreadsIn(container, uncounted)).toBe(6);
  // What another user runs is not root's to continue where root has no capabilities.
  const [master_ = 0, worker_ = 0] = watched.processes.map((each) => each.pid);
  const nothing = await stoppedBefore(container);
  const stop = async (pid: number): Promise<void> => {
    process.kill(pid, 'SIGSTOP');
    await waitFor('the stop', async () => ((await stoppedIn(container)).includes(pid) ? true : undefined), {
      timeoutMs: 10_000,
      everyMs: 50,
    });
  };
  await stop(worker_);
  const paused = await stoppedBefore(container);
  await stop(master_);
  expect(await continueStopped(container, paused)).toBe(true);
  expect(await stoppedIn(container)).toEqual([worker_]);
  await stop(master_);
  expect(await continueStopped(container, nothing)).toBe(true);
  expect(await stoppedIn(container)).toEqual([]);
});
