import { describe, expect, it } from 'vitest';
import { calleeRows, callerRows, type CallRows } from './call-rows.js';
import { callerCounts } from './caller-counts.js';
import { nameOfFunction, profileFromPicture, treeOf } from './testing/pictures.js';

const profile = profileFromPicture(`
  3  2  1  4  0
  a  b  a  d  z
  d  d  d     d
        d
`);
const tree = treeOf(profile);
const functionCount = profile.functions.name.length;
const numberOf = (name: string): number =>
  Array.from({ length: functionCount }, (_, index) => nameOfFunction(profile, index)).indexOf(name);

/** "name total self children" by row. */
const lines = (rows: CallRows | undefined): string[] | undefined =>
  rows === undefined
    ? undefined
    : Array.from(
        rows.functionIndex,
        (index, row) =>
          `${nameOfFunction(profile, index)} ${rows.total[0]?.[row] ?? 0} ${rows.self[0]?.[row] ?? 0} ${rows.childCount[row] ?? 0}`,
      );
const callees = (...path: string[]): string[] | undefined => lines(calleeRows(tree, [tree], path.map(numberOf)));
const callers = (...path: string[]): string[] | undefined =>
  lines(callerRows(tree, [tree], functionCount, path.map(numberOf)));

describe('rows of a call tree', () => {
  it('top-down', () => {
    expect(callees()).toEqual(['a 4 0 1', 'b 2 0 1', 'd 4 4 0']);
    expect(callees('a')).toEqual(['d 4 3 1']);
    expect(callees('a', 'd')).toEqual(['d 1 1 0']);
    expect(callees('a', 'd', 'd')).toEqual([]);
    expect(callees('d', 'a')).toBeUndefined();
  });
  it('bottom-up', () => {
    expect(callers()).toEqual(['d 10 10 3']);
    expect(callers('d')).toEqual(['a 3 3 0', 'd 1 0 1', 'b 2 2 0']);
    expect(callers('d', 'd')).toEqual(['a 1 1 0']);
    expect(callers('d', 'd', 'a')).toEqual([]);
    expect(callers('a')).toBeUndefined();
  });
});

it('callers are counted once, without the function itself and without those that have no width', () => {
  const counts = callerCounts(tree, [tree.total], functionCount);
  expect(Object.fromEntries(Array.from(counts, (count, index) => [nameOfFunction(profile, index), count]))).toEqual({
    all: 0,
    a: 1,
    b: 1,
    d: 3,
    z: 0,
  });
});
