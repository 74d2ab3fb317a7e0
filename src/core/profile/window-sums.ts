import { f64At, u32At } from './columns.js';
import { totalsOf } from './call-tree.js';
import { nowhere, type NodeValues } from './sum-up.js';

/**
 * Windows over call nodes, as a sparse matrix by rows: window w began at startMs[w] and saw node[i] with value[i] for i in
 * [rowStart[w], rowStart[w + 1]). Windows are in the order of their beginning. `nowhere` stands for what operations left out.
 */
export interface WindowColumns {
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly rowStart: Uint32Array;
  readonly node: Uint32Array;
  readonly value: Float64Array;
}

/** The windows that began in [startMs, endMs), as a range of their indices: what a source takes for a range, too. */
export function windowsWithin(
  windows: Pick<WindowColumns, 'startMs'>,
  startMs: number,
  endMs: number,
): { readonly first: number; readonly end: number } {
  const at = (timeMs: number): number => {
    let low = 0;
    let high = windows.startMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (f64At(windows.startMs, middle) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const first = at(startMs);
  return { first, end: Math.max(first, at(endMs)) };
}

/**
 * Own values and totals of call nodes over the windows [first, end). `parent` is that of the nodes, smaller than its node
 * everywhere but at 0.
 *
 * Example: parent [0, 0, 1], windows {1: 2}, {2: 3} and {1: 1}: the first two make self [0, 2, 3] and total [5, 5, 3].
 */
export function sumWindows(windows: WindowColumns, parent: Uint32Array, first: number, end: number): NodeValues {
  const { rowStart, node, value } = windows;
  const self = new Float64Array(parent.length);
  const last = u32At(rowStart, end);
  for (let entry = u32At(rowStart, first); entry < last; entry++) {
    const at = u32At(node, entry);
    if (at !== nowhere) self[at] = f64At(self, at) + f64At(value, entry);
  }
  return { self, total: totalsOf(parent, self) };
}
