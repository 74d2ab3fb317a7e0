import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { defaultPySpyOptions } from '../../src/contract/pyspy';
import type { Result } from '../../src/contract/result';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { tarOfProgram } from '../../src/engine/docker/tar';
import { LocalLink } from '../../src/engine/link/local-link';
import { pythonContainers, type PythonContainer } from '../../src/engine/pyspy/containers';
import { continueStopped, stoppedIn } from '../../src/engine/pyspy/continue-stopped';
import { findPySpy } from '../../src/engine/pyspy/pyspy-resources';
import { Sidecar, sidecarLabel, sidecarSettings, sweepSidecars } from '../../src/engine/pyspy/sidecar';
import { readSpeedscope } from '../../src/engine/pyspy/speedscope';
import { demoImage } from './docker/image';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// py-spy beside real containers of a real dockerd, and what it must never do to them.

const world = inject('world');
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const busy = 'def spin_for_the_test():\n  while True: sum(range(1000))\nspin_for_the_test()';
const slice = { pid: 1, seconds: 1, kind: 'time', options: defaultPySpyOptions } as const;
const started: Docker.Container[] = [];
let archive: Buffer = Buffer.alloc(0);

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
  // For a moment its first process is still the one that makes the container.
  return waitFor(
    `${name} to be among the containers with Python`,
    async () => value(await pythonContainers(docker)).find((each) => each.name === name),
    { timeoutMs: 20_000, everyMs: 100 },
  );
}

async function sidecars(): Promise<readonly string[]> {
  const ours = await docker.listContainers({ all: true, filters: { label: [sidecarLabel] } });
  return ours.map(({ Id: id }) => id);
}

async function gone(): Promise<void> {
  const look = async (): Promise<true | undefined> => ((await sidecars()).length === 0 ? true : undefined);
  await waitFor('the sidecars to be gone', look, { timeoutMs: 20_000, everyMs: 100 });
}

beforeAll(async () => {
  const program = value(
    await findPySpy(join(repositoryFolder, 'resources'), 'linux', process.arch === 'x64' ? 'amd64' : process.arch),
  );
  archive = tarOfProgram('pyrometer-py-spy', readFileSync(program.path));
});

afterAll(async () => {
  await Promise.all(started.map((container) => container.remove({ force: true, v: true })));
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
  const sidecar = value(await Sidecar.create(docker, watched, slice, archive));
  const output = value(await sidecar.run(new AbortController().signal));
  const read = value(readSpeedscope(output.profile, 1));
  expect(read.frames.map((frame) => frame.name)).toContain('spin_for_the_test');
  expect(read.stacks.every(({ pid }) => pid === 1)).toBe(true);
  await gone();
  expect(await stoppedIn(docker.getContainer(watched.id))).toEqual([]);
});

test('py-spy needs the one capability that it gets', async () => {
  const watched = await start('pyspy-no-ptrace', {}, { User: '1000:1000' });
  const settings = sidecarSettings(watched, Math.ceil(Date.now() / 1000) + 60);
  expect(settings.HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: ['SYS_PTRACE'], NetworkMode: 'none' });
  const without = { ...settings, HostConfig: { ...settings.HostConfig, CapAdd: [], AutoRemove: false } };
  const container = await docker.createContainer({ ...without, Cmd: ['dump', '--pid', '1'] });
  try {
    await container.putArchive(archive, { path: '/' });
    await container.start();
    const ended = (await container.wait()) as { StatusCode: number };
    expect(ended.StatusCode).not.toBe(0);
  } finally {
    await container.remove({ force: true, v: true });
  }
});

test('what an app that was killed left is swept when its time is over, and nothing before', async () => {
  const watched = await start('pyspy-swept');
  value(await Sidecar.create(docker, watched, slice, archive));
  expect(await sidecars()).toHaveLength(1);
  expect(value(await sweepSidecars(docker, Date.now()))).toBe(0);
  expect(value(await sweepSidecars(docker, Date.now() + 3_600_000))).toBe(1);
  await gone();
});

test('kill -9 of py-spy at any moment leaves the container running: 50 times', { timeout: 580_000 }, async () => {
  const watched = await start('pyspy-killed', {}, { User: '1000:1000' });
  const container = docker.getContainer(watched.id);
  let killed = 0;
  for (let round = 0; round < 50; round++) {
    const sidecar = value(await Sidecar.create(docker, watched, { ...slice, seconds: 30 }, archive));
    const running = sidecar.run(new AbortController().signal);
    const [id = ''] = await sidecars();
    const spy = docker.getContainer(id);
    const begun = async (): Promise<true | undefined> => ((await spy.inspect()).State.Running ? true : undefined);
    await waitFor('py-spy to run', begun, { timeoutMs: 20_000, everyMs: 5 });
    // From its first instructions on, while it reads symbols, and while it samples.
    await sleep((round * 37) % 400);
    await spy.kill({ signal: 'SIGKILL' });
    killed++;
    expect((await running).ok).toBe(false);
    await continueStopped(container, []);
    expect(await stoppedIn(container), `round ${round}`).toEqual([]);
  }
  expect(killed).toBe(50);
  expect((await container.inspect()).State.Running).toBe(true);
  await gone();
});

test('a process that was left stopped is continued, and one that was stopped before is not', async () => {
  const watched = await start('pyspy-stopped');
  const container = docker.getContainer(watched.id);
  const [process_] = watched.processes;
  process.kill(process_?.pid ?? 0, 'SIGSTOP');
  const stopped = await waitFor(
    'the stop',
    async () => {
      const pids = await stoppedIn(container);
      return pids.length > 0 ? pids : undefined;
    },
    { timeoutMs: 10_000, everyMs: 50 },
  );
  expect(await continueStopped(container, stopped)).toBe(false);
  expect(await continueStopped(container, [])).toBe(true);
  expect(await stoppedIn(container)).toEqual([]);
});
