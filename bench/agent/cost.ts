import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel counts CPU time of processes to a hundredth of a second for readers of /proc (USER_HZ). */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** What processes have spent so far. */
export interface Spent {
  readonly atMs: number;
  /** User and system time, also of children that ended. */
  readonly cpuSeconds: number;
  /** Time in BPF programs that they hold, on all CPUs; runs of those. */
  readonly bpfSeconds: number;
  readonly bpfRuns: number;
}

/** What a second of them cost on average, and the memory that they held. */
export interface Cost {
  readonly seconds: number;
  /** Of one core. */
  readonly processCores: number;
  readonly bpfCores: number;
  readonly bpfMicrosecondsARun: number;
  /** Sum of the processes' resident sets: the median of a look a second, and the largest. */
  readonly residentMb: number;
  readonly residentMbMax: number;
  /** Load average of the last minute at the end: what else ran. */
  readonly load: number;
}

/** Measures processes for a while. They are asked for anew each second: a profiler may start more of them. */
export async function measureCost(pids: () => Promise<readonly number[]>, seconds: number): Promise<Cost> {
  const resident: number[] = [];
  const first = await spentOf(await pids());
  const end = performance.now() + seconds * 1000;
  for (let left = end - performance.now(); left > 0; left = end - performance.now()) {
    await sleep(Math.min(left, 1000));
    resident.push((await Promise.all((await pids()).map(residentMb))).reduce((a, b) => a + b, 0));
  }
  const last = await spentOf(await pids());
  const elapsed = (last.atMs - first.atMs) / 1000;
  resident.sort((a, b) => a - b);
  return {
    seconds: elapsed,
    processCores: (last.cpuSeconds - first.cpuSeconds) / elapsed,
    bpfCores: (last.bpfSeconds - first.bpfSeconds) / elapsed,
    bpfMicrosecondsARun: (1e6 * (last.bpfSeconds - first.bpfSeconds)) / (last.bpfRuns - first.bpfRuns),
    residentMb: resident[Math.floor(resident.length / 2)] ?? 0,
    residentMbMax: resident.at(-1) ?? 0,
    load: loadavg()[0] ?? 0,
  };
}

/** What processes have spent since they began. */
export async function spentOf(pids: readonly number[]): Promise<Spent> {
  const atMs = performance.now();
  const times = await Promise.all(pids.map(cpuSecondsOf));
  const programs = new Map<string, { readonly ns: number; readonly runs: number }>();
  for (const pid of pids) await addPrograms(pid, programs);
  const bpf = [...programs.values()];
  return {
    atMs,
    cpuSeconds: times.reduce((a, b) => a + b, 0),
    bpfSeconds: bpf.reduce((sum, { ns }) => sum + ns, 0) / 1e9,
    bpfRuns: bpf.reduce((sum, { runs }) => sum + runs, 0),
  };
}

async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return 0;
  // The name in parentheses may hold anything; utime, stime, cutime and cstime are fields 14 to 17 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** The kernel's own count of each BPF program that a process holds; a program with several descriptors counts once. */
async function addPrograms(pid: number, programs: Map<string, { ns: number; runs: number }>): Promise<void> {
  const folder = `/proc/${pid}/fdinfo`;
  for (const name of await readdir(folder).catch(() => [])) {
    const text = await readFile(`${folder}/${name}`, 'utf8').catch(() => '');
    const id = /^prog_id:\s*(\d+)/m.exec(text)?.[1];
    const ns = /^run_time_ns:\s*(\d+)/m.exec(text)?.[1];
    const runs = /^run_cnt:\s*(\d+)/m.exec(text)?.[1];
    if (id !== undefined && ns !== undefined) programs.set(id, { ns: Number(ns), runs: Number(runs) });
  }
}

async function residentMb(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0');
  return (Number(statm.split(' ')[1]) * pageBytes) / 1e6;
}

/** What a single-threaded process spent, in seconds to the nanosecond. */
export async function schedulerSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8');
  return Number(text.split(' ')[0]) / 1e9;
}
