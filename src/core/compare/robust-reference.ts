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
 * Undefined when nothing is on both sides. The values are samples, or worth so much for each sample. With `parent`, the values are
 * those of a tree's nodes, and what has less than a handful of samples on both sides together is added up with its neighbours below
 * the nearest caller that has enough of them: callers that only one side has then take nothing along of what both have. The factor is
 * of samples.
 */
export function robustReference(
  baseline: Float64Array,
  comparison: Float64Array,
  parent?: Uint32Array,
  worths: readonly [number, number] = [1, 1],
): Reference | undefined {
  const pairs = inHeaps(pairsOf(baseline, comparison, parent, worths));
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

/** What is on both sides. */
interface Pairs {
  readonly before: Float64Array;
  readonly after: Float64Array;
}

function pairsOf(
  baseline: Float64Array,
  comparison: Float64Array,
  parent: Uint32Array | undefined,
  [worthBefore, worthAfter]: readonly [number, number],
): Pairs {
  const nodes = baseline.length;
  const least = parent === undefined ? leastTogether : leastForAll(baseline, comparison, [worthBefore, worthAfter]);
  const enough = Math.max(least, leastPooled);
  const before = new Float64Array(nodes);
  const after = new Float64Array(nodes);
  let count = 0;
  const add = (one: number, other: number): void => {
    if (one + other < leastTogether || one <= 0 || other <= 0) return;
    before[count] = one;
    after[count++] = other;
  };
  const fewBefore = new Float64Array(parent === undefined ? 0 : nodes);
  const fewAfter = new Float64Array(fewBefore.length);
  // Callees have larger numbers than their callers: from the last node on, a node's few are all there when its turn comes.
  for (let node = nodes - 1; node >= 0; node--) {
    const one = f64At(baseline, node) / worthBefore;
    const other = f64At(comparison, node) / worthAfter;
    const alone = parent === undefined || one + other >= least;
    if (alone) add(one, other);
    if (parent === undefined) continue;
    const few = f64At(fewBefore, node) + (alone ? 0 : one);
    const fewOther = f64At(fewAfter, node) + (alone ? 0 : other);
    // What is new or gone for sure is nothing that both have, whoever called it.
    const oneSided = few + fewOther >= leastTogether && (few === 0 || fewOther === 0);
    if (few + fewOther >= enough || node === 0) add(few, fewOther);
    else if (few + fewOther > 0 && !oneSided) {
      const caller = u32At(parent, node);
      fewBefore[caller] = f64At(fewBefore, caller) + few;
      fewAfter[caller] = f64At(fewAfter, caller) + fewOther;
    }
  }
  return { before: before.subarray(0, count), after: after.subarray(0, count) };
}

/** So many samples are added up, so that their ratio is no matter of a sample more or less. */
const leastPooled = 40;

/** Of so many stacks the ones with the most samples speak for themselves; the others do together with their neighbours. */
const mostAlone = 65_536;

/** How many samples a stack must have to be a pair of its own, a power of two times the least. */
function leastForAll(
  baseline: Float64Array,
  comparison: Float64Array,
  [worthBefore, worthAfter]: readonly [number, number],
): number {
  const byDoublings = new Uint32Array(64);
  for (let index = 0; index < baseline.length; index++) {
    const together = f64At(baseline, index) / worthBefore + f64At(comparison, index) / worthAfter;
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

/** Pairs by heaps of rising ratios; within a heap in the order in which they were. */
interface HeapedPairs extends Pairs {
  readonly ratio: Float64Array;
  /** By heap its first pair, and the number of pairs. */
  readonly start: Uint32Array;
}

function inHeaps({ before, after }: Pairs): HeapedPairs {
  const count = before.length;
  const unordered = new Float64Array(count);
  for (let pair = 0; pair < count; pair++) unordered[pair] = f64At(after, pair) / f64At(before, pair);
  const heapOf = heapsOf(unordered);
  const start = new Uint32Array(heaps + 1);
  for (let pair = 0; pair < count; pair++) {
    const behind = heapOf(f64At(unordered, pair)) + 1;
    start[behind] = u32At(start, behind) + 1;
  }
  for (let heap = 1; heap <= heaps; heap++) start[heap] = u32At(start, heap) + u32At(start, heap - 1);
  const next = start.slice();
  const ordered = { before: new Float64Array(count), after: new Float64Array(count), ratio: new Float64Array(count) };
  for (let pair = 0; pair < count; pair++) {
    const heap = heapOf(f64At(unordered, pair));
    const to = u32At(next, heap);
    next[heap] = to + 1;
    ordered.before[to] = f64At(before, pair);
    ordered.after[to] = f64At(after, pair);
    ordered.ratio[to] = f64At(unordered, pair);
  }
  return { ...ordered, start };
}

/** Tells which heap a value belongs to, of those that lie between the least and the most of some values. */
function heapsOf(values: Float64Array): (value: number) => number {
  const [least, most] = extent(values);
  const perHeap = heaps / (most - least);
  return (value) => {
    const heap = Math.floor((value - least) * perHeap);
    return heap > 0 ? Math.min(heap, heaps - 1) : 0;
  };
}

/**
 * The ratio that the middle of the weight lies in; between two of them, as a factor, where it lies on their border. Nothing is
 * sorted: the heap that the middle lies in is put into heaps again, until it holds one ratio.
 */
function weightedMedian({ ratio, start }: HeapedPairs, weights: Float64Array): number {
  const heapWeights = new Float64Array(heaps);
  for (let heap = 0; heap < heaps; heap++) {
    let sum = 0;
    for (let pair = u32At(start, heap); pair < u32At(start, heap + 1); pair++) sum += f64At(weights, pair);
    heapWeights[heap] = sum;
  }
  const half = sumOf(heapWeights) / 2;
  const border = 1e-12 * half;
  let { heap, below } = middleHeap(heapWeights, 0, half - border);
  let values = ratio.subarray(u32At(start, heap), u32At(start, heap + 1));
  let own = weights.subarray(u32At(start, heap), u32At(start, heap + 1));
  if (values.length === 0) return 1; // weights that are no numbers
  for (;;) {
    const [least, most] = extent(values);
    if (least === most) break;
    const heapOf = heapsOf(values);
    heapWeights.fill(0);
    for (let at = 0; at < values.length; at++) {
      const into = heapOf(f64At(values, at));
      heapWeights[into] = f64At(heapWeights, into) + f64At(own, at);
    }
    ({ heap, below } = middleHeap(heapWeights, below, half - border));
    let kept = 0;
    const keptValues = new Float64Array(values.length);
    const keptWeights = new Float64Array(values.length);
    for (let at = 0; at < values.length; at++) {
      if (heapOf(f64At(values, at)) !== heap) continue;
      keptValues[kept] = f64At(values, at);
      keptWeights[kept++] = f64At(own, at);
    }
    // Too small a part of the whole, or of a range, to be told from rounding.
    if (kept === 0 || kept === values.length) return least;
    values = keptValues.subarray(0, kept);
    own = keptWeights.subarray(0, kept);
  }
  const middle = f64At(values, 0);
  if (below + sumOf(own) > half + border) return middle;
  let next = Infinity;
  for (const other of ratio) if (other > middle && other < next) next = other;
  return next === Infinity ? middle : Math.sqrt(middle * next);
}

/** The first heap with which so much weight is reached, and what lies below it. */
function middleHeap(heapWeights: Float64Array, from: number, reach: number): { heap: number; below: number } {
  let heap = 0;
  let below = from;
  while (heap < heaps - 1 && below + f64At(heapWeights, heap) < reach) below += f64At(heapWeights, heap++);
  return { heap, below };
}

/** More of them than one needs for most profiles in two rounds, and few enough to lie in a cache. */
const heaps = 2048;

function extent(values: Float64Array): readonly [least: number, most: number] {
  let least = Infinity;
  let most = -Infinity;
  for (let at = 0; at < values.length; at++) {
    const value = f64At(values, at);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += f64At(values, at);
  return sum;
}
