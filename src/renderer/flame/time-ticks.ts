import type { TimeAxis } from '../../core/flame/time-order.js';
import { formatClock, formatInstant } from '../format/times.js';
import { sidePaddingPx, type Viewport } from './viewport.js';

/** A time along the graph. */
export interface TimeTick {
  /** CSS pixels from where the graph begins. */
  readonly leftPx: number;
  readonly text: string;
}

/** Milliseconds from one tick to the next: steps that a clock has. */
const stepsMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000,
];
const leastStepPx = 96;

/** The times that a part of a graph in time order shows, at round times of the clock. None where positions are no time. */
export function timeTicks({ startMs, perMs }: TimeAxis, { from, to }: Viewport, widthPx: number): readonly TimeTick[] {
  const innerPx = widthPx - 2 * sidePaddingPx;
  if (perMs <= 0 || innerPx <= 0 || to <= from) return [];
  const [fromMs, toMs] = [startMs + from / perMs, startMs + to / perMs];
  const msPerPx = (toMs - fromMs) / innerPx;
  const least = leastStepPx * msPerPx;
  const stepMs = stepsMs.find((step) => step >= least) ?? 3_600_000 * Math.ceil(least / 3_600_000);
  const ticks: TimeTick[] = [];
  for (let timeMs = Math.ceil(fromMs / stepMs) * stepMs; timeMs < toMs; timeMs += stepMs) {
    const text = stepMs < 1000 ? formatInstant(timeMs) : formatClock(timeMs, true);
    ticks.push({ leftPx: Math.round((timeMs - fromMs) / msPerPx), text });
  }
  return ticks;
}

/** When a frame in time order was: "12:00:01.200 to 12:00:01.450"; "" where positions are no time. */
export function frameTimeWords({ startMs, perMs }: TimeAxis, x0: number, x1: number): string {
  return perMs <= 0 ? '' : `${formatInstant(startMs + x0 / perMs)} to ${formatInstant(startMs + x1 / perMs)}`;
}
