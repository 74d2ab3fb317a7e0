import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../profile/profile.js';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { layoutFlame, type FlameLayout, type LayoutPart } from './layout.js';
import { layOutPreview, measureLayout, wantsPreview, type ScreenPart } from './preview.js';

const type = 1;

function previewOf(profile: Profile, screen: ScreenPart, valueIndex = type): Promise<FlameLayout> {
  const tree = treeOf(profile, valueIndex);
  return layOutPreview(
    tree.total[0] ?? 0,
    false,
    screen,
    (part) => Promise.resolve(layoutFlame(tree, part)),
    (index) => nameOfFunction(profile, index),
  );
}

/** By tree node, where a layout places it. */
function places({ graph, order }: FlameLayout): Map<number, readonly number[]> {
  return new Map(Array.from(order, (node, at) => [node, [graph.x0[at], graph.x1[at], graph.depth[at]].map(Number)]));
}

const anyPart: fc.Arbitrary<LayoutPart> = fc.record({
  narrowest: fc.integer({ min: 0, max: 20_000_000_000 }),
  from: fc.integer({ min: 0, max: 40_000_000_000 }),
  to: fc.integer({ min: 0, max: 80_000_000_000 }),
  most: fc.integer({ min: 1, max: 40 }),
});

describe('a part of a layout', () => {
  it('has every node where the whole has it, and leaves out only what it says', () => {
    fc.assert(
      fc.property(anyProfile, anyPart, (profile, part) => {
        const tree = treeOf(profile, type);
        const whole = places(layoutFlame(tree));
        const laidOut = layoutFlame(tree, part);
        const own = places(laidOut);
        for (const [node, place] of own) expect(place).toEqual(whole.get(node));
        expect(own.size).toBeLessThanOrEqual(part.most);
        if (own.size === part.most) return;
        for (const [node, [x0 = 0, x1 = 0]] of whole) {
          const wanted = (tree.total[node] ?? 0) >= part.narrowest && x1 > part.from && x0 < part.to;
          if (node !== 0) expect(own.has(node)).toBe(wanted);
        }
      }),
    );
  });
});

describe('what is sent ahead', () => {
  const profile = profileFromPicture(`
    900    60     30    10
    main   main   main  idle
    serve  serve  load
    parse  write
    `);
  const names = async (screen: Partial<ScreenPart>): Promise<readonly string[]> => {
    const { graph } = await previewOf(profile, { widthPx: 10, zoomPath: [], from: 0, to: 1, ...screen }, 0);
    return Array.from(graph.functionIndex, (index) => nameOfFunction(profile, index));
  };

  it('leaves out what is narrower than a quarter of a pixel', async () => {
    expect(await names({})).toEqual(['all', 'main', 'serve', 'load', 'parse', 'write']);
    expect(await names({ widthPx: 5 })).toEqual(['all', 'main', 'serve', 'parse', 'write']);
  });

  it('is of the frame that is zoomed to, and its callers', async () => {
    expect(await names({ widthPx: 2, zoomPath: ['main', 'serve', 'write'] })).toEqual([
      'all',
      'main',
      'serve',
      'write',
    ]);
    expect(await names({ widthPx: 2, zoomPath: ['main', 'load'] })).toEqual(['all', 'main', 'load']);
  });

  it('is of the part that the screen shows of it', async () => {
    expect(await names({ widthPx: 1, from: 0.97, to: 1 })).toEqual(['all', 'main', 'idle', 'load']);
  });

  it('is of the deepest caller that is there, where the zoomed frame is not', async () => {
    expect(await names({ widthPx: 2, zoomPath: ['main', 'serve', 'nobody'] })).toEqual([
      'all',
      'main',
      'serve',
      'parse',
    ]);
  });

  it('ends on every profile, whatever is zoomed to', async () => {
    const anyScreen: fc.Arbitrary<ScreenPart> = fc.record({
      widthPx: fc.integer({ min: 1, max: 20 }),
      zoomPath: fc.array(fc.constantFrom('main', 'run', 'read', 'write', 'parse'), { maxLength: 6 }),
      from: fc.double({ min: -2, max: 0.9, noNaN: true }),
      to: fc.double({ min: 1, max: 3, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(anyProfile, anyScreen, async (any, screen) => {
        const whole = places(layoutFlame(treeOf(any, type)));
        for (const [node, place] of places(await previewOf(any, screen))) expect(place).toEqual(whole.get(node));
      }),
    );
  });

  it('is wanted where all would be long on its way', () => {
    expect(wantsPreview(10_000, false)).toBe(false);
    expect(wantsPreview(100_000, false)).toBe(true);
    expect(wantsPreview(50_000, true)).toBe(true);
  });

  it('says how large the whole is before that is laid out', () => {
    fc.assert(
      fc.property(anyProfile, (any) => {
        const tree = treeOf(any, type);
        const { count, depthCount } = layoutFlame(tree).graph;
        expect(measureLayout(tree)).toEqual({ nodeCount: count, depthCount });
      }),
    );
  });
});
