import type { CallTree } from './call-tree.js';
import { f64At, u32At } from './columns.js';

/** Self and total by function index. */
export interface FunctionTotals {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/**
 * Adds up a call tree by function. A function that calls itself, directly or not, counts once: only its outermost
 * frame of each stack adds to its total, so no total is larger than the root's.
 *
 * `openUntil[f]` is where the subtree of f's outermost open frame ends; a frame of f before that lies under another.
 */
export function functionTotals(tree: CallTree, functionCount: number): FunctionTotals {
  const self = new Float64Array(functionCount);
  const total = new Float64Array(functionCount);
  const openUntil = new Uint32Array(functionCount);
  for (let node = 0; node < tree.nodeCount; node++) {
    const callee = u32At(tree.functionIndex, node);
    self[callee] = f64At(self, callee) + f64At(tree.self, node);
    if (node < u32At(openUntil, callee)) continue;
    openUntil[callee] = u32At(tree.subtreeEnd, node);
    total[callee] = f64At(total, callee) + f64At(tree.total, node);
  }
  return { self, total };
}
