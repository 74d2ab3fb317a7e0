import type { CallNodes, CallTree } from '../profile/call-tree.js';
import { f64At, u32At } from '../profile/columns.js';

/** A tree and, by its functions, their numbers in the merged tree. Siblings may become one by them. */
export interface AlignedSide {
  readonly tree: CallTree;
  readonly toMerged: Uint32Array;
}

/** Every node that either side has, in depth-first order, with what each side had itself in it. */
export interface AlignedTrees {
  readonly nodes: CallNodes;
  readonly comparisonSelf: Float64Array;
  readonly baselineSelf: Float64Array;
}

/** Nodes that wait for their turn, each with the first of its nodes on either side: number + 1, 0 for none. */
interface Waiting {
  comparison: Uint32Array;
  baseline: Uint32Array;
  callee: Uint32Array;
  caller: Uint32Array;
}

/**
 * Walks both trees at once from the root. The children of a node are matched by a column over all functions that says which node
 * last had a child of a function, and where that child waits: no table of a million pairs has to be searched, and what is read
 * lies together. Children of the comparison come first, in their order, then those that only the baseline has.
 *
 * Example: comparison a(b, c), baseline a(c, d), e: merged a(b, c, d), e.
 */
export function alignTrees(comparison: AlignedSide, baseline: AlignedSide, functionCount: number): AlignedTrees {
  const most = comparison.tree.nodeCount + baseline.tree.nodeCount - 1;
  const functionIndex = new Uint32Array(most);
  const parent = new Uint32Array(most);
  const depth = new Uint32Array(most);
  const comparisonSelf = new Float64Array(most);
  const baselineSelf = new Float64Array(most);
  // By node of a side, the next one that is the same merged node: number + 1.
  const sameComparison = new Uint32Array(comparison.tree.nodeCount);
  const sameBaseline = new Uint32Array(baseline.tree.nodeCount);
  const lastCaller = new Uint32Array(functionCount); // merged caller + 1
  const waitsAt = new Uint32Array(functionCount);
  let waiting = room(1024);
  let top = 0;
  let made = 0;

  const push = (callee: number, caller: number, ofComparison: number, ofBaseline: number): void => {
    if (top === waiting.callee.length) waiting = widened(waiting);
    waiting.comparison[top] = ofComparison;
    waiting.baseline[top] = ofBaseline;
    waiting.callee[top] = callee;
    waiting.caller[top] = caller;
    top++;
  };
  /** Lets the children of a merged node wait; answers what a side had itself in it. */
  const takeChildren = (side: AlignedSide, same: Uint32Array, first: number, node: number, which: 0 | 1): number => {
    const { self, subtreeEnd, functionIndex: callees } = side.tree;
    const { toMerged } = side;
    let own = 0;
    for (let at = first; at !== 0; at = u32At(same, at - 1)) {
      own += f64At(self, at - 1);
      const end = u32At(subtreeEnd, at - 1);
      for (let child = at; child < end; child = u32At(subtreeEnd, child)) {
        const callee = u32At(toMerged, u32At(callees, child));
        if (u32At(lastCaller, callee) !== node + 1) {
          lastCaller[callee] = node + 1;
          waitsAt[callee] = top;
          push(callee, node, which === 0 ? child + 1 : 0, which === 0 ? 0 : child + 1);
          continue;
        }
        const waits = which === 0 ? waiting.comparison : waiting.baseline;
        const place = u32At(waitsAt, callee);
        same[child] = u32At(waits, place);
        waits[place] = child + 1;
      }
    }
    return own;
  };
  push(0, 0, 1, 1);
  while (top > 0) {
    top--;
    const node = made++;
    const caller = u32At(waiting.caller, top);
    functionIndex[node] = u32At(waiting.callee, top);
    parent[node] = caller;
    depth[node] = node === 0 ? 0 : u32At(depth, caller) + 1;
    const firstComparison = u32At(waiting.comparison, top);
    const firstBaseline = u32At(waiting.baseline, top);
    const bottom = top;
    comparisonSelf[node] = takeChildren(comparison, sameComparison, firstComparison, node, 0);
    baselineSelf[node] = takeChildren(baseline, sameBaseline, firstBaseline, node, 1);
    reverse(waiting, bottom, top); // the first child is the first to be taken
  }

  const subtreeEnd = new Uint32Array(made);
  for (let node = made - 1; node >= 0; node--) {
    if (u32At(subtreeEnd, node) === 0) subtreeEnd[node] = node + 1;
    const caller = u32At(parent, node);
    // The last child ends where its caller does, and comes first from behind.
    if (u32At(subtreeEnd, caller) === 0) subtreeEnd[caller] = u32At(subtreeEnd, node);
  }
  return {
    nodes: {
      nodeCount: made,
      functionIndex: functionIndex.slice(0, made),
      parent: parent.slice(0, made),
      subtreeEnd,
      depth: depth.slice(0, made),
    },
    comparisonSelf: comparisonSelf.slice(0, made),
    baselineSelf: baselineSelf.slice(0, made),
  };
}

function room(count: number): Waiting {
  return {
    comparison: new Uint32Array(count),
    baseline: new Uint32Array(count),
    callee: new Uint32Array(count),
    caller: new Uint32Array(count),
  };
}

function widened(narrow: Waiting): Waiting {
  const wide = room(narrow.callee.length * 2);
  wide.comparison.set(narrow.comparison);
  wide.baseline.set(narrow.baseline);
  wide.callee.set(narrow.callee);
  wide.caller.set(narrow.caller);
  return wide;
}

/** All of them have one caller. */
function reverse({ comparison, baseline, callee }: Waiting, from: number, to: number): void {
  for (let low = from, high = to - 1; low < high; low++, high--) {
    swap(comparison, low, high);
    swap(baseline, low, high);
    swap(callee, low, high);
  }
}

function swap(column: Uint32Array, one: number, other: number): void {
  const kept = u32At(column, one);
  column[one] = u32At(column, other);
  column[other] = kept;
}
