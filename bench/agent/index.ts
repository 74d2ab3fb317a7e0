import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startAgent, type BenchAgent } from './agent.js';
import { measureCost, schedulerSeconds, spentOf, type Cost } from './cost.js';
import { findPeers, recordPerf, recordPySpy, rateHz, type Peers, type Recording } from './peers.js';
import { namedShare, stacksOf, sumOf } from './profile.js';
import { buildSplits, startLoad, type Load } from './programs.js';
import { startPushSink, type PushSink } from './push-sink.js';
import { measureShares } from './shares.js';
import { measureSlowdowns } from './slowdown.js';
import type { BenchOptions, BenchRow, Note } from '../rows.js';

interface Scale {
  readonly windowSeconds: number;
  readonly warmWindows: number;
  readonly costWindows: number;
  readonly peerSeconds: number;
  readonly shareSeconds: number;
  readonly workRounds: number;
  readonly pairs: number;
}

const whole: Scale = {
  ...{ windowSeconds: 15, warmWindows: 3, costWindows: 6, peerSeconds: 45 },
  ...{ shareSeconds: 90, workRounds: 250, pairs: 40 },
};
const small: Scale = {
  ...{ windowSeconds: 5, warmWindows: 1, costWindows: 2, peerSeconds: 6 },
  ...{ shareSeconds: 10, workRounds: 250, pairs: 2 },
};

const processes = 20;

/**
 * What the agent costs while 20 Python processes keep the machine busy, how true its shares are, and how much it slows down.
 * CPU time is what the kernel counts, of processes by /proc and of BPF programs by its statistics, so that other work on the
 * machine changes it only by what it gives to sample.
 */
