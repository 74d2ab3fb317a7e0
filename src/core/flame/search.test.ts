import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import { layoutFlame } from './layout.js';
import { matchNames } from './match-names.js';
import { searchFlame } from './search.js';

describe('search', () => {
  it('adds up what matches without counting a match under a match twice', () => {
    const profile = profileFromPicture(`
      4          2          3          1
      serve      serve      serve      idle
      json.dump  json.dump  query
      json.enc
      `);
    const names = Array.from(profile.functions.name, (_, index) => nameOfFunction(profile, index));
    const { graph } = layoutFlame(treeOf(profile));
    const found = searchFlame(graph, matchNames(names, 'json') ?? new Uint8Array());
    expect(found).toMatchObject({ frames: 2, functions: 2, total: 6, share: 0.6 });
    expect(searchFlame(graph, matchNames(names, '') ?? new Uint8Array())).toMatchObject({
      frames: 0,
      total: 0,
      share: 0,
    });
  });

  it('tells capital letters apart when the query has one', () => {
    expect(Array.from(matchNames(['GET', 'get', 'target'], 'get') ?? [])).toEqual([1, 1, 1]);
    expect(Array.from(matchNames(['GET', 'get', 'target'], 'GET') ?? [])).toEqual([1, 0, 0]);
  });

  it('never finds more than there is, and all when the root matches', () => {
    fc.assert(
      fc.property(anyProfile, fc.uint8Array({ minLength: 20, maxLength: 20, max: 1 }), (profile, matches) => {
        const { graph } = layoutFlame(treeOf(profile, 1));
        const found = searchFlame(graph, matches);
        expect(found.total).toBeLessThanOrEqual(graph.x1[0] ?? 0);
        const all = searchFlame(graph, Uint8Array.from([1, ...matches.subarray(1)]));
        expect(all.total).toBe(graph.x1[0]);
      }),
    );
  });
});
