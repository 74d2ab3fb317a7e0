import type { CallNodes } from './call-tree.js';
import { f64At, u32At } from './columns.js';
import { createPairTable } from './pair-table.js';

/**
 * By function, how many different functions call it directly. A function that calls itself is not its own caller; the root counts as
 * one. Nodes that are 0 in every column of `totals` do not count.
 */
export function callerCounts(nodes: CallNodes, totals: readonly Float64Array[], functionCount: number): Uint32Array {
  const { nodeCount, functionIndex, parent } = nodes;
  const counts = new Uint32Array(functionCount);
  const known = createPairTable();
  for (let node = 1; node < nodeCount; node++) {
    const callee = u32At(functionIndex, node);
    const caller = u32At(functionIndex, u32At(parent, node));
    if (caller === callee || known.find(caller, callee) >= 0) continue;
    if (!totals.some((total) => f64At(total, node) > 0)) continue;
    known.insert(caller, callee, 1);
    counts[callee] = u32At(counts, callee) + 1;
  }
  return counts;
}
