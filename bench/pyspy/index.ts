import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { end, startAgent, type BenchAgent } from '../agent/agent.js';
import { stacksOf, sumOf, type Stack } from '../agent/profile.js';
import { fixedWork } from '../agent/programs.js';
import { measureSlowdown } from '../agent/slowdown.js';
import type Docker from 'dockerode';
import { tarOfProgram } from '../../src/engine/docker/tar.js';
import { HostKeys } from '../../src/engine/link/host-keys.js';
import type { Link } from '../../src/engine/link/link.js';
import { silentPrompter } from '../../src/engine/link/prompter.js';
import { SshLink } from '../../src/engine/link/ssh-link.js';
import { startSshd } from '../../src/engine/link/testing/sshd.js';
import { runInside } from '../../src/engine/pyspy/inside.js';
import { containedWork } from './contained-work.js';
import { startBenchDocker, type BenchDocker } from './containers.js';
import { startOurs, value } from './ours.js';
import type { BenchOptions, BenchRow, Note } from '../rows.js';

/** A round takes some 5 ms. The work has to last many times as long as a recording takes to begin, which is about a second. */
const whole = { firsts: 7, pairs: 16, rounds: 2000, seconds: 60, containersMs: 25 * 60_000 };
const small = { firsts: 3, pairs: 4, rounds: 600, seconds: 15, containersMs: 3 * 60_000 };
const windowSeconds = 5;
/** py-spy by hand samples as long as our first slice does. */
const byHandSeconds = '2';

/** A recording finds a container by Docker's lists first: the work there has to last while it looks. */
const longer = 2;

const programs = join(import.meta.dirname, 'programs');
const execute = promisify(execFile);
const machine = process.arch === 'x64' ? 'amd64' : process.arch;

function resource(path: string): string {
  return join(import.meta.dirname, '../../resources', path);
}

/**
 * What recording with py-spy through the app costs and gives, on Python of this machine itself: how long until there is
 * something to see, how much it slows down, and whether its ten largest functions are the agent's. Then in containers, beside
 * them, and all of that over SSH.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  if (process.getuid?.() !== 0) throw new Error('Only root can start an agent: run this benchmark as root.');
  const scale = quick ? small : whole;
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
  await chmod(folder, 0o755); // The agent gives up its rights, and must reach its store.
  try {
    const binary = resource(`agent/linux-${machine}/pyrometer-agent`);
    return [
      await firstFlame(folder, scale.firsts, note),
      await slowdown(binary, folder, scale, note),
      await sameTop10(binary, folder, scale.seconds, note),
      ...(await inContainers(folder, scale, note)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** From Record to the first profile that could be drawn, py-spy's upload before the first time included. */
async function firstFlame(folder: string, rounds: number, note: Note): Promise<BenchRow> {
  const ours: number[] = [];
  const byHand: number[] = [];
  const spy = resource(`pyspy/linux-${machine}/py-spy`);
  for (let round = 0; round < rounds; round++) {
    await withRanked(async (pid) => {
      const beganAtMs = Date.now();
      const recording = await startOurs(folder, { service: 'ranked.py', pid });
      ours.push(((await recording.firstAtMs) - beganAtMs) / 1000);
      await recording.end();
      const handAtMs = Date.now();
      const output = join(folder, 'by-hand.svg');
      await execute(spy, ['record', '--duration', byHandSeconds, '--pid', String(pid), '--output', output]);
      byHand.push((Date.now() - handAtMs) / 1000);
    });
  }
  note(`first flame: ${ours.map((each) => each.toFixed(2)).join(', ')} s`);
  return {
    id: 'first_flame_s',
    ours: median(ours),
    unit: 's',
    peers: { 'py-spy by hand': median(byHand) },
    n: rounds,
    spread: Math.max(...ours) - Math.min(...ours),
  };
}

async function slowdown(
  binary: string,
  folder: string,
  { rounds, pairs }: { readonly rounds: number; readonly pairs: number },
  note: Note,
): Promise<BenchRow> {
  const ours = await measureSlowdown(rounds, pairs, () =>
    Promise.resolve({
      run: () => fixedWork(rounds, async (pid) => (await startOurs(folder, { service: 'fixed.py', pid })).end),
      end: () => Promise.resolve(),
    }),
  );
  note(`slowdown: ours ${ours.percent.toFixed(2)} % ±${ours.half.toFixed(2)} after ${ours.pairs} pairs`);
  const agent = await measureSlowdown(rounds, Math.min(pairs, 8), async () => {
    const running = await startAgent(binary, folder, windowSeconds);
    return { run: () => fixedWork(rounds), end: () => running.stop() };
  });
  return {
    id: 'slowdown_percent',
    ours: ours.percent,
    unit: '%',
    peers: { agent: agent.percent },
    n: ours.pairs,
    spread: ours.half,
  };
}

