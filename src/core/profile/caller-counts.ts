import type { CallNodes } from './call-tree.js';
import { f64At, u32At } from './columns.js';

/**
 * By function, how many different functions call it directly. A function that calls itself is not its own caller; the root counts as
 * one. Nodes that are 0 in every column of `totals` do not count.
 */
export function callerCounts(nodes: CallNodes, totals: readonly Float64Array[], functionCount: number): Uint32Array {
  const { nodeCount, functionIndex, parent } = nodes;
  const counts = new Uint32Array(functionCount);
  const callerOf = (node: number): number => {
    const callee = u32At(functionIndex, node);
    const caller = u32At(functionIndex, u32At(parent, node));
    const counted = caller !== callee && totals.some((total) => f64At(total, node) > 0);
    return counted ? caller : none;
  };
  // All callers of a function lie together, so that whether one was seen is a look into one column and not into a hash table.
  const first = new Uint32Array(functionCount + 1);
  const callers = new Uint32Array(nodeCount);
  for (let node = 1; node < nodeCount; node++) {
    const caller = callerOf(node);
    callers[node] = caller;
    const next = u32At(functionIndex, node) + 1;
    if (caller !== none) first[next] = u32At(first, next) + 1;
  }
  for (let callee = 0; callee < functionCount; callee++)
    first[callee + 1] = u32At(first, callee + 1) + u32At(first, callee);
  const byCallee = new Uint32Array(u32At(first, functionCount));
  const next = first.slice();
  for (let node = 1; node < nodeCount; node++) {
    const caller = u32At(callers, node);
    if (caller === none) continue;
    const callee = u32At(functionIndex, node);
    const at = u32At(next, callee);
    byCallee[at] = caller;
    next[callee] = at + 1;
  }
  const seenBy = new Uint32Array(functionCount); // the last callee that it was counted for, + 1
  for (let callee = 0; callee < functionCount; callee++) {
    let count = 0;
    for (let at = u32At(first, callee); at < u32At(first, callee + 1); at++) {
      const caller = u32At(byCallee, at);
      if (u32At(seenBy, caller) === callee + 1) continue;
      seenBy[caller] = callee + 1;
      count += 1;
    }
    counts[callee] = count;
  }
  return counts;
}

const none = 0xffff_ffff;
