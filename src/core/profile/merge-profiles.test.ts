import { expect, it } from 'vitest';
import { buildCallNodes, callTreeOf } from './call-tree.js';
import { mergeProfiles } from './merge-profiles.js';
import { lazyStrings } from './strings.js';
import { profileFromPicture, toText } from './testing/pictures.js';
import type { Profile } from './profile.js';

const one = profileFromPicture(`
  3     1
  main  main
  read  write@io.py
`);
const other = profileFromPicture(`
  5           2
  main        other
  write@io.py
`);

/** Stacks with their counts, as folded text. */
function folded(profile: Profile): Record<string, number> {
  const text = lazyStrings(profile.strings, toText);
  const { stacks, locations, functions, samples } = profile;
  const names = (stack: number): string[] => {
    if (stack === 0) return [];
    const line = locations.lineStart[stacks.location[stack] ?? 0] ?? 0;
    const name = functions.name[locations.lineFunction[line] ?? 0] ?? 0;
    return [...names(stacks.prefix[stack] ?? 0), text(name)];
  };
  const sums: Record<string, number> = {};
  for (const [at, stack] of samples.stack.entries()) {
    const key = names(stack).join(';');
    sums[key] = (sums[key] ?? 0) + (samples.values[0]?.[at] ?? 0);
  }
  return sums;
}

it('adds equal stacks', () => {
  const merged = mergeProfiles([one, other]);
  if (!merged.ok) throw new Error('they measure one thing');
  expect(folded(merged.profile)).toEqual({ 'main;read': 3, 'main;write': 6, other: 2 });
  const built = buildCallNodes(merged.profile, 1000);
  if (!built.ok) throw new Error('too many');
  // Functions of both are one, so that one call tree has each stack once.
  expect(built.nodes.nodeCount).toBe(5);
  expect(callTreeOf(merged.profile, built.nodes, 0).total[0]).toBe(11);
});

it('adds lengths, unless one is unknown', () => {
  const long = { ...one, durationNs: 2e9, period: 10 };
  const length = (profiles: readonly [Profile, Profile]): unknown => {
    const merged = mergeProfiles(profiles);
    return merged.ok ? [merged.profile.durationNs, merged.profile.period] : merged;
  };
  expect(length([long, long])).toEqual([4e9, 10]);
  expect(length([long, one])).toEqual([0, 0]);
});

it('tells which profile measures something else', () => {
  const bytes = { ...other, sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }] };
  expect(mergeProfiles([one, other, bytes])).toEqual({ ok: false, unlike: 2 });
});
