import { f64At, u32At } from '../profile/columns.js';

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
  const { before, after } = pairs;
  const count = before.length;
  if (count === 0) return undefined;
  const weights = new Float64Array(count);
  // The first weights are those that no load can tilt; the next ones are known once the load is.
  for (let pair = 0; pair < count; pair++) weights[pair] = Math.sqrt(f64At(before, pair) * f64At(after, pair));
  let factor = weightedMedian(pairs, weights);
  for (let round = 0; round < rounds; round++) {
    const load = factor;
    for (let pair = 0; pair < count; pair++) {
      const loaded = f64At(before, pair) * load;
      weights[pair] = (loaded * f64At(after, pair)) / (loaded + f64At(after, pair));
    }
    factor = weightedMedian(pairs, weights);
    if (factor === load) break;
  }
  // Under counting a ratio's logarithm has the variance 1 / before + 1 / after; a median of normal ones errs by
  // sqrt(pi / 2) more than their mean.
  let told = 0;
  for (let pair = 0; pair < count; pair++) {
    told += (f64At(before, pair) * f64At(after, pair)) / (f64At(before, pair) + f64At(after, pair));
  }
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

/** What is on both sides, by rising comparison / baseline. */
interface Pairs {
  readonly before: Float64Array;
  readonly after: Float64Array;
}

function pairsOf(baseline: Float64Array, comparison: Float64Array, rest: Uint32Array | undefined): Pairs {
  const groups = rest === undefined ? 0 : largest(rest) + 1;
  const fewBefore = new Float64Array(groups);
  const fewAfter = new Float64Array(groups);
  const least = groups === 0 ? leastTogether : leastForAll(baseline, comparison);
  const before = new Float64Array(baseline.length + groups);
  const after = new Float64Array(baseline.length + groups);
  let count = 0;
  const add = (one: number, other: number): void => {
    if (one + other < leastTogether || one <= 0 || other <= 0) return;
    before[count] = one;
    after[count++] = other;
  };
  for (let index = 0; index < baseline.length; index++) {
    const one = f64At(baseline, index);
    const other = f64At(comparison, index);
    if (one + other >= least || rest === undefined) add(one, other);
    else if (one + other > 0) {
      const group = u32At(rest, index);
      fewBefore[group] = f64At(fewBefore, group) + one;
      fewAfter[group] = f64At(fewAfter, group) + other;
    }
  }
  for (let group = 0; group < groups; group++) add(f64At(fewBefore, group), f64At(fewAfter, group));
  const order = byRisingRatio(before, after, count);
  const sorted = (column: Float64Array): Float64Array => {
    const to = new Float64Array(count);
    for (let at = 0; at < count; at++) to[at] = f64At(column, u32At(order, at));
    return to;
  };
  return { before: sorted(before), after: sorted(after) };
}

/** Of so many stacks the ones with the most samples speak for themselves; the others do by function. */
const mostAlone = 65_536;

/** How many samples a stack must have to be a pair of its own, a power of two times the least. */
function leastForAll(baseline: Float64Array, comparison: Float64Array): number {
  const byDoublings = new Uint32Array(64);
  for (let index = 0; index < baseline.length; index++) {
    const together = f64At(baseline, index) + f64At(comparison, index);
    if (together < leastTogether) continue;
    const doublings = Math.min(63, 31 - Math.clz32(together / leastTogether));
    byDoublings[doublings] = u32At(byDoublings, doublings) + 1;
  }
  let alone = 0;
  for (let doublings = 63; doublings >= 0; doublings--) {
    alone += u32At(byDoublings, doublings);
    if (alone > mostAlone) return leastTogether * 2 ** (doublings + 1);
  }
  return leastTogether;
}

function largest(column: Uint32Array): number {
  let most = 0;
  for (let index = 0; index < column.length; index++) most = Math.max(most, u32At(column, index));
  return most;
}

/**
 * Indices in the order of their ratios. Numbers alone are sorted ten times as fast as anything with a function that compares: each
 * ratio carries its index in the low half of its bits, and what that put into the wrong order, a millionth apart, is put right.
 */
function byRisingRatio(before: Float64Array, after: Float64Array, count: number): Uint32Array {
  const ratioAt = (index: number): number => f64At(after, index) / f64At(before, index);
  const keys = new Float64Array(count);
  const halves = new Uint32Array(keys.buffer);
  for (let index = 0; index < count; index++) {
    keys[index] = ratioAt(index);
    halves[2 * index + lowHalf] = index;
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    const index = u32At(halves, 2 * at + lowHalf);
    const ratio = ratioAt(index);
    let to = at;
    for (; to > 0 && ratioAt(u32At(order, to - 1)) > ratio; to--) order[to] = u32At(order, to - 1);
    order[to] = index;
  }
  return order;
}

/** Which half of a number's bits is the low one on this machine. */
const lowHalf = new Uint32Array(Float64Array.of(1).buffer)[0] === 0 ? 0 : 1;

/** The ratio that the middle of the weight lies in; between two of them, as a factor, where it lies on their border. */
function weightedMedian({ before, after }: Pairs, weights: Float64Array): number {
  let whole = 0;
  for (let pair = 0; pair < weights.length; pair++) whole += f64At(weights, pair);
  const half = whole / 2;
  let reached = 0;
  for (let pair = 0; pair < weights.length; pair++) {
    reached += f64At(weights, pair);
    const ratio = f64At(after, pair) / f64At(before, pair);
    if (Math.abs(reached - half) <= 1e-12 * half) {
      const next = Math.min(pair + 1, weights.length - 1);
      return Math.sqrt((ratio * f64At(after, next)) / f64At(before, next));
    }
    if (reached > half) return ratio;
  }
  return 1;
}
