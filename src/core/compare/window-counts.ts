import { f64At, u32At } from '../profile/columns.js';

/**
 * The windows of one side over the nodes of a call tree, as they are there: a row a window, in time order, with the nodes
 * that were on top of a stack in it and how many samples each had.
 *
 * Example: node 3 with 2 samples in the first window of 15 s, nodes 1 and 3 with 1 and 4 in the next:
 *   seconds [15, 15], rowStart [0, 1, 3], node [3, 1, 3], samples [2, 1, 4].
 */
export interface NodeWindows {
  readonly seconds: Float64Array;
  /** One more than windows: the entries of window w are [rowStart[w], rowStart[w + 1]). */
  readonly rowStart: Uint32Array;
  readonly node: Uint32Array;
  readonly samples: Float64Array;
}

/**
 * The value of one sample, told from values that are sums of samples: the largest number that divides them all, unless it
 * divides them as anything does. Otherwise (agents of several rates, bytes) the value in their middle: taken too large it
 * makes noise look larger than it is, and never smaller. 0 when there is no value.
 */
export function sampleWorth(values: Float64Array): number {
  const found = new Float64Array(Math.min(lookedAt, values.length));
  let count = 0;
  for (let index = 0; index < values.length && count < lookedAt; index++) {
    const value = f64At(values, index);
    if (value > 0) found[count++] = value;
  }
  if (count === 0) return 0;
  const some = found.subarray(0, count).sort();
  const smallest = f64At(some, 0);
  const divisor = some.reduce(commonDivisor, 0);
  return smallest / divisor <= mostInSmallest ? divisor : f64At(some, Math.floor(some.length / 2));
}

const lookedAt = 20_000;
/** Samples of the rarest stack; where a divisor makes more of it, what was divided is no multiple of anything. */
const mostInSmallest = 1000;

function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, Math.round(b)];
  while (y > 0) [x, y] = [y, x % y];
  return Math.max(1, x);
}

/** The same windows after the nodes moved: `map` is by node, `nowhere` for what an operation left out. */
export function moveWindows(windows: NodeWindows, map: Uint32Array, nowhere: number): NodeWindows {
  const rowStart = new Uint32Array(windows.rowStart.length);
  const node = new Uint32Array(windows.node.length);
  const samples = new Float64Array(windows.node.length);
  let end = 0;
  for (let row = 0; row + 1 < rowStart.length; row++) {
    for (let at = u32At(windows.rowStart, row); at < u32At(windows.rowStart, row + 1); at++) {
      const to = u32At(map, u32At(windows.node, at));
      if (to === nowhere) continue;
      node[end] = to;
      samples[end++] = f64At(windows.samples, at);
    }
    rowStart[row + 1] = end;
  }
  return { seconds: windows.seconds, rowStart, node: node.slice(0, end), samples: samples.slice(0, end) };
}

/** Clocks that are set right a little at a time move windows by less. */
const overlapSlackMs = 1000;

/**
 * How many windows begin before the one before them has ended: a clock that was set back measures a time twice. A window of which nobody knows
 * when it began (NaN) overlaps with none.
 *
 * Example: windows of 15 s that begin at 0, 15, 5 and 20 s: one.
 */
export function overlapsOf(startMs: readonly number[], seconds: Float64Array): number {
  let overlaps = 0;
  for (let row = 1; row < startMs.length; row++) {
    const endMs = (startMs[row - 1] ?? NaN) + 1000 * f64At(seconds, row - 1);
    if ((startMs[row] ?? NaN) < endMs - overlapSlackMs) overlaps++;
  }
  return overlaps;
}

/** Two ranges of windows that lie next to each other, by rows: [from, middle) and [middle, to). */
export interface Neighbours {
  readonly from: number;
  readonly middle: number;
  readonly to: number;
}

/** Windows [from, to). */
export function windowsBetween(
  { seconds, rowStart, node, samples }: NodeWindows,
  from: number,
  to: number,
): NodeWindows {
  const [first, end] = [u32At(rowStart, from), u32At(rowStart, to)];
  return {
    seconds: seconds.slice(from, to),
    rowStart: rowStart.slice(from, to + 1).map((at) => at - first),
    node: node.slice(first, end),
    samples: samples.slice(first, end),
  };
}

/** What each node had itself in all windows together. */
export function selfSamples(windows: NodeWindows, nodeCount: number): Float64Array {
  const self = new Float64Array(nodeCount);
  for (let at = 0; at < windows.node.length; at++) {
    const node = u32At(windows.node, at);
    self[node] = f64At(self, node) + f64At(windows.samples, at);
  }
  return self;
}
