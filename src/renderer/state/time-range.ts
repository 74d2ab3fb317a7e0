/** [startMs, endMs), Unix milliseconds. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** How much the timeline shows: a span up to its end, or all that the source has. */
export const presets = ['5m', '15m', '1h', 'all'] as const;
export type Preset = (typeof presets)[number];

export const presetLabels: Readonly<Record<Preset, string>> = {
  '5m': '5 min',
  '15m': '15 min',
  '1h': '1 h',
  all: 'All',
};

const presetSpanMs: Readonly<Record<Exclude<Preset, 'all'>, number>> = {
  '5m': 5 * 60_000,
  '15m': 15 * 60_000,
  '1h': 60 * 60_000,
};

/** How far back "all" looks for the first window. */
export const longestSpanMs = 30 * 24 * 60 * 60_000;

/** How close one can look at the timeline: some windows of an agent. */
export const leastSpanMs = 60_000;

/** What the timeline spans. `earliestMs` is where the data begin, once that is known; it matters to "all" only. */
export function extentOf(preset: Preset, endMs: number, earliestMs: number | null): TimeRange {
  if (preset !== 'all') return { startMs: endMs - presetSpanMs[preset], endMs };
  const startMs = earliestMs === null ? endMs - presetSpanMs['1h'] : Math.min(earliestMs, endMs - 60_000);
  return { startMs, endMs };
}

/** Widths of a timeline's buckets that people can say. */
const stepsMs = [15_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000];

/** The finest step that keeps the timeline of an extent at 240 buckets or fewer; never finer than a window of 15 s. */
export function stepFor(extent: TimeRange): number {
  const span = extent.endMs - extent.startMs;
  return stepsMs.find((step) => span / step <= 240) ?? Math.ceil(span / 240);
}

/** Of the time that is to be shown what can be: it ends now at the latest, and is neither too short nor longer than "all" looks back. */
function withinReach({ startMs, endMs }: TimeRange, nowMs: number): TimeRange {
  const spanMs = Math.round(Math.max(leastSpanMs, Math.min(longestSpanMs, endMs - startMs)));
  const end = Math.round(Math.max(nowMs - longestSpanMs + spanMs, Math.min(nowMs, endMs)));
  return { startMs: end - spanMs, endMs: end };
}

/** A time `factor` as long, in which a moment stays where it is. */
export function zoomTime({ startMs, endMs }: TimeRange, factor: number, aroundMs: number, nowMs: number): TimeRange {
  const spanMs = Math.max(leastSpanMs, Math.min(longestSpanMs, (endMs - startMs) * factor));
  const share = (aroundMs - startMs) / (endMs - startMs);
  const start = aroundMs - share * spanMs;
  return withinReach({ startMs: start, endMs: start + spanMs }, nowMs);
}

/** A time moved by so much. */
export function panTime({ startMs, endMs }: TimeRange, byMs: number, nowMs: number): TimeRange {
  return withinReach({ startMs: startMs + byMs, endMs: endMs + byMs }, nowMs);
}

/** Puts the ends in order, keeps the range inside the bounds and at least `leastMs` long; whole milliseconds. */
export function clampRange(range: TimeRange, bounds: TimeRange, leastMs: number): TimeRange {
  const low = Math.max(bounds.startMs, Math.min(range.startMs, range.endMs));
  const high = Math.min(bounds.endMs, Math.max(range.startMs, range.endMs));
  const startMs = Math.max(bounds.startMs, Math.min(low, bounds.endMs - leastMs));
  return { startMs: Math.round(startMs), endMs: Math.round(Math.max(high, startMs + leastMs)) };
}

/**
 * Moves both ends to the nearest edge of a bucket, so that what is drawn as chosen is what is asked for, and ranges that
 * touch share an edge and no bucket. A range that lies inside of one bucket is that bucket.
 */
export function snapRange(range: TimeRange, stepMs: number): TimeRange {
  const startMs = Math.round(range.startMs / stepMs) * stepMs;
  const endMs = Math.round(range.endMs / stepMs) * stepMs;
  if (startMs < endMs) return { startMs, endMs };
  const middle = (range.startMs + range.endMs) / 2;
  const bucketMs = Math.floor(middle / stepMs) * stepMs;
  return { startMs: bucketMs, endMs: bucketMs + stepMs };
}

/** The range of the same length that ends where the given one begins: what "Compare" takes as its baseline. */
export function rangeBefore(range: TimeRange): TimeRange {
  return { startMs: range.startMs - (range.endMs - range.startMs), endMs: range.startMs };
}

/** From the first to the last value of a course, inside of a range; undefined without any. */
export function firstAndLast(
  { startMs, stepMs, values }: { readonly startMs: number; readonly stepMs: number; readonly values: Float64Array },
  within: TimeRange,
): TimeRange | undefined {
  const first = values.findIndex((value) => !Number.isNaN(value));
  if (first < 0) return undefined;
  const last = values.findLastIndex((value) => !Number.isNaN(value));
  return {
    startMs: Math.max(within.startMs, startMs + first * stepMs),
    endMs: Math.min(within.endMs, startMs + (last + 1) * stepMs),
  };
}

/** Whether both are the same range or both are none. */
export function sameRange(a: TimeRange | null, b: TimeRange | null): boolean {
  return a === b || (a !== null && b !== null && a.startMs === b.startMs && a.endMs === b.endMs);
}
