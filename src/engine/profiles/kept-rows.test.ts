import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { layoutFlame, type LayoutInput } from '../../core/flame/layout.js';
import { totalsOf } from '../../core/profile/call-tree.js';
import { treeOf } from '../../core/profile/testing/pictures.js';
import { anyProfile } from '../../core/profile/testing/random-profile.js';
import { typeScriptDecoder, type ProfileDecoder } from './decoder.js';
import { layOutWhole } from './kept-rows.js';
import { loadDecoder } from './native.js';

const native = loadDecoder();
const isNative = !native.description.startsWith('TypeScript');

/** The tree with other own values. */
function withSelf(tree: LayoutInput, selfOf: (node: number) => number): LayoutInput {
  const self = Float64Array.from({ length: tree.nodeCount }, (_, node) => selfOf(node));
  return { ...tree, self, total: totalsOf(tree.parent, self) };
}

describe.each<readonly [string, ProfileDecoder]>([
  ...(isNative ? [['addon', native] as const] : []),
  ['reference', typeScriptDecoder('it is the reference')],
])('what is kept of a tree by the %s', (_, decoder) => {
  const layout = vi.fn<ProfileDecoder['layout']>((...given) => decoder.layout(...given));
  const layoutRows = vi.fn<ProfileDecoder['layoutRows']>((...given) => decoder.layoutRows(...given));
  const counting = { ...decoder, layout, layoutRows };

  beforeEach(() => {
    vi.clearAllMocks();
  });

  it('changes nothing of the layouts of any values, whichever came first', async () => {
    const drawn = fc.array(fc.nat(4), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anyProfile, drawn, fc.nat(4), async (profile, selfs, first) => {
        const tree = treeOf(profile, 1);
        const values = [
          tree,
          { ...tree, self: treeOf(profile, 0).self, total: treeOf(profile, 0).total },
          withSelf(tree, (node) => selfs[node % selfs.length] ?? 0),
          withSelf(tree, (node) => (tree.self[node] ?? 0) / 3),
          withSelf(tree, () => 0),
        ];
        for (let at = 0; at < 2 * values.length; at++) {
          const one = values[(first + at) % values.length] ?? tree;
          expect(await layOutWhole(counting, one)).toEqual(layoutFlame(one));
        }
      }),
    );
  });

  it('is the shape: it is found once, and other values are placed in it', async () => {
    const tree = smallTree([1, 2, 3]);
    await layOutWhole(counting, tree);
    await layOutWhole(
      counting,
      withSelf(tree, (node) => node),
    );
    await layOutWhole(
      counting,
      withSelf(tree, (node) => 3 - node),
    );
    expect([layout, layoutRows].map(({ mock }) => mock.calls.length)).toEqual([1, 2]);
  });

  it('is found with the second values where the first leave nodes out', async () => {
    const tree = smallTree([1, 0, 3]);
    expect((await layOutWhole(counting, tree)).graph.count).toBe(3);
    const all = withSelf(tree, () => 1);
    expect(await layOutWhole(counting, all)).toEqual(layoutFlame(all));
    expect(await layOutWhole(counting, tree)).toEqual(layoutFlame(tree));
    expect([layout, layoutRows].map(({ mock }) => mock.calls.length)).toEqual([2, 2]);
  });

  it('is nothing where values have no end, as counts that sum up to more than a number can be', async () => {
    const tree = smallTree([1e308, 1e308, 1e308]);
    expect((await layOutWhole(counting, tree)).graph.count).toBe(3);
    expect(await layOutWhole(counting, tree)).toEqual(layoutFlame(tree));
  });

  it('is found anew when nobody waited for it to be found', async () => {
    const tree = smallTree([1, 2, 3]);
    const given = AbortSignal.abort(new Error('not wanted'));
    await expect(layOutWhole(counting, tree, { signal: given })).rejects.toThrow('not wanted');
    expect(await layOutWhole(counting, tree)).toEqual(layoutFlame(tree));
    await expect(layOutWhole(counting, tree, { signal: given })).rejects.toThrow('not wanted');
    expect(layoutRows).toHaveBeenCalledTimes(1);
  });
});

/** Leaves below the root with these values. */
function smallTree(values: readonly number[]): LayoutInput {
  const nodeCount = values.length + 1;
  const tree = {
    nodeCount,
    functionIndex: Uint32Array.from({ length: nodeCount }, (_, node) => node),
    parent: new Uint32Array(nodeCount),
    depth: new Uint32Array(nodeCount).fill(1, 1),
    subtreeEnd: Uint32Array.from({ length: nodeCount }, (_, node) => (node === 0 ? nodeCount : node + 1)),
    total: new Float64Array(nodeCount),
    self: new Float64Array(nodeCount),
  };
  return withSelf(tree, (node) => values[node - 1] ?? 0);
}
