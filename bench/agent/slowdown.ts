import { join } from 'node:path';
import { studentQuantile } from '../../src/core/compare/distributions.js';
import { startAgent, type BenchAgent } from './agent.js';
import { recordPerf, recordPySpy, type Peers } from './peers.js';
import { fixedWork, startSlices } from './programs.js';

/** How much more CPU time fixed work takes beside a profiler, in percent. */
export interface Slowdown {
  readonly percent: number;
  /** Half of the interval of 95 %. */
  readonly half: number;
  readonly pairs: number;
}

interface Options {
  readonly rounds: number;
  readonly maxPairs: number;
  readonly note: (text: string) => void;
}

/** Until the interval is that narrow on each side: 0.3 would do, but its upper end is what counts. */
const wantedHalf = 0.2;
const leastPairs = 4;

/** One profiler's work beside the work: begun, then ended. */
type Profiler = () => Promise<{ readonly run: () => Promise<number>; readonly end: () => Promise<void> }>;

/** How measuring is watched, and what bounds it beside the pairs. */
export interface Watching {
  /** Told after each two pairs. */
  readonly onPairs?: (soFar: Slowdown) => void;
  /** No pairs are begun after so long, but for the first ones. */
  readonly longestMs?: number;
}

/** Pairs in the order ABBA: what drifts meanwhile hits both sides alike. The profiler is started and ended each time. */
export async function measureSlowdown(
  rounds: number,
  maxPairs: number,
  profiler: Profiler,
  alone: (rounds: number) => Promise<number> = fixedWork,
  { onPairs, longestMs = Number.POSITIVE_INFINITY }: Watching = {},
): Promise<Slowdown> {
  const beganAt = performance.now();
  const ratios: number[] = [];
  let half = Number.POSITIVE_INFINITY;
  while (ratios.length < maxPairs && (ratios.length < leastPairs || half > wantedHalf)) {
    if (ratios.length > 0 && performance.now() - beganAt > longestMs) break;
    const before = await alone(rounds);
    const { run, end } = await profiler();
    const beside = [await run(), await run()];
    await end();
    const after = await alone(rounds);
    ratios.push(100 * ((beside[0] ?? 0) / before - 1), 100 * ((beside[1] ?? 0) / after - 1));
    half = intervalOf(ratios);
    onPairs?.({ percent: meanOf(ratios), half, pairs: ratios.length });
  }
  return { percent: meanOf(ratios), half, pairs: ratios.length };
}

/**
 * The same with an agent that stays, whose sampling is switched off and on between slices of work of hundredths of a second:
 * see programs/slices.py. A pair is some ten seconds of each side.
 */
async function measureSwitched(agent: BenchAgent, { maxPairs, note }: Options): Promise<Slowdown> {
  const work = await startSlices(agent.pid);
  const ratios: number[] = [];
  let half = Number.POSITIVE_INFINITY;
  try {
    for await (const { off, on } of work.pairs) {
      ratios.push(100 * (on / off - 1));
      half = intervalOf(ratios);
      if (ratios.length % 10 === 0) note(`slowdown so far: ${meanOf(ratios).toFixed(2)} % ±${half.toFixed(2)}`);
      if (ratios.length >= maxPairs || (ratios.length >= leastPairs && half <= wantedHalf)) break;
    }
  } finally {
    await work.end();
  }
  return { percent: meanOf(ratios), half, pairs: ratios.length };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Half of the interval of 95 % of the mean, by Student's t. */
function intervalOf(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return Number.POSITIVE_INFINITY;
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return studentQuantile(0.05, n - 1) * Math.sqrt(variance / n);
}

export interface Slowdowns {
  readonly ours: Slowdown;
  readonly pySpy: Slowdown | undefined;
  readonly perf: Slowdown | undefined;
}

export async function measureSlowdowns(
  binary: string,
  peers: Peers,
  folder: string,
  options: Options,
): Promise<Slowdowns> {
  const { rounds, maxPairs, note } = options;
  const { pySpy, perf } = peers;
  const agent = await startAgent(binary, folder, 15);
  const ours = await measureSwitched(agent, options).finally(() => agent.stop());
  note(`slowdown: ours ${ours.percent.toFixed(2)} % ±${ours.half.toFixed(2)} after ${ours.pairs} pairs`);
  let made = 0;
  const bySpy =
    pySpy === undefined
      ? undefined
      : await measureSlowdown(rounds, Math.min(maxPairs, 8), () =>
          Promise.resolve({
            run: () =>
              fixedWork(rounds, async (pid) => {
                const recording = await recordPySpy(pySpy, pid, join(folder, `slow-${++made}.txt`));
                return recording.end;
              }),
            end: () => Promise.resolve(),
          }),
        );
  const byPerf =
    perf === undefined
      ? undefined
      : await measureSlowdown(rounds, Math.min(maxPairs, 8), async () => {
          const recording = await recordPerf(perf, join(folder, `slow-${++made}.data`));
          return { run: () => fixedWork(rounds), end: recording.end };
        });
  return { ours, pySpy: bySpy, perf: byPerf };
}
