import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchAgent } from './agent.js';
import { readPerf, readPySpy, recordPerf, recordPySpy, type Peers } from './peers.js';
import { shareThrough, stacksOf, sumOf, type Stack } from './profile.js';
import { startSplit, type SplitProgram } from './programs.js';

/** How far a profiler was off on one program: the worst of its three shares, in percentage points. */
export interface ShareError {
  readonly program: SplitProgram['name'];
  readonly ours: number;
  /** Three standard deviations of sampling of that share, in percentage points. */
  readonly threeSigma: number;
  readonly pySpy: number | null;
  readonly perf: number | null;
  readonly samples: number;
}

const functions = ['seventy', 'twenty', 'ten'] as const;
/** An interpreter's start is not in the truth. */
const settleMs = 2000;

/** Runs the programs of known shares, two at a time, and lets every profiler look at the same seconds of them. */
export async function measureShares(
  agent: BenchAgent,
  programs: readonly SplitProgram[],
  peers: Peers,
  folder: string,
  options: { readonly seconds: number; readonly windowSeconds: number; readonly note: (text: string) => void },
): Promise<readonly ShareError[]> {
  const errors: ShareError[] = [];
  for (let first = 0; first < programs.length; first += 2) {
    errors.push(...(await measurePair(agent, programs.slice(first, first + 2), peers, folder, options)));
  }
  return errors;
}

async function measurePair(
  agent: BenchAgent,
  programs: readonly SplitProgram[],
  { pySpy, perf }: Peers,
  folder: string,
  {
    seconds,
    windowSeconds,
    note,
  }: { readonly seconds: number; readonly windowSeconds: number; readonly note: (text: string) => void },
): Promise<readonly ShareError[]> {
  const running = programs.map(startSplit);
  const spied = (pid: number): string => join(folder, `py-spy-${pid}.txt`);
  const perfData = join(folder, `perf-${running[0]?.pid ?? 0}.data`);
  await sleep(settleMs);
  const startMs = Date.now();
  const recordings = [];
  for (const { program, pid } of running) {
    const native = program.name === 'extension';
    if (pySpy !== undefined && isPython(program))
      recordings.push(await recordPySpy(pySpy, pid, spied(pid), { native }));
  }
  if (perf !== undefined) recordings.push(await recordPerf(perf, perfData));
  await sleep(Math.max(0, startMs + seconds * 1000 - Date.now()));
  for (const recording of recordings) await recording.end();
  const endMs = Date.now();
  const truths = new Map<number, readonly number[]>();
  for (const split of running) truths.set(split.pid, await split.end());
  await sleep((windowSeconds + 3) * 1000); // The window of its last samples is stored by then.
  const byPerf = perf === undefined ? undefined : await readPerf(perf, perfData);
  const errors: ShareError[] = [];
  for (const { program, pid } of running) {
    const truth = truths.get(pid) ?? [];
    // Whole windows; its start is in them, and is little beside them.
    const ours = await stacksOf(agent, [pid], { startMs: startMs - settleMs, endMs: endMs + windowSeconds * 1000 });
    const spy = pySpy !== undefined && isPython(program) ? await readPySpy(spied(pid)) : undefined;
    const samples = Math.round((sumOf(ours) / 1e9) * 97);
    const error = errorOf(ours, truth);
    note(
      `${program.name}: truth ${show(truth)}, ours ${show(sharesOf(ours))} of ${samples} samples${said('py-spy', spy)}${said('perf', byPerf?.get(pid))}`,
    );
    errors.push({
      program: program.name,
      ours: error.points,
      threeSigma: 300 * Math.sqrt((error.share * (1 - error.share)) / samples),
      pySpy: spy === undefined ? null : errorOf(spy, truth).points,
      perf: byPerf === undefined ? null : errorOf(byPerf.get(pid) ?? [], truth).points,
      samples,
    });
  }
  return errors;
}

function isPython({ name }: SplitProgram): boolean {
  return name === 'python' || name === 'extension';
}

function sharesOf(stacks: readonly Stack[]): readonly number[] {
  return functions.map((name) => 100 * shareThrough(stacks, name));
}

/** The worst of the three shares; a profile without samples is off by everything. */
function errorOf(
  stacks: readonly Stack[],
  truth: readonly number[],
): { readonly points: number; readonly share: number } {
  if (sumOf(stacks) === 0) return { points: 100, share: 0.5 };
  const off = sharesOf(stacks).map((share, i) => ({
    points: Math.abs(share - (truth[i] ?? 0)),
    share: (truth[i] ?? 0) / 100,
  }));
  return off.reduce((worst, each) => (each.points > worst.points ? each : worst));
}

function show(shares: readonly number[]): string {
  return shares.map((share) => share.toFixed(1)).join('/');
}

function said(name: string, stacks: readonly Stack[] | undefined): string {
  return stacks === undefined ? '' : `, ${name} ${show(sharesOf(stacks))}`;
}