export async function bench({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  if (process.getuid?.() !== 0) throw new Error('Only root can start an agent: run this benchmark as root.');
  const scale = quick ? small : whole;
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-bench-'));
  await chmod(folder, 0o755); // The agent gives up its rights, and must reach its store.
  try {
    const binary = join(folder, 'pyrometer-agent');
    note('builds the agent and the programs of known shares');
    await promisify(execFile)(
      'go',
      ['build', '-trimpath', '-ldflags', '-s -w', '-o', binary, './cmd/pyrometer-agent'],
      {
        cwd: join(import.meta.dirname, '../../remote-agent'),
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' },
      },
    );
    const splits = await buildSplits(folder, note);
    const peers = await findPeers(note);
    const sink = await startPushSink();
    try {
      const rows = await measureLoad(binary, folder, peers, sink, scale, note);
      const shares = await withAgent(binary, folder, scale, (agent) =>
        measureShares(agent, splits, peers, folder, {
          seconds: scale.shareSeconds,
          windowSeconds: scale.windowSeconds,
          note,
        }),
      );
      const { ours, pySpy, perf } = await measureSlowdowns(binary, peers, folder, {
        rounds: scale.workRounds,
        maxPairs: scale.pairs,
        note,
      });
      const slowdown: BenchRow = {
        id: 'slowdown_percent',
        ours: ours.percent,
        unit: '%',
        peers: { 'py-spy': pySpy?.percent ?? null, perf: perf?.percent ?? null },
        n: ours.pairs,
        spread: ours.half,
      };
      const worst = shares.reduce((a, b) => (b.ours - b.threeSigma > a.ours - a.threeSigma ? b : a));
      return [
        ...rows,
        slowdown,
        ...shares.map((each) => shareRow(`share_error_points ${each.program}`, each)),
        shareRow('share_error_points', worst),
      ];
    } finally {
      sink.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function shareRow(id: string, error: Awaited<ReturnType<typeof measureShares>>[number]): BenchRow {
  const peers = { 'py-spy': error.pySpy, perf: error.perf };
  return { id, ours: error.ours, unit: 'points', peers, n: error.samples, spread: error.threeSigma };
}

async function withAgent<T>(
  binary: string,
  folder: string,
  scale: Scale,
  use: (agent: BenchAgent) => Promise<T>,
): Promise<T> {
  const agent = await startAgent(binary, folder, scale.windowSeconds);
  try {
    return await use(agent);
  } finally {
    await agent.stop();
  }
}

/** Everything that is measured beside the twenty processes. */
async function measureLoad(
  binary: string,
  folder: string,
  peers: Peers,
  sink: PushSink,
  scale: Scale,
  note: Note,
): Promise<readonly BenchRow[]> {
  // The agent first: beside 20 busy processes its start alone takes a minute.
  const agent = await startAgent(binary, folder, scale.windowSeconds);
  const load = await startLoad(processes);
  try {
    const rows = await measureOurs(agent, load, sink, scale, note).finally(() => agent.stop());
    const spied = await costOfPeer(scale.peerSeconds, note, peers.pySpy, (program) =>
      recordPySpy(program, load.parent, join(folder, 'py-spy.txt'), { below: true }),
    );
    const recorded = await costOfPeer(scale.peerSeconds, note, peers.perf, (program) =>
      recordPerf(program, join(folder, 'perf.data')),
    );
    note(
      `peers: py-spy ${describe(spied)}; perf ${describe(recorded)}, without what it costs in the kernel and without reading the file`,
    );
    const beside = (of: (cost: Cost) => number): BenchRow['peers'] => ({
      'py-spy': spied === undefined ? null : of(spied),
      perf: recorded === undefined ? null : of(recorded),
    });
    return rows.map((row) => {
      if (row.id === 'machine_percent') return { ...row, peers: beside(machinePercent) };
      return row.id === 'rss_mb' ? { ...row, peers: beside((cost) => cost.residentMb) } : row;
    });
  } finally {
    await load.end();
  }
}

async function costOfPeer(
  seconds: number,
  note: Note,
  program: string | undefined,
  record: (program: string) => Promise<Recording>,
): Promise<Cost | undefined> {
  if (program === undefined) return undefined;
  const recording = await record(program);
  try {
    await sleep(2000);
    const cost = await measureCost(recording.pids, seconds);
    const failure = recording.failure();
    if (failure !== undefined) note(`${program} ended by itself: ${failure}`);
    return failure === undefined ? cost : undefined;
  } finally {
    await recording.end();
  }
}

async function measureOurs(
  agent: BenchAgent,
  load: Load,
  sink: PushSink,
  scale: Scale,
  note: Note,
): Promise<readonly BenchRow[]> {
  await agent.call('agent.v1.AgentService/SetPush', { url: sink.url });
  const windowMs = scale.windowSeconds * 1000;
  await sleep(scale.warmWindows * windowMs);
  const unseen = await unseenOf(agent, load, windowMs);
  if (unseen > 0) note(`${unseen} of the processes were not seen in ${patience} windows: the machine is too busy`);
  await boundary(windowMs);
  const warm = await spentOf(await agent.pids());
  note(
    `warm-up: ${warm.cpuSeconds.toFixed(2)} s of CPU in user space and kernel, ${warm.bpfSeconds.toFixed(2)} s in BPF programs`,
  );

  // From the end of a window to the end of another one, so that what was sampled and what was spent are of the same time.
  const startMs = await boundary(windowMs);
  const before = await schedulerOf(load);
  const everything = await measureCost(agent.pids, (scale.costWindows * windowMs) / 1000);
  const endMs = await boundary(windowMs);
  const after = await schedulerOf(load);
  note(`everything: ${describe(everything)}`);

  await agent.call('agent.v1.AgentService/SetSelection', { pids: load.pids });
  await boundary(windowMs);
  const chosen = await measureCost(agent.pids, (scale.costWindows * windowMs) / 2000);
  note(`the ${processes} processes alone: ${describe(chosen)}`);
  await agent.call('agent.v1.AgentService/SetSelection', { pids: [load.parent] }); // It only waits.
  const unselected = await measureCost(agent.pids, scale.windowSeconds);

  const stacks = await stacksOf(agent, load.pids, { startMs, endMs });
  const samples = Math.round((sumOf(stacks) / 1e9) * rateHz);
  const spent = after - before;
  const named = namedShare(stacks);
  note(
    `${samples} samples of the processes, ${spent.toFixed(1)} s by the scheduler; ${sink.pushed()} windows pushed; ` +
      `without a name: ${named.worst.join(', ') || 'nothing'}`,
  );
  if (sink.pushed() === 0) throw new Error('No window was pushed: the cost would be without it.');
  const row = (id: string, ours: number, unit: string, n: number, spread: number): BenchRow => {
    return { id, ours, unit, peers: {}, n, spread };
  };
  return [
    row('machine_percent', machinePercent(everything), '%', 1, 0),
    row('machine_percent chosen', machinePercent(chosen), '%', 1, 0),
    row('rss_mb', everything.residentMb, 'MB', 1, everything.residentMbMax - everything.residentMb),
    row('unselected_us', unselected.bpfMicrosecondsARun, 'us', 1, 0),
    row('symbol_coverage_percent', 100 * named.share, '%', samples, 0),
    row(
      'balance_error_percent',
      100 * Math.abs(sumOf(stacks) / 1e9 / spent - 1),
      '%',
      samples,
      300 / Math.sqrt(samples), // three standard deviations of a count
    ),
  ];
}

/** How many windows the unwinder may take to get to know all processes on a busy machine. */
const patience = 8;

/** How many processes have no sample in the last whole window, once none has or patience is over. */
async function unseenOf(agent: BenchAgent, { pids }: Load, windowMs: number): Promise<number> {
  for (let waited = 0; ; waited++) {
    await boundary(windowMs);
    await sleep(2000);
    const endMs = Math.floor(Date.now() / windowMs) * windowMs;
    const seen = await Promise.all(pids.map((pid) => stacksOf(agent, [pid], { startMs: endMs - windowMs, endMs })));
    const unseen = seen.filter((stacks) => stacks.length === 0).length;
    if (unseen === 0 || waited === patience) return unseen;
  }
}

function machinePercent({ processCores, bpfCores }: Cost): number {
  return (100 * (processCores + bpfCores)) / cpus().length;
}

async function schedulerOf({ pids }: Load): Promise<number> {
  const each = await Promise.all(pids.map(schedulerSeconds));
  return each.reduce((a, b) => a + b, 0);
}

/** Waits until a window ends; when that was, in Unix milliseconds. */
async function boundary(windowMs: number): Promise<number> {
  await sleep(windowMs - (Date.now() % windowMs));
  return Math.round(Date.now() / windowMs) * windowMs;
}

function describe(cost: Cost | undefined): string {
  if (cost === undefined) return 'missing';
  const { processCores, bpfCores, residentMb, residentMbMax, load, seconds } = cost;
  return (
    `${processCores.toFixed(4)} cores in user space and kernel, ${bpfCores.toFixed(4)} in BPF programs, ` +
    `${residentMb.toFixed(0)} MB (at most ${residentMbMax.toFixed(0)}), over ${seconds.toFixed(0)} s at load ${load.toFixed(1)}`
  );
}
