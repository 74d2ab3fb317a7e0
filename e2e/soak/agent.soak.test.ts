import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectAgent, type AgentConnection } from '../../src/engine/agent/agent-connection';
import { LocalLink } from '../../src/engine/link/local-link';
import { QuerierClient } from '../../src/engine/pyroscope/querier-client';
import { demoImage } from '../world/docker/image';
import { repositoryFolder, resultsFolder } from '../world/support/places';
import { waitFor } from '../world/support/wait';

/** One look at the agent. */
interface Look {
  /** Since the soak began. */
  readonly seconds: number;
  /** VmRSS, MiB. */
  readonly rssMiB: number;
  readonly descriptors: number;
}

const seconds = Number(process.env['PYROMETER_SOAK_SECONDS'] ?? '600');
const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
const link = new LocalLink();
let agent: ChildProcess;
let connection: AgentConnection;
const runDirectory = join(world.path, 'tmp/soak-run');

beforeAll(async () => {
  const program = join(
    repositoryFolder,
    `resources/agent/linux-${process.arch === 'x64' ? 'amd64' : process.arch}/pyrometer-agent`,
  );
  mkdirSync(resultsFolder, { recursive: true });
  const log = openSync(join(resultsFolder, 'soak-agent.log'), 'w');
  agent = spawn(
    program,
    [
      ...['run', '--uid', '0', '--run-dir', runDirectory, '--store', join(world.path, 'tmp/soak-store')],
      ...['--docker-host', `unix://${world.dockerSocket}`],
    ],
    { stdio: ['ignore', log, log] },
  );
  connection = await connect();
});

afterAll(async () => {
  (connection as AgentConnection | undefined)?.dispose();
  if (agent.exitCode !== null) return;
  agent.kill('SIGTERM');
  await once(agent, 'exit');
});

test(
  'containers that come and go each second are all named, and the agent grows by nothing',
  async () => {
    const began = Date.now();
    const sinceBegan = (): number => (Date.now() - began) / 1000;
    const looks: Look[] = [];
    const started: string[] = [];
    let ending: Promise<unknown>[] = [];
    while (sinceBegan() < seconds) {
      const name = `soak_${started.length}`;
      ending.push(runOnce(name));
      started.push(name);
      await sleep(1000);
      if (started.length % 10 === 0) {
        await Promise.all(ending);
        ending = [];
        looks.push({ seconds: sinceBegan(), ...lookAt(agent.pid ?? 0) });
      }
    }
    await Promise.all(ending);
    for (const { seconds: at, rssMiB, descriptors } of looks) {
      console.log(`${at.toFixed(0).padStart(5)} s  ${rssMiB.toFixed(0)} MiB  ${descriptors} descriptors`);
    }

    // The agent closes a connection that nothing was asked on for ten minutes; the app asks all the time.
    connection.dispose();
    connection = await connect();
    const querier = new QuerierClient(connection.http, 'the agent');
    const seen = await waitFor(
      'the last containers to be stored',
      async () => {
        const series = await querier.series({ startMs: began - 60_000, endMs: Date.now() + 60_000 }, ['container']);
        if (!series.ok) throw new Error(series.failure.message);
        const names = new Set(series.value.map(({ container }) => container));
        const missing = started.filter((name) => !names.has(name));
        if (missing.length > 0) throw new Error(`without a name: ${missing.join(' ')}`);
        return names.size;
      },
      { timeoutMs: 60_000, everyMs: 1000 },
    );
    console.log(`${started.length} containers came and went; ${seen} names are known`);

    const quarter = Math.floor(looks.length / 4);
    const [second, last] = [looks.slice(quarter, 2 * quarter), looks.slice(-quarter)];
    // Resident memory swings by half with the collector: what grows shows in the lowest of it.
    expect(median(last.map(({ descriptors }) => descriptors))).toBeLessThanOrEqual(
      median(second.map(({ descriptors }) => descriptors)) + 4,
    );
    expect(lowest(last)).toBeLessThan(lowest(second) * 1.1);
  },
  (seconds + 240) * 1000,
);

function connect(): Promise<AgentConnection> {
  return waitFor(
    'the agent to answer',
    async () => {
      const connected = await connectAgent(link, { socket: join(runDirectory, 'control-0.sock') });
      if (!connected.ok) throw new Error(connected.failure.message);
      return connected.value;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
}

/** A container that works for a second of CPU time, so that it is sampled on a busy machine too, and is gone. */
async function runOnce(name: string): Promise<void> {
  const container = await docker.createContainer({
    name,
    Image: demoImage,
    Cmd: ['python3', '-c', 'import time\nwhile time.process_time() < 1: pass'],
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  await container.wait();
  await container.remove();
}

function lookAt(pid: number): Omit<Look, 'seconds'> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { rssMiB: Number(kib) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

function lowest(looks: readonly Look[]): number {
  return Math.min(...looks.map(({ rssMiB }) => rssMiB));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
