import { describe, expect, it } from 'vitest';
import { arrangeRows, changeOf, type FunctionRows } from './function-rows.js';
import { tableText } from './table-text.js';

const rows: FunctionRows = {
  viewId: 'v',
  names: ['all', 'parse', 'Encode', '=cmd()'],
  table: {
    functionIndex: Uint32Array.of(1, 2, 3),
    self: Float64Array.of(5, 7, 5),
    total: Float64Array.of(20, 7, 30),
    callers: Uint32Array.of(1, 1, 1),
  },
};
const diff: FunctionRows = {
  ...rows,
  table: { ...rows.table, baselineSelf: Float64Array.of(1, 1, 1), baselineTotal: Float64Array.of(25, 0, 30) },
};

describe('arrangeRows', () => {
  it('sorts by a column, equal ones by name', () => {
    expect([...arrangeRows(rows, '', { column: 'self', descending: true })]).toEqual([1, 2, 0]);
    expect([...arrangeRows(rows, '', { column: 'total', descending: false })]).toEqual([1, 0, 2]);
    expect([...arrangeRows(rows, '', { column: 'name', descending: false })]).toEqual([2, 1, 0]);
  });

  it('has no row for the root', () => {
    const { table } = rows;
    const withRoot = { ...rows, table: { ...table, functionIndex: Uint32Array.of(0, 2, 3) } };
    expect([...arrangeRows(withRoot, '', { column: 'self', descending: true })]).toEqual([1, 2]);
    expect([...arrangeRows(withRoot, 'all', { column: 'self', descending: true })]).toEqual([]);
  });

  it('filters as the search does', () => {
    expect([...arrangeRows(rows, 'enc', { column: 'self', descending: true })]).toEqual([1]);
    expect([...arrangeRows(rows, 'zzz', { column: 'self', descending: true })]).toEqual([]);
  });

  it('sorts a diff by change', () => {
    expect([...arrangeRows(diff, '', { column: 'change', descending: true })]).toEqual([1, 2, 0]);
    expect(changeOf(diff.table, 0)).toBe(-5);
  });
});

describe('tableText', () => {
  it('is plain columns in which nothing is a formula', () => {
    const order = arrangeRows(rows, '', { column: 'self', descending: true });
    expect(tableText(rows, order, 'count', rows.names)).toBe(
      "function\tself (count)\ttotal (count)\nEncode\t7\t7\n'=cmd()\t5\t30\nparse\t5\t20\n",
    );
    expect(tableText(diff, Uint32Array.of(0), 'count', rows.names)).toContain(
      'before (count)\tafter (count)\nparse\t25\t20',
    );
  });
});
