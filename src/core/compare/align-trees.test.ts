import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDepthFirst, totalsOf, type CallTree } from '../profile/call-tree.js';
import { alignTrees } from './align-trees.js';

/** A tree made of callers that are smaller than their callees, each node with its number as self. */
function treeOf(calls: readonly (readonly [number, number])[]): CallTree {
  const parent = [0];
  const callee = [0];
  for (const [caller, called] of calls) {
    const under = caller % parent.length;
    if (parent.some((each, node) => node > 0 && each === under && callee[node] === called + 1)) continue;
    parent.push(under);
    callee.push(called + 1);
  }
  const { nodes } = toDepthFirst(Uint32Array.from(callee), Uint32Array.from(parent));
  const self = Float64Array.from({ length: nodes.nodeCount }, (_, node) => node);
  return { ...nodes, self, total: totalsOf(nodes.parent, self) };
}

/** Self by path of merged functions, the slow way. */
function byPath(
  tree: Pick<CallTree, 'nodeCount' | 'parent' | 'functionIndex'>,
  self: Float64Array,
  merged: Uint32Array,
): Map<string, number> {
  const sums = new Map<string, number>();
  const paths: string[] = [];
  for (let node = 0; node < tree.nodeCount; node++) {
    const own = merged[tree.functionIndex[node] ?? 0] ?? 0;
    const path = node === 0 ? '' : `${paths[tree.parent[node] ?? 0] ?? ''};${own}`;
    paths.push(path);
    sums.set(path, (sums.get(path) ?? 0) + (self[node] ?? 0));
  }
  return sums;
}

describe('aligning', () => {
  it('has each stack of either side once, in depth-first order, also where functions of a side become one', () => {
    const calls = fc.array(fc.tuple(fc.nat(60), fc.nat(5)), { maxLength: 60 });
    const mapping = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(calls, calls, mapping, mapping, (one, other, first, second) => {
        const comparison = { tree: treeOf(one), toMerged: Uint32Array.of(0, ...first) };
        const baseline = { tree: treeOf(other), toMerged: Uint32Array.of(0, ...second) };
        const { nodes, comparisonSelf, baselineSelf } = alignTrees(comparison, baseline, 6);
        const identity = Uint32Array.from({ length: 6 }, (_, index) => index);
        const expected = byPath(comparison.tree, comparison.tree.self, comparison.toMerged);
        const before = byPath(baseline.tree, baseline.tree.self, baseline.toMerged);
        const paths = new Set([...expected.keys(), ...before.keys()]);
        expect(nodes.nodeCount).toBe(paths.size);
        const found = [byPath(nodes, comparisonSelf, identity), byPath(nodes, baselineSelf, identity)] as const;
        for (const path of paths) {
          expect([found[0].get(path), found[1].get(path)]).toEqual([expected.get(path) ?? 0, before.get(path) ?? 0]);
        }
        const again = toDepthFirst(nodes.functionIndex, nodes.parent).nodes;
        expect(nodes).toEqual(again);
      }),
    );
  });
});
