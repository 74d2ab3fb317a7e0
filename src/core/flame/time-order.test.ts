import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import type { CallTree } from '../profile/call-tree.js';
import type { Profile } from '../profile/profile.js';
import { nowhere } from '../profile/sum-up.js';
import type { FlameGraph } from './flame-graph.js';
import { layoutInTime, type TimeLayout } from './time-order.js';

interface Taken {
  readonly timeMs: number;
  readonly stack: string;
}

/** Samples as they were taken: "20 a b" ended at 20 ms, a calls b. */
function takenOf(picture: string): readonly Taken[] {
  return picture
    .trim()
    .split('\n')
    .map((line) => {
      const [time = '', ...frames] = line.trim().split(' ');
      return { timeMs: Number(time), stack: frames.join(' ') };
    });
}

interface Timed {
  readonly profile: Profile;
  readonly tree: CallTree;
  readonly layout: TimeLayout | undefined;
}

/** Lays out samples of one value each. `perMs` is 1 unless it says otherwise, so that x is milliseconds. */
function layOut(taken: readonly Taken[], value = 10, perMs = 1, most?: number): Timed {
  const stacks = [...new Set(taken.map(({ stack }) => stack))].map((stack) => stack.split(' '));
  const depth = Math.max(0, ...stacks.map((stack) => stack.length));
  const rows = Array.from({ length: depth }, (_, level) => stacks.map((stack) => (stack[level] ?? '').padEnd(4)));
  const profile = profileFromPicture(
    [stacks.map(() => '1   '), ...rows].map((row) => row.join('').trimEnd()).join('\n'),
  );
  const tree = treeOf(profile);
  const nodeOf = (stack: string): number => {
    let node = 0;
    for (const name of stack.split(' ')) {
      for (let child = node + 1; child < (tree.subtreeEnd[node] ?? 0); child = tree.subtreeEnd[child] ?? nowhere) {
        if (nameOfFunction(profile, tree.functionIndex[child] ?? 0) !== name) continue;
        node = child;
        break;
      }
    }
    return node;
  };
  const samples = {
    node: Uint32Array.from(taken, ({ stack }) => nodeOf(stack)),
    timeMs: Float64Array.from(taken, ({ timeMs }) => 1_772_625_600_000 + timeMs),
    value: new Float64Array(taken.length).fill(value),
  };
  return { profile, tree, layout: layoutInTime(tree, samples, perMs, most) };
}

/** A letter for each ten of x by the frame there, a capital where a frame begins, a dot where there is none; the root is not drawn. */
function picture({ profile, layout }: Timed): readonly string[] {
  if (layout === undefined) return [];
  const { graph } = layout;
  const lines: string[] = [];
  for (let level = 1; level < graph.depthCount; level++) {
    const line = new Array<string>(Math.round((graph.x1[0] ?? 0) / 10)).fill('.');
    for (let node = graph.levelStart[level] ?? 0; node < (graph.levelStart[level + 1] ?? 0); node++) {
      const name = nameOfFunction(profile, graph.functionIndex[node] ?? 0);
      const [from, to] = [(graph.x0[node] ?? 0) / 10, (graph.x1[node] ?? 0) / 10];
      line.fill(name, from, to);
      line[from] = name.toUpperCase();
    }
    lines.push(line.join(''));
  }
  return lines;
}

const drawn = (text: string): readonly string[] => picture(layOut(takenOf(text)));

