import { binomialTwoSided, studentQuantile, studentTwoSided } from './distributions.js';
import { noiseOf, type Noise } from './noise.js';

/**
 * The windows of one side of a comparison: how many samples each function had in each of them.
 *
 * Example, two windows of three functions: counts [5, 0, 1, 7, 0, 0] and exposures [15, 15] say that function 0 was
 * seen 5 times in the first 15 seconds and 7 times in the next.
 */
export interface WindowCounts {
  /** Window by window, each with one count a function. */
  readonly counts: Float64Array;
  /** A window's measure: its seconds, or its units of work; above 0. In time order. */
  readonly exposures: Float64Array;
}

/** What to compare by. */
export interface CertaintyOptions {
  /** The chance that anything at all is called certain between equal sides; default 0.05. */
  readonly familyError?: number;
  /** Functions with fewer samples on both sides together are not judged; default 20. */
  readonly leastSamples?: number;
  /** For how many of the functions a sample counts, on the mean; default 1. More where callers count their callees' samples. */
  readonly nesting?: number;
  /**
   * Of what the baseline's exposures were divided by, where that was estimated from the same samples. What errs on all
   * functions alike is no change of any.
   */
  readonly baselineScale?: {
    /** Standard error of its logarithm by counting. */
    readonly error: number;
    /** How many samples a window what it was estimated from has: a stack, as its samples see it. */
    readonly meanCount: number;
  };
  /** How many times as wide as the windows alone make margins; default 1, and never less. See earlier-pairs.ts. */
  readonly widening?: number;
}

/** One function's difference: comparison - baseline, in samples a unit of exposure. */
export interface FunctionDifference {
  /** The index in the counts. */
  readonly functionIndex: number;
  readonly baseline: number;
  readonly comparison: number;
  readonly difference: number;
  /** Half the width of the interval that holds for all judged functions at once. */
  readonly margin: number;
  /** The chance of a difference this large without a change, for this function alone. */
  readonly p: number;
  /** The interval leaves out 0, and so does what counting alone would allow. */
  readonly certain: boolean;
  /** The change that would have been found in four of five tries. */
  readonly smallestFound: number;
}

/** What two sides of windows say about each function. */
export interface CertaintyResult {
  readonly noise: Noise;
  /** Why nothing is certified; undefined when something could be. */
  readonly abstained: 'few-windows' | 'autocorrelated' | undefined;
  /** How many standard errors a difference must be to be certain. */
  readonly critical: number;
  /** How many times as wide as the windows alone make them the margins are. */
  readonly widening: number;
  /** Of functions with enough samples, by falling certainty. */
  readonly functions: readonly FunctionDifference[];
}

/** A mean that rests on fewer independent windows has an error that these windows cannot tell. */
export const leastEffectiveWindows = 8;
/** One-sided normal quantile of 0.8. */
export const fourOfFive = 0.8416;

/**
 * Compares the rates of functions over windows. Windows are repeated measurements: how much they scatter says how much of
 * a difference is chance. Variance is what counting costs (Poisson) plus what the windows show beyond it, never less;
 * pooled over functions and moderated for each; with the autocorrelation of neighbouring windows in it. Certain is what a
 * Bonferroni interval over all judged functions leaves out, so that nothing is called certain between equal sides in 95
 * of 100 comparisons. See docs/adr/0005 for the method, its sources and what was measured.
 */
export function compareWindows(
  baseline: WindowCounts,
  comparison: WindowCounts,
  options: CertaintyOptions = {},
): CertaintyResult {
  const { familyError = 0.05, leastSamples = 20, nesting = 1 } = options;
  const sides = [baseline, comparison] as const;
  const functionCount = Math.max(...sides.map(functionsOf));
  const judged: number[] = [];
  const totals = sides.map((side) => totalsOf(side, functionCount));
  const [totalA, totalB] = totals as [Float64Array, Float64Array];
  for (let f = 0; f < functionCount; f++) if (at(totalA, f) + at(totalB, f) >= leastSamples) judged.push(f);

  const exposureA = sum(baseline.exposures);
  const exposureB = sum(comparison.exposures);
  const noise = noiseOf(sides, judged, nesting);
  const abstained =
    // So few would be too few however unlike they were.
    Math.min(baseline.exposures.length, comparison.exposures.length) < leastEffectiveWindows
      ? 'few-windows'
      : Math.min(noise.cautiousEffectiveWindows[0], noise.cautiousEffectiveWindows[1]) < leastEffectiveWindows
        ? noise.cautiousInflation > 1.01
          ? 'autocorrelated'
          : 'few-windows'
        : undefined;

  const scale = options.baselineScale ?? { error: 0, meanCount: 0 };
  const scaleError = scale.error * Math.sqrt(1 + noise.excess * noise.inflation * scale.meanCount);
  const level = familyError / Math.max(1, judged.length);
  const widening = Math.max(1, options.widening ?? 1);
  const critical = studentQuantile(level, noise.degrees);
  const functions = judged.map((functionIndex, index): FunctionDifference => {
    const a = at(totalA, functionIndex) / exposureA;
    const b = at(totalB, functionIndex) / exposureB;
    const difference = b - a;
    const byModel = Math.sqrt(noise.varianceOfMean(index, 0) + noise.varianceOfMean(index, 1) + (a * scaleError) ** 2);
    const error = widening * byModel;
    const byWindows = studentTwoSided(Math.abs(difference) / error, noise.degrees);
    // Few samples are skewed, which a symmetric interval does not know.
    const count = at(totalA, functionIndex) + at(totalB, functionIndex);
    const byCounting = binomialTwoSided(at(totalB, functionIndex), count, exposureB / (exposureA + exposureB));
    const p = Math.max(byWindows, byCounting);
    return {
      functionIndex,
      baseline: a,
      comparison: b,
      difference,
      margin: critical * error,
      p,
      certain: abstained === undefined && p < level,
      smallestFound: (critical + fourOfFive) * error,
    };
  });
  functions.sort((x, y) => x.p - y.p || Math.abs(y.difference) - Math.abs(x.difference));
  return { noise, abstained, critical, widening, functions };
}

function functionsOf(side: WindowCounts): number {
  return side.exposures.length === 0 ? 0 : side.counts.length / side.exposures.length;
}

function totalsOf(side: WindowCounts, functionCount: number): Float64Array {
  const totals = new Float64Array(functionCount);
  const width = functionsOf(side);
  for (let w = 0; w < side.exposures.length; w++) {
    for (let f = 0; f < width; f++) totals[f] = at(totals, f) + at(side.counts, w * width + f);
  }
  return totals;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
