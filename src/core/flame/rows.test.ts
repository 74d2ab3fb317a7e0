import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { totalsOf, type CallTree } from '../profile/call-tree.js';
import { profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { layoutFlame } from './layout.js';
import { layoutRows, rowsOf, widthsOfAll, type FlameRows } from './rows.js';

/** The tree with what each node has by itself made from its number. */
function withSelf<Tree extends CallTree>(tree: Tree, selfOf: (node: number) => number): Tree {
  const self = Float64Array.from({ length: tree.nodeCount }, (_, node) => selfOf(node));
  return { ...tree, self, total: totalsOf(tree.parent, self) };
}

function rowsOfAll(tree: CallTree): FlameRows {
  const rows = rowsOf(layoutFlame({ ...tree, total: widthsOfAll(tree) }), tree.nodeCount);
  if (rows === undefined) throw new Error('a node was left out');
  return rows;
}

describe('rows', () => {
  const tree = treeOf(
    profileFromPicture(`
      4  4  2
      b  a  a
            c
      `),
  );

  it('are their example', () => {
    const rows = rowsOf(layoutFlame(tree), tree.nodeCount);
    expect(rows).toEqual({
      node: Uint32Array.of(0, 2, 1, 3),
      childStart: Uint32Array.of(1, 3, 4, 4, 4),
      parent: Uint32Array.of(0, 0, 0, 1),
      depth: Uint32Array.of(0, 1, 1, 2),
      functionIndex: Uint32Array.from([0, 2, 1, 3], (node) => tree.functionIndex[node] ?? 0),
      levelStart: Uint32Array.of(0, 1, 3, 4),
    });
  });

  it('of a layout that leaves nodes out are none', () => {
    const lesser = withSelf(tree, (node) => (node === 3 ? 0 : 1));
    expect(rowsOf(layoutFlame(lesser), lesser.nodeCount)).toBeUndefined();
  });

  it('stay as they are where other values have the same order', () => {
    const rows = rowsOfAll(tree);
    const { order, graph } = layoutRows(
      rows,
      withSelf(tree, (node) => 7 * (tree.self[node] ?? 0)),
    );
    expect(order).toBe(rows.node);
    expect(graph.parent).toBe(rows.parent);
    expect(graph.x1).toEqual(Float64Array.of(70, 42, 70, 14));
  });

  it('lay other values of the same nodes out as they are without them, column by column', () => {
    fc.assert(
      fc.property(
        anyProfile,
        fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
        fc.nat(1),
        (profile, drawn, first) => {
          const known = treeOf(profile, first);
          const rows = rowsOfAll(known);
          const others = [
            known,
            treeOf(profile, 1 - first),
            withSelf(known, (node) => drawn[node % drawn.length] ?? 0), // many without, many alike
            withSelf(known, (node) => (known.self[node] ?? 0) / 3), // fractions
            withSelf(known, () => 0),
          ];
          for (const other of others) expect(layoutRows(rows, other)).toEqual(layoutFlame(other));
        },
      ),
    );
  });

  it('have many siblings sorted as few', () => {
    const columns = Array.from({ length: 30 }, (_, n) => ({ name: `f${n}`, count: 1 + ((n * 7) % 5) }));
    const wide = treeOf(
      profileFromPicture(
        `${columns.map(({ count }) => `${count}`.padEnd(5)).join('')}\n${columns.map(({ name }) => name.padEnd(5)).join('')}`,
      ),
    );
    const other = withSelf(wide, (node) => (node * 11) % 6);
    expect(layoutRows(rowsOfAll(wide), other)).toEqual(layoutFlame(other));
  });
});
