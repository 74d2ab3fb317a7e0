import { studentQuantile } from './distributions.js';
import type { CertaintyResult } from './certainty.js';
import type { Neighbours } from './window-counts.js';

/** A range of time, Unix milliseconds. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Fewer pairs tell nothing of what happens 5 times in 100. */
export const leastPairs = 20;
/** So many are asked for: a few may be left out because nobody measured in them. */
const mostPairs = 24;
/** As many earlier windows are asked for at most; pairs of 30 minutes a side still fit. */
const mostWindows = 6000;
/** A pair that is so many times as long as its windows has a gap in it. */
const longestOfItsWindows = 1.25;

/** Where pairs of ranges as long as these lie before both of them; undefined where they would be too many windows. */
export function earlierSpan(one: Span, other: Span, windowMs: number): Span | undefined {
  const lengthMs = one.endMs - one.startMs + (other.endMs - other.startMs);
  const pairs = Math.min(mostPairs, Math.floor((mostWindows * windowMs) / Math.max(1, lengthMs)));
  const endMs = Math.min(one.startMs, other.startMs);
  if (pairs < leastPairs || endMs <= 0) return undefined;
  return { startMs: Math.max(0, endMs - Math.ceil(pairs * lengthMs)), endMs };
}

/** Earlier windows in the order of time. */
export interface EarlierWindows {
  /** When each begins, Unix milliseconds. */
  readonly startMs: readonly number[];
  readonly seconds: Float64Array;
}

/** What a pair is to be like: so many windows on each side, each about so long, and all before a moment. */
export interface PairLike {
  readonly windows: readonly [number, number];
  readonly windowSeconds: number;
  readonly beforeMs: number;
}

/**
 * Pairs of neighbouring ranges with as many windows as the sides of a comparison, the latest first. They do not overlap, and
 * none holds a gap or a window of another length.
 *
 * Example: windows of 15 s from 10:00:00 to 10:02:00 and sides of 2 and 1 windows:
 *   [5, 7, 8] and [2, 4, 5]; the first two windows are left over.
 */
export function earlierPairs(
  { startMs, seconds }: EarlierWindows,
  { windows: [first, second], windowSeconds, beforeMs }: PairLike,
): readonly Neighbours[] {
  const length = first + second;
  const pairs: Neighbours[] = [];
  if (first === 0 || second === 0) return pairs;
  const endMs = (row: number): number => (startMs[row] ?? 0) + (seconds[row] ?? 0) * 1000;
  const fits = (from: number, to: number): boolean => {
    for (let row = from; row < to; row++) {
      const long = seconds[row] ?? 0;
      if (long < 0.8 * windowSeconds || long > 1.2 * windowSeconds) return false;
    }
    return endMs(to - 1) - (startMs[from] ?? 0) <= longestOfItsWindows * length * windowSeconds * 1000;
  };
  let to = seconds.length;
  // Clocks are told in milliseconds: a window that ends with the side's begin is before it.
  while (to > 0 && endMs(to - 1) > beforeMs + 1) to -= 1;
  while (to >= length && pairs.length < mostPairs) {
    const from = to - length;
    if (fits(from, to)) {
      pairs.push({ from, middle: from + first, to });
      to = from;
    } else to -= 1;
  }
  return pairs;
}

/**
 * How far the member of a family that moved the most moved, in the margins that hold for all of them: above 1 something is
 * called certain. Counting alone bounds it as it bounds certainty.
 */
export function farthestMove({ functions, noise, critical }: CertaintyResult): number {
  const [first] = functions; // by falling certainty
  if (first === undefined || first.margin <= 0 || critical <= 0) return 0;
  return Math.min(studentQuantile(first.p, noise.degrees) / critical, Math.abs(first.difference) / first.margin);
}

/**
 * Of maxima 5 of 100 at most lie beyond their mean and so many deviations, both told by 20 of them. Of Gumbel's distribution that would be 2.3;
 * real maxima have heavier tails (docs/adr/0014).
 */
const deviationsBeyond = 2.9;

/**
 * How many times as wide the margins of a comparison have to be so that 5 of 100 pairs like the earlier ones would have something
 * outside of them; 1 at least. `moves` are the farthest moves of the earlier pairs.
 *
 * The farthest of them counts as the one before it: what happens in one pair of 20 is within 5 of 100, and one deploy in the past
 * lies in one pair. See docs/adr/0014.
 */
export function wideningOf(moves: readonly number[]): number {
  const rising = moves.toSorted((a, b) => a - b);
  const count = rising.length;
  if (count < 2) return 1;
  rising[count - 1] = rising[count - 2] ?? 0;
  const mean = rising.reduce((sum, each) => sum + each, 0) / count;
  const variance = rising.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  return Math.max(1, mean + deviationsBeyond * Math.sqrt(variance));
}
