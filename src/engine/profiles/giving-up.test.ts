import { gzipSync } from 'node:zlib';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { layoutInSteps } from '../../core/flame/layout.js';
import { layoutRowsInSteps, rowsOf } from '../../core/flame/rows.js';
import { rewriteInSteps, type Rewrite } from '../../core/operations/rewrite.js';
import { callNodesInSteps, totalsOf, type CallTree } from '../../core/profile/call-tree.js';
import type { Stacks } from '../../core/profile/profile.js';
import { atOnce, type Steps } from '../../core/profile/steps.js';
import { toBytes } from '../../core/profile/testing/pictures.js';
import { decodeInTypeScript } from './decode.js';
import { typeScriptDecoder, type ProfileDecoder } from './decoder.js';
import { unpackGzip } from './gunzip.js';
import { loadDecoder } from './native.js';
import { unlessGivenUp } from './native-watch.js';
import type { Watch } from './watch.js';

/** Gives up at the first share of a step that is told, and keeps what was told. */
function givingUpAt(step: string): { readonly watch: Watch; readonly told: string[] } {
  const controller = new AbortController();
  const told: string[] = [];
  return {
    told,
    watch: {
      signal: controller.signal,
      onStep: (at, share) => {
        told.push(`${at} ${share === null ? '-' : share.toFixed(2)}`);
        if (at === step && share !== null && share > 0) controller.abort(new Error('not wanted'));
      },
    },
  };
}

/** Stacks of which most are others, so that reading them takes many steps. */
const manyStacks = toBytes(
  Array.from({ length: 200_000 }, (_, at) => `main;f${at % 997};g${at % 7919};h${at} 1`).join('\n'),
);

/** So many stacks, each with four others on top of it. */
const stacksOf = (length: number): Stacks => ({
  prefix: Uint32Array.from({ length }, (_, stack) => (stack === 0 ? 0 : (stack - 1) >> 2)),
  location: Uint32Array.from({ length }, (_, stack) => (stack === 0 ? 0 : 1 + (stack % 997))),
});

/** What has to be known of their locations. */
const locations = {
  mapping: new Uint32Array(998),
  address: new BigUint64Array(998),
  lineStart: Uint32Array.from({ length: 999 }, (_, location) => Math.max(0, location - 1)),
  lineFunction: Uint32Array.from({ length: 997 }, (_, line) => 1 + line),
  lineNumber: new Uint32Array(997),
};

describe('giving up a file', () => {
  it('ends the unpacking of a gzip by zlib within a piece of it', async () => {
    const plain = Buffer.alloc(16 * 1024 * 1024, 'some text that is packed well, and that is long enough. ');
    const packed = gzipSync(plain, { level: 1 });
    const { watch, told } = givingUpAt('unpacking');
    await expect(unpackGzip(packed, watch)).rejects.toThrow('not wanted');
    expect(told.length).toBeLessThan(30);
    const whole = await unpackGzip(packed);
    expect(whole.ok && Buffer.compare(whole.value, plain)).toBe(0);
    await expect(unpackGzip(packed, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
  });

  it('ends decoding in TypeScript between two steps, which others have as well', async () => {
    const { watch, told } = givingUpAt('decoding');
    const decoding = decodeInTypeScript(manyStacks, 'the test wants it', watch);
    await expect(decoding).rejects.toThrow('not wanted');
    expect(told.at(0)).toBe('decoding 0.00');
    expect(Number(told.at(-1)?.split(' ').at(1))).toBeLessThan(1);
    expect(await decodeInTypeScript(manyStacks, 'the test wants it')).toMatchObject({ ok: true });
  });

  it('waits for no thread that can not be stopped', async () => {
    const controller = new AbortController();
    const never = unlessGivenUp(new Promise<never>(() => undefined), { signal: controller.signal });
    controller.abort(new Error('not wanted'));
    await expect(never).rejects.toThrow('not wanted');
    expect(await unlessGivenUp(Promise.resolve(7), { signal: new AbortController().signal })).toBe(7);
    await expect(
      unlessGivenUp(Promise.reject(new Error('broken')), { signal: new AbortController().signal }),
    ).rejects.toThrow('broken');
  });
});

describe('giving up', () => {
  const treeOfStacks = (stacks: Stacks): CallTree => {
    const built = atOnce(callNodesInSteps({ stacks, locations }, 2 * stacks.prefix.length));
    if (!built.ok) throw new Error('too many nodes');
    const self = new Float64Array(built.nodes.nodeCount).fill(1);
    return { ...built.nodes, self, total: totalsOf(built.nodes.parent, self) };
  };
  const rewritesOf = ({ functionIndex, self }: CallTree): readonly Rewrite[] => {
    const marks = Uint8Array.from(functionIndex, (index) => (index % 5 === 0 ? 1 : 0));
    const functionOf = Uint32Array.from({ length: 998 }, (_, index) => index);
    return [
      { kind: 'hide', marks },
      { kind: 'whole-recursion', marks, functionOf },
      { kind: 'invert', weight: self, narrowest: 0, frameCount: 998 },
      { kind: 'keep', marks },
    ];
  };

  it('can end whatever is done without the addon after each ten thousand turns or two', () => {
    const stacks = stacksOf(200_000);
    const tree = treeOfStacks(stacks);
    const rows = rowsOf(atOnce(layoutInSteps(tree)), tree.nodeCount);
    if (rows === undefined) throw new Error('all have width');
    const stepsOf = (steps: Steps<unknown>): number => {
      let count = 0;
      while (steps.next().done !== true) count += 1;
      return count;
    };
    const least = tree.nodeCount / 20_000;
    expect(stepsOf(callNodesInSteps({ stacks, locations }, 400_000))).toBeGreaterThan(3 * least);
    expect(stepsOf(layoutInSteps(tree))).toBeGreaterThan(least);
    expect(stepsOf(layoutRowsInSteps(rows, tree))).toBeGreaterThan(least);
    for (const rewrite of rewritesOf(tree)) expect(stepsOf(rewriteInSteps(tree, rewrite))).toBeGreaterThan(least);
  });

  it.each<readonly [string, ProfileDecoder]>([
    ['TypeScript', typeScriptDecoder('the test wants it')],
    ['the addon, where there is one', loadDecoder()],
  ])('ends the building of a million call nodes, their layouts and their rewrites by %s', async (_, decoder) => {
    const stacks = stacksOf(1_000_000);
    const tree = treeOfStacks(stacks);
    const works: ((watch: Watch) => Promise<unknown>)[] = [
      (watch) => decoder.callNodes(stacks, locations, watch),
      (watch) => decoder.layout(tree, watch),
      ...rewritesOf(tree)
        .slice(0, 3)
        .map((rewrite) => (watch: Watch) => decoder.rewrite(tree, rewrite, watch)),
    ];
    for (const work of works) {
      const controller = new AbortController();
      const working = work({ signal: controller.signal });
      await turn();
      controller.abort(new Error('not wanted'));
      await expect(working).rejects.toThrow('not wanted');
    }
  });
});
