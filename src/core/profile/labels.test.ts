import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelsOfSet, setsWith, totalsOfLabels, valuesOfSets } from './labels.js';
import type { Profile } from './profile.js';
import { anyProfile } from './testing/random-profile.js';

const type = 1;

/** What was measured of a sample with each set, and, as set 0, without labels; told row by row. */
function bySampleAndSet({ samples, labelled }: Profile): readonly Map<number, number>[] {
  const sums = Array.from(samples.stack, (_, sample) => new Map([[0, samples.values[type]?.[sample] ?? 0]]));
  labelled.sample.forEach((sample, row) => {
    const value = labelled.values[type]?.[row] ?? 0;
    const sum = sums[sample];
    sum?.set(labelled.set[row] ?? 0, value);
    sum?.set(0, (sum.get(0) ?? 0) - value);
  });
  return sums;
}

describe('labels', () => {
  it('choose what was measured with them, whichever sets are wanted', () => {
    fc.assert(
      fc.property(anyProfile, fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }), (profile, bits) => {
        const marked = Uint8Array.from(profile.labels.setPrefix, (_, set) =>
          bits[set % bits.length] === true ? 1 : 0,
        );
        const expected = bySampleAndSet(profile).map((sums) =>
          [...sums].reduce((sum, [set, value]) => sum + (marked[set] === 1 ? value : 0), 0),
        );
        expect(Array.from(valuesOfSets(profile, type, marked))).toEqual(expected);
      }),
    );
  });

  it('are found in every set that has them', () => {
    fc.assert(
      fc.property(anyProfile, fc.nat(7), ({ labels }, wanted) => {
        const marked = Uint8Array.from(labels.key, (_, label) => (label === wanted && label > 0 ? 1 : 0));
        const expected = Array.from(labels.setPrefix, (_, set) =>
          labelsOfSet(labels, set).some((l) => marked[l] === 1) ? 1 : 0,
        );
        expect(Array.from(setsWith(labels, marked))).toEqual(expected);
      }),
    );
  });

  it('add up to what was measured with each of them, and without any', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const { samples, labels, labelled } = profile;
        const expected = new Array<number>(labels.key.length).fill(0);
        for (const sums of bySampleAndSet(profile)) {
          for (const [set, value] of sums) {
            const own = set === 0 ? [0] : labelsOfSet(labels, set);
            for (const label of own) expected[label] = (expected[label] ?? 0) + value;
          }
        }
        expect(Array.from(totalsOfLabels(samples, labels, labelled, type))).toEqual(expected);
      }),
    );
  });

  it('of no sample choose all or nothing', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const all = new Uint8Array(profile.labels.setPrefix.length).fill(1);
        expect(valuesOfSets(profile, type, all)).toEqual(profile.samples.values[type]);
        expect(valuesOfSets(profile, type, all.fill(0)).every((value) => value === 0)).toBe(true);
      }),
    );
  });
});