/** The same beside containers, by a container of ours for each slice, and all of it over a link to an sshd on loopback. */
async function inContainers(
  folder: string,
  { firsts, ...slow }: Contained & { readonly firsts: number },
  note: Note,
): Promise<readonly BenchRow[]> {
  const before = process.env['DOCKER_HOST'];
  let docker: BenchDocker;
  try {
    docker = await startBenchDocker(folder);
  } catch (error) {
    note(`containers are missing: ${String(error).slice(0, 300)}`);
    return [];
  }
  const sshd = await startSshd([`SetEnv DOCKER_HOST=unix://${docker.socketPath}`]);
  const ssh = new SshLink({
    config: sshd.config,
    prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
    hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
  });
  process.env['DOCKER_HOST'] = `unix://${docker.socketPath}`;
  try {
    value(await ssh.connect());
    const first = async (link?: Link): Promise<number> => {
      const beganAtMs = Date.now();
      const recording = await startOurs(folder, { service: 'ranked', ...(link === undefined ? {} : { link }) });
      const seconds = ((await recording.firstAtMs) - beganAtMs) / 1000;
      await recording.end();
      return seconds;
    };
    const [here, there, byHand]: [number[], number[], number[]] = [[], [], []];
    const ranked = await docker.start('ranked', 'ranked.py');
    for (let round = 0; round < firsts; round++) {
      here.push(await first());
      there.push(await first(ssh));
      byHand.push(await firstByHand(ranked));
    }
    await ranked.remove({ force: true, v: true });
    note(`first flame of a container: ${here.map((each) => each.toFixed(2)).join(', ')} s`);
    note(`the same over SSH: ${there.map((each) => each.toFixed(2)).join(', ')} s`);
    const flame = (id: string, ours: readonly number[]): BenchRow => ({
      id,
      ours: median(ours),
      unit: 's',
      peers: { 'docker exec py-spy': median(byHand) },
      n: firsts,
      spread: Math.max(...ours) - Math.min(...ours),
    });
    return [
      flame('container_first_flame_s', here),
      flame('link_container_first_flame_s', there),
      ...(await containedSlowdown(docker, ssh, folder, slow, note)),
    ];
  } finally {
    if (before === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = before;
    ssh.dispose();
    await sshd.dispose();
    await docker.end();
  }
}

interface Contained {
  readonly rounds: number;
  readonly pairs: number;
  readonly containersMs: number;
}

/** How much work in containers slows down beside a recording over SSH; no row where it cannot be measured. */
async function containedSlowdown(
  docker: BenchDocker,
  link: Link,
  folder: string,
  { rounds, pairs, containersMs }: Contained,
  note: Note,
): Promise<readonly BenchRow[]> {
  const most = rounds * longer;
  const run = (): Promise<number> =>
    containedWork(docker, most, note, async (service) => (await startOurs(folder, { service, link })).end);
  try {
    const slow = await measureSlowdown(
      most,
      pairs,
      () => Promise.resolve({ run, end: () => Promise.resolve() }),
      () => containedWork(docker, most, note),
      {
        longestMs: containersMs,
        onPairs: ({ percent, half, pairs: done }) => {
          note(
            `slowdown in containers so far: ${percent.toFixed(2)} % ±${half.toFixed(2)} after ${done} of ${pairs} pairs`,
          );
        },
      },
    );
    return [
      {
        id: 'link_container_slowdown_percent',
        ours: slow.percent,
        unit: '%',
        peers: {},
        n: slow.pairs,
        spread: slow.half,
      },
    ];
  } catch (error) {
    note(`the slowdown in containers is missing: ${String(error).slice(0, 300)}`);
    return [];
  }
}

/** What a person types: py-spy is in the container, and is run there for as long as our first slice is. */
async function firstByHand(container: Docker.Container): Promise<number> {
  const bytes = await readFile(resource(`pyspy/linux-${machine}/py-spy`));
  await container.putArchive(tarOfProgram('py-spy', bytes), { path: '/' });
  const beganAtMs = Date.now();
  const ran = await runInside(
    container,
    ['/py-spy', 'record', '--duration', byHandSeconds, '--pid', '1', '--output', '/tmp/by-hand.svg'],
    'root',
  );
  if (ran.code !== 0) throw new Error(ran.stderr.text);
  return (Date.now() - beganAtMs) / 1000;
}

/** How many of the ten functions with most samples of their own both see. */
async function sameTop10(binary: string, folder: string, seconds: number, note: Note): Promise<BenchRow> {
  const agent = await startAgent(binary, folder, windowSeconds);
  try {
    return await withRanked(async (pid) => {
      const startMs = Date.now();
      const recording = await startOurs(folder, { service: 'ranked.py', pid });
      await sleep(seconds * 1000);
      await recording.end();
      await sleep((windowSeconds + 3) * 1000); // Its last window is stored by then.
      const ours = ranking(await recording.stacks());
      const theirs = await rankingOf(agent, pid, startMs);
      note(`py-spy ${ours.join(' ')}\nagent  ${theirs.join(' ')}`);
      return {
        id: 'same_top10',
        ours: ours.filter((name) => theirs.includes(name)).length,
        unit: 'of 10',
        // What a ranking without any mistake has.
        peers: { truth: 10 },
        n: seconds,
        spread: ours.filter((name, at) => theirs[at] !== name).length,
      };
    });
  } finally {
    await agent.stop();
  }
}

async function rankingOf(agent: BenchAgent, pid: number, startMs: number): Promise<readonly string[]> {
  return ranking(await stacksOf(agent, [pid], { startMs, endMs: Date.now() }));
}

/** The ten Python functions of the program that were innermost most often; the agent sees native frames above them. */
function ranking(stacks: readonly Stack[]): readonly string[] {
  if (sumOf(stacks) === 0) throw new Error('A profiler saw nothing.');
  const own = new Map<string, number>();
  for (const { names, value } of stacks) {
    const name = names.map((each) => /ranked_\d\d/.exec(each)?.[0]).find((each) => each !== undefined);
    if (name !== undefined) own.set(name, (own.get(name) ?? 0) + value);
  }
  return [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 10)
    .map(([name]) => name);
}

async function withRanked<T>(use: (pid: number) => Promise<T>): Promise<T> {
  // "python3" may be a script that looks for the interpreter, which would be another process.
  const { stdout } = await execute('python3', ['-c', 'import sys; print(sys.executable)']);
  const child = spawn(stdout.trim(), ['-B', join(programs, 'ranked.py')], { stdio: 'ignore' });
  try {
    await sleep(500);
    return await use(child.pid ?? 0);
  } finally {
    await end(child, 'SIGINT');
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
