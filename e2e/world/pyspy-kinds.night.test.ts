import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { defaultPySpyOptions, type PySpyOptions } from '../../src/contract/pyspy';
import type { Result } from '../../src/contract/result';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { tarOfProgram } from '../../src/engine/docker/tar';
import { Elevator } from '../../src/engine/deploy/elevate';
import { lookAt } from '../../src/engine/deploy/facts';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import type { SliceKind } from '../../src/engine/pyspy/arguments';
import { pidInside } from '../../src/engine/pyspy/container-pids';
import { containerSubject } from '../../src/engine/pyspy/container-subject';
import { processesIn, pythonContainers, type PythonContainer } from '../../src/engine/pyspy/containers';
import { stoppedIn } from '../../src/engine/pyspy/continue-stopped';
import { sweepExecFiles } from '../../src/engine/pyspy/exec-run';
import { findPySpy } from '../../src/engine/pyspy/pyspy-resources';
import { PythonThere } from '../../src/engine/pyspy/python-there';
import { recordSubject } from '../../src/engine/pyspy/recording';
import { sidecarLabel, type SidecarProgram } from '../../src/engine/pyspy/sidecar';
import { readSpeedscope, type ReadSlice } from '../../src/engine/pyspy/speedscope';
import type { NewWindow } from '../../src/engine/pyspy/window';
import { demoImage } from './docker/image';
import { importMuslPython } from './docker/musl-python';
import { importPython, pythonOf } from './docker/python-image';
import { refusingDocker, withoutNewContainers } from './docker/refusing';
import { repositoryFolder } from './support/places';
import { mixedThreads } from './support/mixed-threads';
import { waitFor } from './support/wait';

// Kinds of containers and of recordings, each with real py-spy on a real process.

const world = inject('world');
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const started: Docker.Container[] = [];
let spy: SidecarProgram = { archive: Buffer.alloc(0) };

const busy = 'def hold_the_lock():\n  while True: sum(range(1000))\nhold_the_lock()';
const forked = `
import os, time
def serve():
    while True:
        sum(range(1000))
def first_worker():
    serve()
def second_worker():
    serve()
for worker in (first_worker, second_worker):
    if os.fork() == 0:
        worker()
while True:
    time.sleep(1)
`;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

async function start(
  name: string,
  command: readonly string[],
  more: Docker.ContainerCreateOptions = {},
): Promise<PythonContainer> {
  const container = await docker.createContainer({
    name,
    Image: demoImage,
    Cmd: [...command],
    ...more,
    HostConfig: { NetworkMode: 'none', ...more.HostConfig },
  });
  started.push(container);
  await container.start();
  return waitFor(
    `${name} to be among the containers with Python`,
    async () => value(await pythonContainers(docker)).find((each) => each.name === name),
    { timeoutMs: 20_000, everyMs: 100 },
  );
}

/** One slice of a container. */
async function slice(
  watched: PythonContainer,
  { kind = 'time', pid, ...options }: Partial<PySpyOptions> & { kind?: SliceKind; pid?: number } = {},
  over = docker,
): Promise<ReadSlice> {
  const subject = await containerSubject(over, watched, spy, pid);
  try {
    const prepared = value(
      await subject.prepare({ pid: subject.pid, seconds: 2, kind, options: { ...defaultPySpyOptions, ...options } }),
    );
    const output = value(await prepared.run(new AbortController().signal));
    return value(readSpeedscope(output.profile, subject.pid));
  } finally {
    await subject.dispose?.();
  }
}

const names = ({ frames, stacks }: ReadSlice): readonly string[] => {
  const used = new Set(stacks.flatMap((stack) => stack.frames));
  return frames.flatMap(({ name }, index) => (used.has(index) ? [name] : []));
};

/** Files with py-spy's name that a container has and its image has not. */
async function filesOfOurs({ id }: PythonContainer): Promise<readonly string[]> {
  const changes = (await docker.getContainer(id).changes()) as { Path: string }[] | null;
  return (changes ?? []).map(({ Path: path }) => path).filter((path) => path.includes('py-spy'));
}

beforeAll(async () => {
  const machine = process.arch === 'x64' ? 'amd64' : process.arch;
  const program = value(await findPySpy(join(repositoryFolder, 'resources'), 'linux', machine));
  spy = { archive: tarOfProgram('pyrometer-py-spy', readFileSync(program.path)), owner: 'this test' };
});

afterAll(async () => {
  await Promise.all(started.map((container) => container.remove({ force: true, v: true })));
});

test.each(['3.8', '3.11', '3.12', '3.13'])('Python %s alone in an image, without a shell', async (version) => {
  const python = await pythonOf(version);
  if (python === undefined) throw new Error(`this machine has no Python ${version}`);
  const image = await importPython(docker, world.path, version, python);
  const watched = await start(`pyspy-only-${version}`, [python, '-S', '-c', busy], { Image: image });
  expect(watched.processes.map((process) => process.version)).toEqual([version]);
  const seen = await slice(watched);
  expect(names(seen)).toContain('hold_the_lock');
  expect(seen.stacks.every((stack) => stack.frames.length > 0)).toBe(true);
});

