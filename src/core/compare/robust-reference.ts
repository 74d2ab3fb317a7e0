import { f64At } from '../profile/columns.js';

/** What of two sides did not move, and by how much all of it is more on the comparison's side. */
export interface Reference {
  /** What baseline values are multiplied with to be like the comparison's. */
  readonly factor: number;
  /** Standard error of the factor's logarithm. */
  readonly error: number;
}

/**
 * Shares sum to one, so what one function takes all others lose. Measured is therefore against the middle of what both
 * sides have: the median of the logarithm of comparison / baseline over stacks, each with the weight of what both sides
 * surely have of it. As long as less than half of that weight moved, the median is where it did not (as the factors of
 * DESeq: Anders and Huber, Genome Biology 11, 2010).
 *
 * Example: baseline [10, 10, 10], comparison [20, 20, 60]: the factor is 2, and the last one is what changed.
 *
 * Undefined when nothing is on both sides. The values are samples: what has less than a handful on both sides together is left to `rest`, where few belong together.
 */
export function robustReference(
  baseline: Float64Array,
  comparison: Float64Array,
  rest?: Uint32Array,
): Reference | undefined {
  const pairs = pairsOf(baseline, comparison, rest);
  if (pairs.length === 0) return undefined;
  // The first weights are those that no load can tilt; the next ones are known once the load is.
  let factor = weightedMedian(pairs, ({ before, after }) => Math.sqrt(before * after));
  for (let round = 0; round < rounds; round++) {
    const load = factor;
    factor = weightedMedian(pairs, ({ before, after }) => (before * load * after) / (before * load + after));
    if (factor === load) break;
  }
  // Under counting a ratio's logarithm has the variance 1 / before + 1 / after; a median of normal ones errs by
  // sqrt(pi / 2) more than their mean.
  const told = pairs.reduce((sum, { before, after }) => sum + (before * after) / (before + after), 0);
  return { factor, error: Math.sqrt(Math.PI / 2 / told) };
}

/**
 * Marks what did not move, given by how much all of it is more: what is as much as that, within what counting scatters or a
 * tenth. Its course tells how the load went from window to window.
 */
export function unmoved(baseline: Float64Array, comparison: Float64Array, factor: number): Uint8Array {
  const marks = new Uint8Array(baseline.length);
  for (let index = 0; index < baseline.length; index++) {
    const before = f64At(baseline, index);
    const after = f64At(comparison, index);
    if (before + after < leastTogether || before <= 0 || after <= 0) continue;
    const away = Math.abs(Math.log(after / before / factor));
    if (away <= Math.max(nearEnough, scatters * Math.sqrt(1 / before + 1 / after))) marks[index] = 1;
  }
  return marks;
}

const nearEnough = 0.1;
const scatters = 3;
const rounds = 20;
const leastTogether = 10;

interface Pair {
  readonly ratio: number;
  readonly before: number;
  readonly after: number;
}

/** What is on both sides, by rising comparison / baseline. */
function pairsOf(baseline: Float64Array, comparison: Float64Array, rest: Uint32Array | undefined): readonly Pair[] {
  const pairs: Pair[] = [];
  const add = (before: number, after: number): void => {
    if (before + after >= leastTogether && before > 0 && after > 0)
      pairs.push({ ratio: after / before, before, after });
  };
  const few = new Map<number, { before: number; after: number }>();
  for (let index = 0; index < baseline.length; index++) {
    const before = f64At(baseline, index);
    const after = f64At(comparison, index);
    if (before + after >= leastTogether || rest === undefined) add(before, after);
    else if (before + after > 0) {
      const group = rest[index] ?? 0;
      const sum = few.get(group) ?? { before: 0, after: 0 };
      few.set(group, { before: sum.before + before, after: sum.after + after });
    }
  }
  for (const { before, after } of few.values()) add(before, after);
  return pairs.sort((a, b) => a.ratio - b.ratio);
}

/** The ratio that the middle of the weight lies in; between two of them, as a factor, where it lies on their border. */
function weightedMedian(pairs: readonly Pair[], weightOf: (pair: Pair) => number): number {
  const weights = pairs.map(weightOf);
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  let reached = 0;
  for (const [index, { ratio }] of pairs.entries()) {
    reached += weights[index] ?? 0;
    if (Math.abs(reached - half) <= 1e-12 * half) return Math.sqrt(ratio * (pairs[index + 1]?.ratio ?? ratio));
    if (reached > half) return ratio;
  }
  return 1;
}
