import type { WatchSeries } from './series.js';

/** How a watched count scatters from window to window, learnt from windows before those that are judged. */
export interface WatchNoise {
  /** What it was learnt at: mean count a window. */
  readonly mean: number;
  /** Variance of a window's count. */
  readonly own: number;
  /** Variance of a sum of many neighbouring windows, divided by their number: with what neighbours have in common. */
  readonly longRun: number;
  /** How well that is known: degrees of freedom. */
  readonly degrees: number;
}

/** Sums of so many neighbours are looked at. Where neighbours are alike, the variance grows faster than their number. */
const blockLengths = [1, 2, 4, 8, 16] as const;
/** Blocks that fit into what was learnt from, at least: fewer do not tell their variance. */
const leastBlocks = 4;
/** Fewer samples do not tell how they scatter beyond counting; then it is taken to be as wild as this. */
const leastSamples = 20;
/** Squared coefficient of variation of 15 %, nine times as much in a long sum: neighbours that correlate by 0.8. */
const unknownExcess = 0.0225 * 9;

/**
 * Learns from windows [from, to), whose level may have changed at `cuts`. The long-run variance is the largest that sums of 1, 2, 4, 8
 * and 16 neighbours show (overlapping batch means: Meketon and Schmeiser, Winter Simulation Conference 1984), and never less than what
 * counting costs: too large a variance costs time, one too small is a false alarm.
 */
export function learnNoise(series: WatchSeries, from: number, to: number, cuts: readonly number[]): WatchNoise {
  const inner = cuts.filter((cut) => cut > from && cut < to);
  const edges = [from, ...inner, to];
  const segments = edges.slice(1).map((end, index) => residualsOf(series, edges[index] ?? from, end));
  const windows = to - from;
  const mean = series.sums(from, to).count / windows;
  if (mean * windows < leastSamples) {
    return { mean, own: mean, longRun: mean, degrees: windows - 1 };
  }
  let own = mean;
  let longRun = mean;
  let degrees = windows - edges.length + 1;
  for (const length of blockLengths) {
    let squares = 0;
    let blocks = 0;
    for (const residuals of segments) {
      if (residuals.length < leastBlocks * length) continue;
      for (let first = 0, sum = 0; first + length <= residuals.length; first++) {
        if (first === 0) for (let at = 0; at < length; at++) sum += residuals[at] ?? 0;
        else sum += (residuals[first + length - 1] ?? 0) - (residuals[first - 1] ?? 0);
        squares += sum * sum;
      }
      // Residuals around a mean have lost what all of them have in common.
      blocks += (residuals.length - length + 1) * (1 - length / residuals.length);
    }
    if (blocks === 0) continue;
    const variance = squares / blocks / length;
    if (length === 1) own = Math.max(mean, variance);
    if (variance <= longRun) continue;
    longRun = variance;
    // Overlapping blocks tell half as much again as those that do not overlap.
    degrees = length === 1 ? degrees : Math.max(1, 1.5 * (windows / length - 1));
  }
  return { mean, own, longRun, degrees };
}

/** Counts less what the mean of their range lets expect. */
function residualsOf(series: WatchSeries, from: number, to: number): readonly number[] {
  const { count, exposure } = series.sums(from, to);
  const rate = exposure > 0 ? count / exposure : 0;
  return Array.from({ length: to - from }, (_, index) => {
    const window = series.at(from + index);
    return window === undefined ? 0 : window.count - rate * window.exposure;
  });
}

/**
 * The variance of a window's count at another mean: what counting costs grows with the mean, what is beyond it with its square.
 * `alone` leaves out what neighbours have in common.
 */
export function varianceAt({ mean, own, longRun }: WatchNoise, at: number, windows: number, alone: boolean): number {
  if (mean * windows < leastSamples) return at + (alone ? unknownExcess / 9 : unknownExcess) * at * at;
  const ratio = at / mean;
  return at + ((alone ? own : longRun) - mean) * ratio * ratio;
}