test('an interpreter that lies in a volume is read, too', async () => {
  const python = await pythonOf('3.12');
  if (python === undefined) throw new Error('this machine has no Python 3.12');
  const folder = python.slice(0, python.lastIndexOf('/bin/'));
  const watched = await start('pyspy-volume', [python, '-S', '-c', busy], {
    User: '0:0',
    HostConfig: { Binds: [`${folder}:${folder}:ro`] },
  });
  expect(names(await slice(watched))).toContain('hold_the_lock');
});

test('waiting threads, the interpreter lock and native frames show what they say', async () => {
  const watched = await start('pyspy-mixed', ['python3', '-c', mixedThreads]);
  const samplesIn = (read: ReadSlice, name: string): number => {
    const wanted = new Set(read.frames.flatMap((frame, index) => (frame.name === name ? [index] : [])));
    return read.stacks.reduce((sum, s) => (s.frames.some((f) => wanted.has(f)) ? sum + s.samples : sum), 0);
  };
  // What py-spy stopped wants to run for a moment after, waiting or not: on a busy machine that is when it looks again.
  const plain = await slice(watched, { nonblocking: true });
  expect(names(plain)).toEqual(expect.arrayContaining(['hold_the_lock', 'hash_without_lock']));
  const waiting = await slice(watched, { nonblocking: true, idle: true });
  expect(samplesIn(waiting, 'wait_for_long')).toBeGreaterThan(10 * (samplesIn(plain, 'wait_for_long') + 1));
  const lock = await slice(watched, { kind: 'gil' });
  expect(samplesIn(lock, 'hold_the_lock')).toBeGreaterThan(10 * (samplesIn(lock, 'hash_without_lock') + 1));
  if (process.arch === 'x64') {
    const native = await slice(watched, { native: true });
    expect(native.frames.some(({ file }) => /libcrypto|\.so/.test(file))).toBe(true);
    expect(names(native)).toContain('hold_the_lock');
  }
});

test('one process of a container is recorded alone, by the pid that its list has', async () => {
  const watched = await start('pyspy-forked', ['python3', '-c', forked]);
  const listed = await waitFor(
    'both workers',
    async () => {
      const found = value(await pythonContainers(docker)).find(({ name }) => name === 'pyspy-forked');
      return found?.processes.length === 3 ? found.processes : undefined;
    },
    { timeoutMs: 10_000, everyMs: 100 },
  );
  const pids: number[] = [];
  for (const { pid } of listed) pids.push(value(await pidInside(docker.getContainer(watched.id), pid)));
  expect(pids[0]).toBe(1);
  const seen = await Promise.all(pids.slice(1).map((pid) => slice(watched, { pid, subprocesses: false })));
  expect(seen.map((each) => names(each).filter((name) => name.endsWith('_worker')))).toEqual([
    ['first_worker'],
    ['second_worker'],
  ]);
  expect(names(await slice(watched))).toEqual(expect.arrayContaining(['first_worker', 'second_worker']));
  const gone = await pidInside(docker.getContainer(watched.id), 999_999);
  expect(gone).toMatchObject({ ok: false, failure: { code: 'not-found' } });
});

test('where no container may be made py-spy runs by exec, and its file is taken away', async () => {
  const { docker: narrow, server } = await withoutNewContainers(world);
  try {
    const watched = await start('pyspy-exec', ['python3', '-c', mixedThreads], {
      User: '1000:1000',
      HostConfig: { CapDrop: ['ALL'] },
    });
    const subject = await containerSubject(narrow, watched, spy);
    const ending = new AbortController();
    const windows: NewWindow[] = [];
    const recording = recordSubject(
      subject,
      defaultPySpyOptions,
      {
        onSlice: () => undefined,
        onWindow: (window) => {
          windows.push(window);
          return Promise.resolve({ ok: true, value: null });
        },
      },
      ending.signal,
    );
    const early = recording.then((failure) => {
      if (!ending.signal.aborted) throw new Error(`${failure?.message ?? 'it ended'} ${failure?.detail ?? ''}`);
    });
    await Promise.race([
      early,
      waitFor('a second window', () => (windows.length > 1 ? true : undefined), { timeoutMs: 30_000 }),
    ]);
    await sleep(1500);
    ending.abort();
    expect(await recording).toBeUndefined();
    expect(windows).toHaveLength(3);
    // Not the five seconds of a slice: py-spy was told to write what it had.
    expect((windows[2]?.endMs ?? 0) - (windows[2]?.startMs ?? 0)).toBeLessThan(4000);
    expect(windows.every(({ frames }) => frames.some(({ name }) => name === 'hold_the_lock'))).toBe(true);
    expect(await filesOfOurs(watched)).toEqual([]);
    expect(await docker.listContainers({ all: true, filters: { label: [sidecarLabel] } })).toEqual([]);

    const closed = await start('pyspy-exec-read-only', ['python3', '-c', mixedThreads], {
      HostConfig: { ReadonlyRootfs: true },
    });
    const refused = await (
      await containerSubject(narrow, closed, spy)
    ).prepare({
      pid: 1,
      seconds: 2,
      kind: 'time',
      options: defaultPySpyOptions,
    });
    expect(refused).toMatchObject({ ok: false, failure: { code: 'docker-denied' } });
    if (!refused.ok) expect(refused.failure.message).toContain('takes no file in /tmp');
  } finally {
    server.close();
  }
});

