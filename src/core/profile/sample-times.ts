import { f64At, u32At } from './columns.js';
import type { Labels } from './profile.js';

/**
 * The label of a sample that says when it was taken, in nanoseconds since 1970. pprof has no field for it; this name is the one that
 * profilers with a timeline have agreed on, and our agent writes it.
 */
export const timeLabel = 'end_timestamp_ns';

/** A span of time, its end not in it. Unix milliseconds, exact to about 0.3 microseconds. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** By set of labels when its samples were taken, Unix milliseconds; NaN where it does not say. `isTime` marks labels that do. */
export function timesOfSets({ setPrefix, setLabel, number }: Labels, isTime: Uint8Array): Float64Array {
  const times = new Float64Array(setPrefix.length).fill(NaN);
  for (let set = 1; set < times.length; set++) {
    const label = u32At(setLabel, set);
    times[set] = isTime[label] === 1 ? Number(number[label]) / 1e6 : f64At(times, u32At(setPrefix, set));
  }
  return times;
}

/** By time 1 where it lies in one of the spans, which may be in any order and overlap. */
export function withinSpans(times: Float64Array, spans: readonly TimeSpan[]): Uint8Array {
  const joined = joinSpans(spans);
  return Uint8Array.from(times, (time) => {
    let from = 0;
    let to = joined.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (time >= (joined[middle]?.toMs ?? 0)) from = middle + 1;
      else to = middle;
    }
    const span = joined[from];
    return span !== undefined && time >= span.fromMs ? 1 : 0;
  });
}

/** The same spans, rising and apart. */
export function joinSpans(spans: readonly TimeSpan[]): readonly TimeSpan[] {
  const joined: TimeSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last === undefined || span.fromMs > last.toMs) joined.push(span);
    else joined[joined.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return joined;
}
