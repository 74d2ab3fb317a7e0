import { zoneOffsetMs } from '../../format/times.js';
import type { TimeRange } from '../../state/time-range.js';

/** From time to pixel and back, over [left, right] of a canvas in CSS pixels. */
export interface TimeScale {
  readonly extent: TimeRange;
  readonly left: number;
  readonly right: number;
}

/** CSS pixel of a time. */
export function xOf(scale: TimeScale, timeMs: number): number {
  const { extent, left, right } = scale;
  return left + ((timeMs - extent.startMs) / (extent.endMs - extent.startMs)) * (right - left);
}

/** Time at a CSS pixel; not clamped. */
export function timeAt(scale: TimeScale, x: number): number {
  const { extent, left, right } = scale;
  return extent.startMs + ((x - left) / Math.max(1, right - left)) * (extent.endMs - extent.startMs);
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const tickSteps = [
  15_000,
  30_000,
  minuteMs,
  2 * minuteMs,
  5 * minuteMs,
  10 * minuteMs,
  15 * minuteMs,
  30 * minuteMs,
  hourMs,
  3 * hourMs,
  6 * hourMs,
  12 * hourMs,
  24 * hourMs,
  7 * 24 * hourMs,
];

/** Times for the axis: round ones in the shown zone, at most `most` of them. */
export function timeTicks(extent: TimeRange, most: number): readonly number[] {
  const span = extent.endMs - extent.startMs;
  const step = tickSteps.find((each) => span / each <= most) ?? tickSteps.at(-1) ?? hourMs;
  const zoneMs = zoneOffsetMs(extent.startMs);
  const first = Math.ceil((extent.startMs - zoneMs) / step) * step + zoneMs;
  const ticks: number[] = [];
  for (let time = first; time <= extent.endMs; time += step) ticks.push(time);
  return ticks;
}

/** The next 1, 2 or 5 times a power of ten that is not below the value; 1 when there is nothing. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value * 0.9999) ?? 10;
  return factor * power;
}

/** A stretch of buckets without data between buckets with data. */
export interface Gap {
  readonly startMs: number;
  readonly endMs: number;
}

/** Stretches without data that have data on both sides: what was missed, not what was never asked for. */
export function gapsOf(values: Float64Array, startMs: number, stepMs: number): readonly Gap[] {
  const gaps: Gap[] = [];
  let last = -1;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    if (last !== -1 && index - last > 1) {
      gaps.push({ startMs: startMs + (last + 1) * stepMs, endMs: startMs + index * stepMs });
    }
    last = index;
  });
  return gaps;
}