test('py-spy that an app left in a container is swept by that app alone, and ends', async () => {
  const { docker: narrow, server } = await withoutNewContainers(world);
  try {
    const watched = await start('pyspy-exec-left', ['python3', '-c', mixedThreads], { User: '1000:1000' });
    const subject = await containerSubject(narrow, watched, spy);
    const prepared = value(await subject.prepare({ pid: 1, seconds: 60, kind: 'time', options: defaultPySpyOptions }));
    const running = prepared.run(new AbortController().signal);
    const spies = async (): Promise<number> => {
      const listed = await processesIn(docker.getContainer(watched.id));
      return listed.filter(({ command }) => command.includes('py-spy')).length;
    };
    await waitFor('py-spy to run there', async () => ((await spies()) > 0 ? true : undefined), { timeoutMs: 20_000 });
    expect(await filesOfOurs(watched)).toHaveLength(1);
    expect(value(await sweepExecFiles(docker, 'somebody else'))).toBe(0);
    expect(await filesOfOurs(watched)).toHaveLength(1);
    expect(value(await sweepExecFiles(docker, 'this test'))).toBe(1);
    expect(await filesOfOurs(watched)).toEqual([]);
    await running; // Not the minute that it was to take.
    expect(await spies()).toBe(0);
    expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
    expect(value(await sweepExecFiles(docker, 'this test'))).toBe(0);
  } finally {
    server.close();
  }
});

test('more than 64 threads in a container are refused unless nothing is stopped, also where ps cannot count', async () => {
  const crowd = `
import threading, time
for _ in range(70):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
while True:
    sum(range(1000))
`;
  const watched = await start('pyspy-crowd', ['python3', '-c', crowd]);
  const container = docker.getContainer(watched.id);
  await waitFor(
    'its threads',
    async () => ((await processesIn(container)).some(({ threads = 0 }) => threads > 70) ? true : undefined),
    { timeoutMs: 10_000 },
  );
  // The ps of the small machine that Docker has on a Mac knows no threads.
  const { docker: without, server } = await refusingDocker(world, 'no-threads', 'nlwp', [
    500,
    'ps: bad -o argument: nlwp',
  ]);
  const facts = await lookAt(new LocalLink());
  try {
    for (const over of [docker, without]) {
      const there = new PythonThere({
        targetName: () => 'the test',
        link: () => new LocalLink(),
        resourcesDir: join(repositoryFolder, 'resources'),
        owner: 'this test',
      });
      there.docker = () => Promise.resolve({ ok: true, value: over });
      const ask = (nonblocking: boolean): ReturnType<PythonThere['subjects']> =>
        there.subjects(
          { service: 'pyspy-crowd', options: { ...defaultPySpyOptions, nonblocking } },
          value(facts),
          new Elevator({
            link: new LocalLink(),
            facts: value(facts),
            prompter: silentPrompter,
            targetId: '',
            targetName: '',
          }),
        );
      const refused = await ask(false);
      expect(refused).toMatchObject({ ok: false, failure: { code: 'refused' } });
      if (!refused.ok) expect(refused.failure.message).toMatch(/^A process of pyspy-crowd has 7\d threads/);
      expect(value(await ask(true)).subjects).toHaveLength(1);
    }
  } finally {
    server.close();
  }
});

test('an image with musl in the place of glibc is read, workers too', { timeout: 900_000 }, async () => {
  const { name, python } = await importMuslPython(docker);
  const watched = await start(
    'pyspy-musl',
    [python, '-S', '-c', forked.replace('import os, time', 'import posix as os, time')],
    {
      Image: name,
      User: '1000:1000',
      HostConfig: { CapDrop: ['ALL'] },
    },
  );
  expect(watched.processes[0]?.version).toBe('3.11');
  const seen = await slice(watched);
  expect(names(seen)).toEqual(expect.arrayContaining(['first_worker', 'second_worker', 'serve']));
  expect(seen.stacks.every((stack) => stack.frames.length > 0)).toBe(true);
  expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
});
