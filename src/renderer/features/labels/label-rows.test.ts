import { describe, expect, it } from 'vitest';
import { labelGroups, mergeLabels } from './label-rows.js';

const row = (key: string, value: string, total: number, unit = ''): ReturnType<typeof mergeLabels>['rows'][number] => ({
  key,
  value,
  unit,
  total,
});
const table = mergeLabels([
  { rows: [row('pid', '7', 3), row('thread', 'io', 5), row('size', '512', 1, 'bytes')], leftOut: 0, unlabelled: 2 },
  { rows: [row('thread', 'io', 4), row('thread', 'main', 20), row('size', '512', 1)], leftOut: 3, unlabelled: 0 },
]);

describe('labels of a view', () => {
  it('of both sides are one list', () => {
    expect(table).toEqual({
      rows: [
        row('thread', 'main', 20),
        row('thread', 'io', 9),
        row('pid', '7', 3),
        row('size', '512', 1, 'bytes'),
        row('size', '512', 1),
      ],
      leftOut: 3,
      unlabelled: 2,
    });
  });

  it('stand by their keys, threads and processes first', () => {
    expect(labelGroups(table, '').map(({ key, rows }) => [key, rows.length])).toEqual([
      ['thread', 2],
      ['pid', 1],
      ['size', 2],
    ]);
  });

  it('are found by key, value and unit', () => {
    const found = (filter: string): readonly string[] =>
      labelGroups(table, filter).flatMap(({ rows }) => rows.map(({ value }) => value));
    expect(found('THREAD')).toEqual(['main', 'io']);
    expect(found('bytes')).toEqual(['512']);
    expect(found('no such')).toEqual([]);
  });
});
