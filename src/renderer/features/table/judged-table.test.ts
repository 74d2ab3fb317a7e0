import { describe, expect, it } from 'vitest';
import type { Certainty } from '../../../contract/certainty.js';
import { changeFilters, judgeTable, passes, type ChangeFilter } from './judged-table.js';

const table = {
  functionIndex: Uint32Array.of(0, 1, 2, 3, 4, 5),
  self: new Float64Array(6),
  total: Float64Array.of(100, 60, 20, 30, 0, 5),
  callers: new Uint32Array(6),
  baselineSelf: new Float64Array(6),
  baselineTotal: Float64Array.of(100, 40, 30, 0, 30, 4),
};
const certainty = {
  functions: {
    functionIndex: Uint32Array.of(1, 2, 3),
    before: new Float64Array(3),
    after: new Float64Array(3),
    margin: Float64Array.of(5, 20, 8),
    certain: Uint8Array.of(1, 0, 1),
  },
} as Certainty;

const shown = (filter: ChangeFilter, judged: Certainty | null): readonly number[] => {
  const rows = judgeTable(table, judged);
  return [1, 2, 3, 4, 5].filter((row) => passes(rows, row, filter));
};

describe('a judged table', () => {
  it('has intervals and states where there were samples enough', () => {
    const { judged } = judgeTable(table, certainty);
    expect([...(judged?.state ?? [])]).toEqual([0, 2, 1, 2, 0, 0]);
    expect(judged?.margin[2]).toBe(20);
    expect(judged?.margin[4]).toBeNaN();
    expect(judgeTable(table, null).judged).toBeUndefined();
  });

  it('is filtered by what is certain, and by sizes while nothing is judged', () => {
    expect(changeFilters.map((filter) => shown(filter, certainty))).toEqual([
      [1, 2, 3, 4, 5],
      [1, 3],
      [1, 3],
      [],
      [3],
      [4],
    ]);
    expect(changeFilters.map((filter) => shown(filter, null))).toEqual([
      [1, 2, 3, 4, 5],
      [],
      [1, 3, 5],
      [2, 4],
      [3],
      [4],
    ]);
  });
});
