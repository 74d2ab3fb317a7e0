import type { WindowCounts } from './certainty.js';
import { digamma, trigamma, trigammaInverse } from './distributions.js';

/** How windows scatter, learnt from all judged functions of both sides together. */
export interface Noise {
  /** Squared coefficient of variation of a function's rate from window to window, beyond counting. */
  readonly excess: number;
  /** Correlation of a window's excess with that of the next, 0 to 0.98. */
  readonly autocorrelation: number;
  /** How many times the variance of a mean is larger for the autocorrelation. */
  readonly inflation: number;
  /** The least inflation that the windows are in good agreement with: one standard error down. */
  readonly cautiousInflation: number;
  /** Of each side: as many independent windows would tell as much. */
  readonly effectiveWindows: readonly [number, number];
  /** The same by the cautious inflation. */
  readonly cautiousEffectiveWindows: readonly [number, number];
  /** Degrees of freedom of a judged function's variance. */
  readonly degrees: number;
  /** Variance of the mean rate of a judged function (by its place among the judged) on side 0 or 1. */
  varianceOfMean(judgedIndex: number, side: 0 | 1): number;
}

/** A function on a side: what its windows show. */
interface Scatter {
  /** Mean count a window. */
  readonly mean: number;
  /** Mean of the squared expected counts: what the excess multiplies. */
  readonly square: number;
  /** Variance of the counts around their expectation. */
  readonly variance: number;
  /** Covariance of neighbours, with what residuals around a mean lose added. */
  readonly neighbours: number;
  readonly windows: number;
}

const mostDegrees = 1000;
const mostAutocorrelation = 0.98;
/** Below this mean count the logarithm of a variance is skewed and tells nothing of the others. */
const leastMeanForModeration = 5;

/**
 * Variance of counts = mean + excess x mean^2, with one excess for all functions (as edgeR's common dispersion), then
 * moderated for each function by empirical Bayes (Smyth 2004; Lund et al. 2012 for counts); its autocorrelation as AR(1).
 * Functions of which a sample counts for `nesting` say the same thing as often: what is pooled is surer by that much less.
 */
export function noiseOf(
  sides: readonly [WindowCounts, WindowCounts],
  judged: readonly number[],
  nesting: number,
): Noise {
  const scatter = judged.map((f) => sides.map((side) => scatterOf(side, f)) as [Scatter, Scatter]);
  const windows = sides.map((side) => side.exposures.length) as [number, number];
  const pooled = pooledExcess(scatter, nesting);
  const correlation = pooled.significant ? pooledCorrelation(scatter, pooled.excess, nesting) : undefined;
  const typical = 2 / (1 / Math.max(2, windows[0]) + 1 / Math.max(2, windows[1]));
  // Without an excess there is nothing that could be correlated.
  const autocorrelation = correlation === undefined ? 0 : unbiased(correlation.lagOne, typical);
  const cautious = correlation === undefined ? 0 : unbiased(correlation.lagOne - correlation.error, typical);
  const inflation = inflationOf(autocorrelation, typical);
  const cautiousInflation = inflationOf(cautious, typical);
  const excess = pooled.excess / shrinkage(inflation, typical);
  const moderated = moderate(scatter, excess, autocorrelation, typical);
  const meanExposure = sides.map((side) => side.exposures.reduce((a, b) => a + b, 0) / side.exposures.length);
  return {
    excess,
    autocorrelation,
    inflation,
    cautiousInflation,
    effectiveWindows: [windows[0] / inflation, windows[1] / inflation],
    cautiousEffectiveWindows: [windows[0] / cautiousInflation, windows[1] / cautiousInflation],
    degrees: moderated.degrees,
    varianceOfMean: (index, side) => {
      const of = scatter[index]?.[side];
      if (of === undefined) return 0;
      const modelled = (moderated.factors[index] ?? 1) * (of.mean + excess * of.square);
      const beyond = Math.max(0, modelled - of.mean);
      // A side without samples has not no variance: one sample could have been there.
      const counting = Math.max(of.mean, 1 / of.windows);
      return (counting + beyond * inflation) / of.windows / (meanExposure[side] ?? 1) ** 2;
    },
  };
}

function scatterOf(side: WindowCounts, f: number): Scatter {
  const { counts, exposures } = side;
  const windows = exposures.length;
  const width = windows === 0 ? 0 : counts.length / windows;
  let total = 0;
  let exposed = 0;
  for (let w = 0; w < windows; w++) {
    total += counts[w * width + f] ?? 0;
    exposed += exposures[w] ?? 0;
  }
  const rate = exposed > 0 ? total / exposed : 0;
  let square = 0;
  let variance = 0;
  let neighbours = 0;
  let before = 0;
  for (let w = 0; w < windows; w++) {
    const expected = rate * (exposures[w] ?? 0);
    const residual = (counts[w * width + f] ?? 0) - expected;
    square += expected * expected;
    variance += residual * residual;
    neighbours += before * residual;
    before = residual;
  }
  const degrees = Math.max(1, windows - 1);
  const mean = windows === 0 ? 0 : total / windows;
  return {
    mean,
    square: windows === 0 ? 0 : square / windows,
    variance: variance / degrees,
    neighbours: neighbours / degrees + (windows === 0 ? 0 : mean / windows),
    windows,
  };
}

