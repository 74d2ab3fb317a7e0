import { describe, expect, it } from 'vitest';
import type { CallTreeRows } from '../../../contract/decoder.js';
import { linesOf, type Branch } from './tree-rows.js';

function page(...rows: readonly (readonly [index: number, total: number, children: number])[]): CallTreeRows {
  return {
    functionIndex: Uint32Array.from(rows, ([index]) => index),
    self: new Float64Array(rows.length),
    total: Float64Array.from(rows, ([, total]) => total),
    childCount: Uint32Array.from(rows, ([, , children]) => children),
    rowCount: rows.length,
  };
}
const branch = (rowCount: number, ...pages: CallTreeRows[]): Branch => ({ pages, rowCount, loading: false });
const words = (branches: Map<string, Branch>, ...open: string[]): readonly string[] =>
  linesOf(branches, new Set(open)).map((line) =>
    line.kind === 'more'
      ? `${' '.repeat(line.path.length)}… ${line.left} more`
      : `${' '.repeat(line.path.length - 1)}${line.path.at(-1) ?? ''} ${line.total} (${line.position}/${line.setSize})`,
  );

describe('linesOf', () => {
  const branches = new Map([
    ['', branch(1, page([1, 10, 2]))],
    ['1', branch(2, page([2, 6, 1], [3, 4, 0]))],
    ['1 2', branch(5, page([2, 3, 0]), page([4, 1, 0]))],
  ]);

  it('shows what is unfolded under unfolded rows only', () => {
    expect(words(branches)).toEqual(['1 10 (1/1)']);
    expect(words(branches, '1')).toEqual(['1 10 (1/1)', ' 2 6 (1/2)', ' 3 4 (2/2)']);
    expect(words(branches, '1 2')).toEqual(['1 10 (1/1)']);
  });

  it('says how many children were not fetched yet', () => {
    expect(words(branches, '1', '1 2')).toEqual([
      '1 10 (1/1)',
      ' 2 6 (1/2)',
      '  2 3 (1/5)',
      '  4 1 (2/5)',
      '  … 3 more',
      ' 3 4 (2/2)',
    ]);
  });
});
