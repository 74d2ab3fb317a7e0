import { describe, expect, it } from 'vitest';
import type { CallTreeRows } from '../../../contract/decoder.js';
import { smallModel } from '../../testing/small-model.js';
import { noneOpen, setOpen, type OpenRows } from './open-rows.js';
import { holdsCertain, judgedRows, linesOf, nodeOfFunctions, type Branch } from './tree-rows.js';

function page(...rows: readonly (readonly [index: number, total: number, children: number])[]): CallTreeRows {
  return {
    functionIndex: Uint32Array.from(rows, ([index]) => index),
    self: new Float64Array(rows.length),
    total: Float64Array.from(rows, ([, total]) => total),
    childCount: Uint32Array.from(rows, ([, , children]) => children),
    rowCount: rows.length,
  };
}
/** "1 2": row 2 below row 1 is unfolded. */
function opened(paths: readonly string[]): OpenRows {
  const rows = noneOpen();
  for (const path of paths) setOpen(rows, path.split(' '), true);
  return rows;
}
const branch = (rowCount: number, ...pages: CallTreeRows[]): Branch => ({ pages, rowCount, loading: false });
const words = (branches: Map<string, Branch>, ...open: string[]): readonly string[] =>
  linesOf(branches, opened(open), String).map((line) =>
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

describe('rows and the nodes of the graph', () => {
  it('are found by their functions', () => {
    const model = smallModel();
    expect(nodeOfFunctions(model, [])).toBe(0);
    expect(nodeOfFunctions(model, [1, 3])).toBe(3);
    expect(nodeOfFunctions(model, [2, 3])).toBeUndefined();
  });

  it('hold what is certain when they call it', () => {
    const model = smallModel();
    expect([...holdsCertain(model)]).toEqual([0, 0, 0, 0]);
    model.certainty = Uint8Array.of(1, 1, 1, 2);
    expect([...holdsCertain(model)]).toEqual([1, 1, 0, 1]);
  });

  it('are found in a view that numbers its functions otherwise', () => {
    const model = smallModel();
    const view = smallModel(['all', 'c', 'a', 'b']);
    expect(judgedRows(model, view)).toBeUndefined();
    view.certainty = Uint8Array.of(1, 2, 0, 1);
    // In the view c calls b.
    const judged = judgedRows(model, view);
    expect([[3], [3, 2], [1], [2]].map((path) => judged?.nodeOf(path))).toEqual([1, 3, 2, undefined]);
    model.certainty = Uint8Array.of(1, 1, 1, 2);
    expect(judgedRows(model, model)?.nodeOf([1, 3])).toBe(3);
  });
});
