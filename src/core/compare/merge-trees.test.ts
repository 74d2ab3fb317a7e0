import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutFlame } from '../flame/layout.js';
import type { Profile } from '../profile/profile.js';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { absent } from './match-functions.js';
import { mergeTrees, type ComparedSide, type DiffTree, type Scale } from './merge-trees.js';

const sideOf = (profile: Profile, durationNs = 0): ComparedSide => ({
  tree: treeOf(profile),
  functions: {
    functionCount: profile.functions.name.length,
    nameOf: (index) => ({ name: nameOfFunction(profile, index), file: '' }),
  },
  durationNs,
  period: 1,
});

/** A diff as text: name, baseline, comparison, and the mean. */
const draw = (diff: DiffTree, before: Profile, after: Profile): string =>
  Array.from({ length: diff.nodeCount }, (_, node) => {
    const merged = diff.functionIndex[node] ?? 0;
    const own = diff.comparisonFunction[merged] ?? absent;
    const name =
      own === absent ? nameOfFunction(before, diff.baselineFunction[merged] ?? 0) : nameOfFunction(after, own);
    const values = [diff.baseline.total[node], diff.comparison.total[node], diff.total[node]].join(' ');
    return `${'  '.repeat(diff.depth[node] ?? 0)}${name} ${values}`;
  }).join('\n');

describe('merged trees', () => {
  const before = profileFromPicture('4  2\na  a\nb  c');
  const after = profileFromPicture('6  2\na  d\nb');

  it('are their example', () => {
    expect(draw(mergeTrees(sideOf(before, 5), sideOf(after, 5), { by: 'absolute' }), before, after)).toBe(`all 6 8 7
  a 6 6 6
    b 4 6 5
    c 2 0 1
  d 0 2 1`);
  });

  it('scale the baseline to the comparison: by time, by what did not move, by work, or not at all', () => {
    const factor = (scale: Scale, nsBefore: number, nsAfter: number): number =>
      mergeTrees(sideOf(before, nsBefore), sideOf(after, nsAfter), scale).scaling.factor;
    expect(factor({ by: 'absolute' }, 10, 30)).toBe(3);
    expect(factor({ by: 'absolute' }, 0, 30)).toBe(1);
    expect(factor({ by: 'relative' }, 10, 30)).toBe(6 / 4); // only b is on both sides
    expect(factor({ by: 'work', baseline: 20, comparison: 5 }, 10, 30)).toBe(1 / 4);
    expect(factor({ by: 'measured' }, 10, 30)).toBe(1);
    const empty = profileFromPicture('');
    expect(mergeTrees(sideOf(empty, 10), sideOf(after, 20), { by: 'relative' }).scaling).toEqual({
      by: 'absolute',
      factor: 2,
      error: 0,
    });
  });

  it('are absolute by themselves where the load was alike, and relative where it was not or no length is known', () => {
    const steady = profileFromPicture('40  30  30\na   b   c');
    const busier = profileFromPicture('80  60  90\na   b   c');
    const chosen = (after: Profile, nsBefore: number, nsAfter: number): DiffTree['scaling'] =>
      mergeTrees(sideOf(steady, nsBefore), sideOf(after, nsAfter), { by: 'auto' }).scaling;
    expect(chosen(busier, 10, 20)).toEqual({ by: 'absolute', factor: 2, error: 0, load: 1 });
    expect(chosen(busier, 10, 10)).toMatchObject({ by: 'relative', factor: 2, load: 2 });
    expect(chosen(busier, 0, 0)).toMatchObject({ by: 'relative', factor: 2 });
    expect(chosen(busier, 0, 0).load).toBeUndefined();
  });

  it('of a profile with itself show no difference', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const side = { ...sideOf(profile), nameOf: (index: number) => ({ name: `${index}`, file: '' }) };
        const diff = mergeTrees(side, side, { by: 'relative' });
        expect(diff.baseline).toEqual(diff.comparison);
        expect(diff.total).toEqual(side.tree.total);
        expect(diff.functionIndex).toEqual(side.tree.functionIndex);
      }),
    );
  });

  it('lose nothing: sides keep their totals, and every node fits its parent', () => {
    fc.assert(
      fc.property(anyProfile, anyProfile, (one, other) => {
        const diff = mergeTrees(sideOf(one, 1), sideOf(other, 1), { by: 'absolute' });
        expect(diff.baseline.total[0]).toBe(treeOf(one).total[0]);
        expect(diff.comparison.total[0]).toBe(treeOf(other).total[0]);
        const { graph } = layoutFlame(diff);
        for (let node = 1; node < graph.count; node++) {
          expect(graph.x1[node]).toBeLessThanOrEqual(graph.x1[graph.parent[node] ?? 0] ?? 0);
        }
      }),
    );
  });
});
