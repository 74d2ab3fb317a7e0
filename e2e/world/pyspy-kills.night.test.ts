import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { Elevator } from '../../src/engine/deploy/elevate';
import { lookAt } from '../../src/engine/deploy/facts';
import { dockerOver } from '../../src/engine/docker/docker-link';
import { tarOfProgram } from '../../src/engine/docker/tar';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import { containerSubject } from '../../src/engine/pyspy/container-subject';
import { pythonContainers, type PythonContainer } from '../../src/engine/pyspy/containers';
import { hostProcesses, hostServices } from '../../src/engine/pyspy/host-processes';
import { hostLabels, hostSubject } from '../../src/engine/pyspy/host-subject';
import { findPySpy, type PySpyProgram } from '../../src/engine/pyspy/pyspy-resources';
import { sidecarLabel, type SidecarProgram } from '../../src/engine/pyspy/sidecar';
import { demoImage } from './docker/image';
import { withoutNewContainers } from './docker/refusing';
import { findProcess, killAtAnyMoment } from './kill-rounds';
import { repositoryFolder } from './support/places';
import { waitFor } from './support/wait';

// kill -9 of py-spy at any moment, 50 times in each of the ways in which it is run, on a master and two workers.

const world = inject('world');
const docker = dockerOver(new LocalLink(), { kind: 'unix', path: world.dockerSocket });
const rounds = 50;
const longestMs = 480_000;
const long = { timeout: 560_000 };
const folder = join(world.path, 'tmp', 'pyspy-kills');
const script = join(folder, 'workers.py');
const workers = `
import os
def serve():
    while True:
        sum(range(1000))
for worker in range(2):
    if os.fork() == 0:
        serve()
serve()
`;
const containers: Docker.Container[] = [];
const programs: ChildProcess[] = [];
let program: PySpyProgram;
let spy: SidecarProgram;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** A container of three processes of a user without capabilities. */
async function start(name: string): Promise<PythonContainer> {
  const container = await docker.createContainer({
    name,
    Image: demoImage,
    Cmd: ['python3', '-c', workers],
    User: '1000:1000',
    HostConfig: { NetworkMode: 'none', CapDrop: ['ALL'] },
  });
  containers.push(container);
  await container.start();
  return waitFor(
    `all processes of ${name}`,
    async () => value(await pythonContainers(docker)).find((each) => each.name === name && each.processes.length === 3),
    { timeoutMs: 20_000, everyMs: 100 },
  );
}

beforeAll(async () => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(script, workers);
  const machine = process.arch === 'x64' ? 'amd64' : process.arch;
  program = value(await findPySpy(join(repositoryFolder, 'resources'), 'linux', machine));
  spy = { archive: tarOfProgram('pyrometer-py-spy', readFileSync(program.path)), owner: 'this test' };
});

afterAll(async () => {
  for (const { pid } of programs) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  await Promise.all(containers.map((container) => container.remove({ force: true, v: true })));
});

test('in a container beside the watched one', long, async () => {
  const watched = await start('kills-sidecar');
  const result = await killAtAnyMoment({
    subject: await containerSubject(docker, watched, spy),
    watched: watched.processes.map(({ pid }) => pid),
    async spy() {
      const [running] = await docker.listContainers({ filters: { label: [sidecarLabel] } });
      const pid = running === undefined ? 0 : (await docker.getContainer(running.Id).inspect()).State.Pid;
      return pid === 0 ? undefined : pid;
    },
    rounds,
    longestMs,
  });
  console.log(`beside a container: ${result.stopped} of ${result.rounds} were found stopped`);
  expect(result.rounds).toBe(rounds);
  expect((await docker.getContainer(watched.id).inspect()).State.Running).toBe(true);
});

test('in the watched container itself', long, async () => {
  const { docker: narrow, server } = await withoutNewContainers(world);
  const watched = await start('kills-exec');
  const subject = await containerSubject(narrow, watched, spy);
  try {
    const result = await killAtAnyMoment({
      subject,
      watched: watched.processes.map(({ pid }) => pid),
      spy: () => Promise.resolve(findProcess(([first = '']) => first.startsWith('/tmp/pyrometer-py-spy-'))),
      rounds,
      longestMs,
    });
    console.log(`in a container: ${result.stopped} of ${result.rounds} were found stopped`);
    expect(result.rounds).toBe(rounds);
    expect((await docker.getContainer(watched.id).inspect()).State.Running).toBe(true);
  } finally {
    await subject.dispose?.();
    server.close();
  }
});

test('on the machine itself', long, async () => {
  const child = spawn('/usr/bin/python3', [script], { cwd: '/', stdio: 'ignore', detached: true });
  programs.push(child);
  const link = new LocalLink();
  const facts = value(await lookAt(link));
  const service = await waitFor(
    'the master and its workers',
    async () =>
      hostServices(value(await hostProcesses(link, 'Linux')), new Set()).find(
        ({ name, processes }) => name === 'workers.py' && processes.length === 3,
      ),
    { timeoutMs: 20_000, everyMs: 100 },
  );
  const [root] = service.roots;
  if (root === undefined) throw new Error('no process is the first');
  const elevator = new Elevator({ link, facts, prompter: silentPrompter, targetId: '', targetName: '' });
  const recording = { link, facts, elevator, program, taken: new Set<number>() };
  const subject = value(await hostSubject(recording, service.name, root, hostLabels(service.name, 'here')));
  try {
    const result = await killAtAnyMoment({
      subject,
      watched: service.processes.map(({ pid }) => pid),
      spy: () =>
        Promise.resolve(
          findProcess((words) => words[0]?.endsWith('/py-spy') === true && words.includes(String(root.pid))),
        ),
      rounds,
      longestMs,
    });
    console.log(`on the machine: ${result.stopped} of ${result.rounds} were found stopped`);
    expect(result.rounds).toBe(rounds);
  } finally {
    await subject.dispose?.();
  }
});
