import type { TimedThread } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { layoutInTime, type TimeLayout } from '../../core/flame/time-order.js';
import type { Operation } from '../../core/operations/operation.js';
import type { CallNodes } from '../../core/profile/call-tree.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { Profile } from '../../core/profile/profile.js';
import { labelAmong, samplesInTime, type SamplesInTime, type TimedSets } from '../../core/profile/samples-in-time.js';
import { labelAt, labelsOfKey, setsLetThrough, timesOfLabelSets } from './labels.js';

/** What profilers call the label of the thread that a sample was taken of; the first that a profile has is meant. */
const threadKeys = ['tid', 'thread id', 'thread_id', 'thread'];
const nameKeys = ['thread', 'thread name', 'thread_name'];
const serviceKeys = ['service_name'];

/** Threads that a window is told of. */
const mostThreads = 2000;
/** Frames in time order take 36 bytes each on their way to the window. */
const mostFrames = 2_000_000;

/** Threads whose samples say when they were taken, the busiest first. None where samples do not say both. */
export function timedThreads(
  profile: Profile,
  valueIndex: number,
  operations: readonly Operation[],
): readonly TimedThread[] {
  const { timeMs, thread, through } = timedSets(profile, setsLetThrough(profile, operations));
  const name = labelAmong(profile.labels, labelsOfKey(profile, nameKeys));
  const service = labelAmong(profile.labels, labelsOfKey(profile, serviceKeys));
  const { set, values } = profile.labelled;
  const measured = values[valueIndex];
  const threads = new Map<number, { readonly set: number; total: number }>();
  for (let row = 0; row < set.length; row++) {
    const labels = u32At(set, row);
    const label = u32At(thread, labels);
    if (label === 0 || Number.isNaN(f64At(timeMs, labels)) || through?.[labels] === 0) continue;
    const known = threads.get(label) ?? { set: labels, total: 0 };
    known.total += measured?.[row] ?? 0;
    threads.set(label, known);
  }
  const textAt = (label: number): string => (label === 0 ? '' : labelAt(profile, label).value);
  return [...threads]
    .sort(([, a], [, b]) => b.total - a.total)
    .slice(0, mostThreads)
    .map(([label, { set: labels, total }]) => ({
      thread: labelAt(profile, label),
      name: textAt(u32At(name, labels)),
      service: textAt(u32At(service, labels)),
      total,
    }));
}

/** The samples of a profile in the order of their time; undefined where none says its time. */
export function timedSamples(
  profile: Profile,
  valueIndex: number,
  nodeOfStack: Uint32Array,
  through: Uint8Array | undefined,
): SamplesInTime | undefined {
  const sets = timedSets(profile, through);
  if (!sets.timeMs.some((time) => !Number.isNaN(time))) return undefined;
  return samplesInTime(profile, valueIndex, nodeOfStack, sets);
}

function timedSets(profile: Profile, through: Uint8Array | undefined): TimedSets {
  return {
    timeMs: timesOfLabelSets(profile),
    thread: labelAmong(profile.labels, labelsOfKey(profile, threadKeys)),
    through,
  };
}

/** How much of a unit a thread measures in a millisecond in which it does nothing else; 0 where that is not known. */
const perMilliseconds: Readonly<Record<string, number>> = {
  nanoseconds: 1e6,
  microseconds: 1e3,
  milliseconds: 1,
};

/** Lays samples out in the order of their time. Samples of several threads, and of what is no time, stand one behind the other. */
export function layOutInTime(tree: CallNodes, samples: SamplesInTime, unit: string): Result<TimeLayout> {
  const perMs = samples.oneThread ? (perMilliseconds[unit] ?? 0) : 0;
  const laidOut = layoutInTime(tree, samples, perMs, mostFrames);
  if (laidOut !== undefined) return ok(laidOut);
  const most = mostFrames.toLocaleString('en');
  return fail(
    'too-large',
    `In time order this has more than ${most} frames. Choose one thread, or a part of the time in the heat map.`,
  );
}
