import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteNodes, type Rewrite } from '../../core/operations/rewrite.js';
import { buildCallNodes, callTreeOf, type CallTree } from '../../core/profile/call-tree.js';
import type { Profile } from '../../core/profile/profile.js';
import { anyProfile } from '../../core/profile/testing/random-profile.js';
import { decodedTree, typeScriptDecoder, type ProfileDecoder } from './decoder.js';
import { loadDecoder } from './native.js';

const native = loadDecoder();
const reference = typeScriptDecoder('it is the reference');
const isNative = !native.description.startsWith('TypeScript');

const treeOf = (profile: Profile): CallTree => {
  const built = buildCallNodes(profile, 1_000_000);
  if (!built.ok) throw new Error('a fixture has too many nodes');
  return callTreeOf(profile, built.nodes, 0);
};

/** Every kind with random marks, groups and widths; `bits` say yes or no by turns. */
function rewritesOf(tree: CallTree, frameCount: number, bits: readonly boolean[]): readonly Rewrite[] {
  const bit = (index: number): number => ((bits[index % bits.length] ?? false) ? 1 : 0);
  const marks = Uint8Array.from({ length: tree.nodeCount }, (_, node) => (node === 0 ? 0 : bit(node)));
  const functionOf = Uint32Array.from({ length: frameCount }, (_, frame) => (bit(frame) === 1 ? frame : frame >> 1));
  const frameOf = Uint32Array.from({ length: frameCount }, (_, frame) => (frame === 0 ? 0 : 1 + bit(frame)));
  const { self: weight } = tree;
  return [
    ...(['keep', 'drop', 'focus', 'hide', 'merge'] as const).map((kind): Rewrite => ({ kind, marks })),
    { kind: 'collapse', marks, frame: frameCount },
    { kind: 'direct-recursion', marks, functionOf },
    { kind: 'whole-recursion', marks, functionOf },
    { kind: 'group', frameOf },
    { kind: 'invert', weight, narrowest: 0, frameCount },
    { kind: 'invert', weight, narrowest: 20, frameCount },
  ];
}

describe.runIf(isNative)('rewrites of the addon and of the reference agree', () => {
  it('column by column, on random profiles, each alone and two behind each other', async () => {
    const anyBits = fc.array(fc.boolean(), { minLength: 1, maxLength: 13 });
    await fc.assert(
      fc.asyncProperty(anyProfile, anyBits, anyBits, async (profile, bits, nextBits) => {
        const tree = treeOf(profile);
        const frameCount = profile.functions.name.length;
        for (const rewrite of rewritesOf(tree, frameCount, bits)) {
          const once = rewriteNodes(tree, rewrite);
          expect(await native.rewrite(tree, rewrite)).toEqual(once);
          const self = new Float64Array(once.nodes.nodeCount).fill(1);
          const [next] = rewritesOf({ ...once.nodes, self, total: self }, frameCount + 1, nextBits).slice(
            bits.length % 11,
          );
          if (next !== undefined) {
            expect(await native.rewrite(once.nodes, next)).toEqual(rewriteNodes(once.nodes, next));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('on values of profiles and of what was rewritten', async () => {
    await fc.assert(
      fc.asyncProperty(anyProfile, async (profile) => {
        const built = buildCallNodes(profile, 1_000_000);
        if (!built.ok) throw new Error('a fixture has too many nodes');
        const tree = await decodedTree(native, profile, built.nodes, 1);
        expect(tree).toEqual(callTreeOf(profile, built.nodes, 1));
        const marks = Uint8Array.from({ length: tree.nodeCount }, (_, node) => (node % 3 === 1 ? 1 : 0));
        const { nodes, map } = rewriteNodes(tree, { kind: 'drop', marks });
        const moved = { values: tree.self, to: map, parent: nodes.parent };
        expect(await native.values(moved)).toEqual(await reference.values(moved));
      }),
      { numRuns: 30 },
    );
    const none = { values: Float64Array.of(1), to: Uint32Array.of(3), parent: new Uint32Array(2) };
    await expect(native.values(none)).rejects.toThrow('unsound');
    await expect(native.values({ ...none, via: new Uint32Array(3) })).rejects.toThrow('unsound');
  });

  it('on call nodes made anew', async () => {
    await fc.assert(
      fc.asyncProperty(anyProfile, async ({ stacks, locations }) => {
        expect(await native.callNodes(stacks, locations)).toEqual(await reference.callNodes(stacks, locations));
      }),
      { numRuns: 30 },
    );
  });

  it('on trees that no profile has', async () => {
    const nodes = {
      nodeCount: 2,
      functionIndex: Uint32Array.of(0, 7),
      parent: Uint32Array.of(0, 1),
      subtreeEnd: Uint32Array.of(2, 2),
      depth: Uint32Array.of(0, 1),
    };
    await expect(native.rewrite(nodes, { kind: 'hide', marks: new Uint8Array(2) })).rejects.toThrow('unsound');
    const sound = { ...nodes, parent: Uint32Array.of(0, 0) };
    await expect(native.rewrite(sound, { kind: 'hide', marks: new Uint8Array(1) })).rejects.toThrow('unsound');
    await expect(native.rewrite(sound, { kind: 'group', frameOf: new Uint32Array(7) })).rejects.toThrow('unsound');
    await expect(
      native.rewrite(sound, { kind: 'invert', weight: new Float64Array(2), narrowest: 0, frameCount: 7 }),
    ).rejects.toThrow('unsound');
  });
});

describe.each<readonly [string, ProfileDecoder]>([
  ...(isNative ? [['addon', native] as const] : []),
  ['reference', reference],
])('a rewrite of the %s', (_, decoder) => {
  it('ends when its signal does', async () => {
    const nodeCount = 200_000;
    const nodes = {
      nodeCount,
      functionIndex: Uint32Array.from({ length: nodeCount }, (_each, node) => node),
      parent: new Uint32Array(nodeCount),
      subtreeEnd: Uint32Array.from({ length: nodeCount }, (_each, node) => (node === 0 ? nodeCount : node + 1)),
      depth: new Uint32Array(nodeCount).fill(1, 1),
    };
    const rewrite: Rewrite = { kind: 'hide', marks: new Uint8Array(nodeCount) };
    const before = AbortSignal.abort(new Error('too late'));
    await expect(decoder.rewrite(nodes, rewrite, { signal: before })).rejects.toThrow('too late');
    const controller = new AbortController();
    const running = decoder.rewrite(nodes, rewrite, { signal: controller.signal });
    controller.abort(new Error('not wanted'));
    await running.then(
      (rewritten) => {
        expect(decoder).toBe(reference); // which may be done before anybody else has a turn
        expect(rewritten.nodes.nodeCount).toBe(nodeCount);
      },
      (error: unknown) => {
        expect(String(error)).toContain('not wanted');
      },
    );
  });
});