/** The excess that explains the scatter best, each function with the weight of what it can tell. */
function pooledExcess(
  scatter: readonly (readonly [Scatter, Scatter])[],
  nesting: number,
): { excess: number; significant: boolean } {
  let excess = 0;
  let significant = false;
  for (let round = 0; round < 8; round++) {
    let seen = 0;
    let possible = 0;
    let chance = 0;
    for (const of of scatter.flat()) {
      if (of.mean <= 0) continue;
      const weight = weightOf(of, excess);
      seen += weight * (of.variance - of.mean);
      possible += weight * of.square;
      chance += weight ** 2 * ((2 * of.mean ** 2) / Math.max(1, of.windows - 1) + of.mean / Math.max(1, of.windows));
    }
    excess = possible > 0 ? Math.max(0, seen / possible) : 0;
    // The first round has the weights of no excess, which is what is tested.
    if (round === 0) significant = seen > 2 * Math.sqrt(nesting * chance);
  }
  return { excess, significant };
}

function weightOf(of: Scatter, excess: number): number {
  return of.square / (of.mean + excess * of.square) ** 2;
}

/** Correlation of neighbouring excesses over all functions, with its standard error by how the functions disagree. */
function pooledCorrelation(
  scatter: readonly (readonly [Scatter, Scatter])[],
  excess: number,
  nesting: number,
): { lagOne: number; error: number } | undefined {
  let together = 0;
  let alone = 0;
  const parts = scatter.map((sides) => {
    let covariance = 0;
    let variance = 0;
    for (const of of sides) {
      if (of.mean <= 0) continue;
      const weight = weightOf(of, excess);
      covariance += weight * of.neighbours;
      variance += weight * (of.variance - of.mean);
    }
    together += covariance;
    alone += variance;
    return { covariance, variance };
  });
  if (alone <= 0) return undefined;
  const lagOne = together / alone;
  const squares = parts.reduce((sum, part) => sum + (part.covariance - lagOne * part.variance) ** 2, 0);
  return { lagOne, error: Math.sqrt(nesting * squares) / alone };
}

/**
 * n times the variance of the mean of n neighbours of an AR(1) series with variance 1.
 *
 * Example: 1 without correlation, about (1 + r) / (1 - r) for many windows.
 */
export function inflationOf(autocorrelation: number, windows: number): number {
  let sum = 1;
  let power = 1;
  for (let lag = 1; lag < windows; lag++) {
    power *= autocorrelation;
    sum += 2 * (1 - lag / windows) * power;
  }
  return sum;
}

/** What part of the variance is left in residuals around the mean of correlated windows. */
function shrinkage(inflation: number, windows: number): number {
  return Math.max(0.2, (windows - inflation) / Math.max(1, windows - 1));
}

/** The autocorrelation that would show itself as `lagOne` in residuals around a mean; at least 0. */
function unbiased(lagOne: number, windows: number): number {
  let low = 0;
  let high = mostAutocorrelation;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    const inflation = inflationOf(middle, windows);
    const shows = (middle - inflation / windows) / shrinkage(inflation, windows);
    if (shows < lagOne) low = middle;
    else high = middle;
  }
  return (low + high) / 2 < 1e-6 ? 0 : (low + high) / 2;
}

/** For each function what its variance is of the common model's, between the two as the spread of all functions tells. */
function moderate(
  scatter: readonly (readonly [Scatter, Scatter])[],
  excess: number,
  autocorrelation: number,
  windows: number,
): { factors: readonly number[]; degrees: number } {
  // The variance of correlated windows is known as well as that of fewer independent ones (Bartlett 1946).
  const square = autocorrelation ** 2;
  const own = Math.max(1, (2 * (windows - 1) * (1 - square)) / (1 + square));
  const inflation = inflationOf(autocorrelation, windows);
  const kept = shrinkage(inflation, windows);
  const ratios = scatter.map((sides) => {
    let seen = 0;
    let modelled = 0;
    for (const of of sides) {
      seen += of.variance;
      modelled += of.mean + kept * excess * of.square;
    }
    return modelled > 0 ? seen / modelled : 1;
  });
  const logs: number[] = [];
  ratios.forEach((ratio, i) => {
    const of = scatter[i];
    if (of !== undefined && ratio > 0 && (of[0].mean + of[1].mean) / 2 >= leastMeanForModeration) {
      logs.push(Math.log(ratio) - digamma(own / 2) + Math.log(own / 2));
    }
  });
  if (logs.length < 3) return { factors: ratios.map(() => 1), degrees: Math.min(mostDegrees, own) };
  const center = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const spread = logs.reduce((sum, value) => sum + (value - center) ** 2, 0) / (logs.length - 1);
  const beyond = spread - trigamma(own / 2);
  if (beyond <= 0) return { factors: ratios.map(() => 1), degrees: mostDegrees };
  const prior = Math.min(mostDegrees, 2 * trigammaInverse(beyond));
  const level = Math.exp(center + digamma(prior / 2) - Math.log(prior / 2));
  return {
    factors: ratios.map((ratio) => (prior * level + own * ratio) / (prior + own)),
    degrees: Math.min(mostDegrees, prior + own),
  };
}
