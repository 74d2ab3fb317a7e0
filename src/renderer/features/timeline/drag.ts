import { clampRange, snapRange, type TimeRange } from '../../state/time-range.js';
import { timeAt, xOf, type TimeScale } from './scale.js';

/** Which range a drag is about. */
export type Side = 'range' | 'comparison';

/** A drag from its first press on. */
export interface Drag {
  readonly side: Side;
  /** The end that stays: where it was pressed, or the far edge of the range whose edge was taken. */
  readonly anchorMs: number;
  readonly pressX: number;
  /** An edge was taken: the drag counts from the first pixel on. */
  readonly edge: boolean;
}

const edgePx = 5;
/** A press that moves less is a click. */
const leastDragPx = 3;

/** Begins a drag: at an edge of a range it moves that edge, elsewhere it draws a new range; Shift draws B. */
export function beginDrag(
  scale: TimeScale,
  x: number,
  shift: boolean,
  range: TimeRange | null,
  comparison: TimeRange | null,
): Drag {
  for (const [side, each] of [
    ['comparison', comparison],
    ['range', range],
  ] as const) {
    if (each === null || (shift && side === 'range')) continue;
    const taken = edgeAt(scale, x, each);
    if (taken !== undefined) return { side, anchorMs: taken, pressX: x, edge: true };
  }
  return { side: shift ? 'comparison' : 'range', anchorMs: timeAt(scale, x), pressX: x, edge: false };
}

/** The far edge of a range whose edge lies at x. */
function edgeAt(scale: TimeScale, x: number, range: TimeRange): number | undefined {
  if (Math.abs(xOf(scale, range.startMs) - x) <= edgePx) return range.endMs;
  if (Math.abs(xOf(scale, range.endMs) - x) <= edgePx) return range.startMs;
  return undefined;
}

/** Whether an edge that can be moved lies at x. */
export function overEdge(scale: TimeScale, x: number, ranges: readonly (TimeRange | null)[]): boolean {
  return ranges.some((range) => range !== null && edgeAt(scale, x, range) !== undefined);
}

/** The range that a drag to x means, its ends on the nearest edges of buckets and inside the extent; null while it is still a click. */
export function dragTo(drag: Drag, scale: TimeScale, x: number, stepMs: number): TimeRange | null {
  if (!drag.edge && Math.abs(x - drag.pressX) < leastDragPx) return null;
  const raw = { startMs: drag.anchorMs, endMs: timeAt(scale, x) };
  const ordered = raw.startMs <= raw.endMs ? raw : { startMs: raw.endMs, endMs: raw.startMs };
  return clampRange(snapRange(ordered, stepMs), scale.extent, stepMs);
}

/** What an arrow key does to a range: moves it by one step, with Shift moves its end. */
export function nudgeRange(
  range: TimeRange,
  direction: -1 | 1,
  resize: boolean,
  extent: TimeRange,
  stepMs: number,
): TimeRange {
  const by = direction * stepMs;
  if (resize) {
    const endMs = Math.max(range.startMs + stepMs, range.endMs + by);
    return clampRange({ startMs: range.startMs, endMs }, extent, stepMs);
  }
  const span = range.endMs - range.startMs;
  const startMs = Math.max(extent.startMs, Math.min(extent.endMs - span, range.startMs + by));
  return { startMs, endMs: startMs + span };
}