describe('time order', () => {
  it('is its example: alike beginnings that follow one another are one frame, gaps stay', () => {
    expect(
      drawn(`
        10 a b
        20 a b
        30 a c
        60 a b
      `),
    ).toEqual(['Aaa..A', 'BbC..B']);
  });

  it('ends what a shorter stack does not go on with, and begins it anew after', () => {
    expect(
      drawn(`
        10 a b c
        20 a
        30 a b c
        40 a b
        50 d
        60 a b
      `),
    ).toEqual(['AaaaDA', 'B.Bb.B', 'C.C...']);
  });

  it('takes no notice of timers that are not exact, and of no more than that', () => {
    expect(
      drawn(`
        10 a
        21 a
        33 a
        43 a
        54 a
      `),
    ).toEqual(['Aaaaa']);
    const { layout } = layOut(takenOf('10 a\n25 a'));
    expect(Array.from(layout?.graph.x0 ?? [])).toEqual([0, 0, 15]);
  });

  it('lets samples of one moment stand behind each other', () => {
    expect(
      drawn(`
        10 a
        10 b
        60 a
      `),
    ).toEqual(['AB...A']);
  });

  it('without a scale leaves no gap', () => {
    const timed = layOut(takenOf('10 a\n500 b\n900 b'), 10, 0);
    expect(picture(timed)).toEqual(['ABb']);
    expect(timed.layout?.axis).toEqual({ startMs: 1_772_625_600_010, perMs: 0 });
  });

  it('says where its beginning is in time, in whatever unit', () => {
    const { layout } = layOut(takenOf('10 a\n40 a'), 10e6, 1e6);
    expect(layout?.axis).toEqual({ startMs: 1_772_625_600_000, perMs: 1e6 });
    expect(Array.from(layout?.graph.x0 ?? [])).toEqual([0, 0, 30e6]);
  });

  it('of nothing is a root without width, and of too much nothing', () => {
    expect(layOut([]).layout?.graph).toMatchObject({ count: 1, depthCount: 1, x1: Float64Array.of(0) });
    const text = '10 a b\n20 c d';
    expect(layOut(takenOf(text), 10, 1, 5).layout?.graph.count).toBe(5);
    expect(layOut(takenOf(text), 10, 1, 4).layout).toBeUndefined();
  });

  it('fits into level order, loses nothing and covers no gap, whatever was sampled', () => {
    const anyTaken = fc.array(
      fc.record({
        afterMs: fc.constantFrom(0, 1, 9, 10, 11, 14, 15, 16, 300),
        stack: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(anyTaken, (steps) => {
        let timeMs = 0;
        const taken = steps.map(({ afterMs, stack }) => ({ timeMs: (timeMs += afterMs), stack: stack.join(' ') }));
        const { layout } = layOut(taken);
        expect(layout).toBeDefined();
        if (layout !== undefined) expectWhole(layout.graph, 10 * taken.length);
      }),
    );
  });
});

/** Children lie in their parents and behind each other, levels rise, and all that is wide is somebody's own. */
function expectWhole(graph: FlameGraph, measured: number): void {
  const at = (column: Float64Array | Uint32Array, node: number): number => column[node] ?? NaN;
  const children = new Float64Array(graph.count);
  for (let node = 1; node < graph.count; node++) {
    const parent = at(graph.parent, node);
    expect(at(graph.depth, node)).toBe(at(graph.depth, parent) + 1);
    expect(at(graph.x0, node)).toBeGreaterThanOrEqual(at(graph.x0, parent));
    expect(at(graph.x1, node)).toBeLessThanOrEqual(at(graph.x1, parent));
    expect(at(graph.x1, node)).toBeGreaterThan(at(graph.x0, node));
    children[parent] = at(children, parent) + at(graph.x1, node) - at(graph.x0, node);
    if (at(graph.depth, node) !== at(graph.depth, node - 1)) continue;
    expect(parent).toBeGreaterThanOrEqual(at(graph.parent, node - 1));
    expect(at(graph.x0, node)).toBeGreaterThanOrEqual(at(graph.x1, node - 1));
  }
  for (let node = 1; node < graph.count; node++) {
    expect(at(children, node) + at(graph.self, node)).toBe(at(graph.x1, node) - at(graph.x0, node));
  }
  expect(graph.self.reduce((sum, value) => sum + value, 0)).toBe(measured);
}
