import { f64At, u32At } from './columns.js';
import type { Labels, Profile } from './profile.js';

/** Samples that say when they were taken, rising by time. */
export interface SamplesInTime {
  /** Call node of the sample's last frame; `nowhere` of sum-up: the sample is left out. */
  readonly node: Uint32Array;
  /** When it ended, Unix milliseconds. */
  readonly timeMs: Float64Array;
  /** What it measured, in the unit of the view. */
  readonly value: Float64Array;
  /** Whether one thread took them all, so that they follow one another. */
  readonly oneThread: boolean;
}

/** What is known of sets of labels, by set. */
export interface TimedSets {
  /** Unix milliseconds; NaN where it does not say. */
  readonly timeMs: Float64Array;
  /** The label that names the thread; 0 where it does not say. */
  readonly thread: Uint32Array;
  /** 1 where its samples count; undefined: all do. */
  readonly through: Uint8Array | undefined;
}

/** By set of labels, the one of its labels that is marked, of several the last; 0: none is. */
export function labelAmong({ setPrefix, setLabel }: Labels, marked: Uint8Array): Uint32Array {
  const found = new Uint32Array(setPrefix.length);
  for (let set = 1; set < found.length; set++) {
    const label = u32At(setLabel, set);
    found[set] = marked[label] === 1 ? label : u32At(found, u32At(setPrefix, set));
  }
  return found;
}

/** The samples of one sample type whose labels say a time, rising by it; `nodeOfStack` puts them onto call nodes. */
export function samplesInTime(
  { samples, labelled }: Pick<Profile, 'samples' | 'labelled'>,
  valueIndex: number,
  nodeOfStack: Uint32Array,
  { timeMs, thread, through }: TimedSets,
): SamplesInTime {
  const { set, sample, values } = labelled;
  const measured = values[valueIndex] ?? new Float64Array(set.length);
  const rows: number[] = [];
  let rising = true;
  let last = -Infinity;
  const threads = new Set<number>();
  for (let row = 0; row < set.length; row++) {
    const labels = u32At(set, row);
    const time = f64At(timeMs, labels);
    if (Number.isNaN(time) || through?.[labels] === 0 || !(f64At(measured, row) > 0)) continue;
    rows.push(row);
    rising &&= time >= last;
    last = time;
    threads.add(u32At(thread, labels));
  }
  const timeOf = (row: number): number => f64At(timeMs, u32At(set, row));
  // Recorders write samples in the order of their time; others need not.
  if (!rising) rows.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
  return {
    node: Uint32Array.from(rows, (row) => u32At(nodeOfStack, u32At(samples.stack, u32At(sample, row)))),
    timeMs: Float64Array.from(rows, timeOf),
    value: Float64Array.from(rows, (row) => f64At(measured, row)),
    oneThread: threads.size === 1 && !threads.has(0),
  };
}
