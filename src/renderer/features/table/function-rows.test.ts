import { describe, expect, it } from 'vitest';
import { smallModel } from '../../testing/small-model.js';
import { changeOf, chosenColumns, diffColumns, flameColumns, type Column } from './columns.js';
import { arrangeRows, type FunctionRows, type Sort } from './function-rows.js';
import { tableText } from './table-text.js';

const rows: FunctionRows = {
  viewId: 'v',
  names: ['all', 'parse', 'Encode', '=cmd()'],
  table: {
    functionIndex: Uint32Array.of(1, 2, 3),
    self: Float64Array.of(5, 7, 5),
    total: Float64Array.of(20, 7, 30),
    callers: Uint32Array.of(2, 1, 3),
  },
};
const diff: FunctionRows = {
  ...rows,
  table: { ...rows.table, baselineSelf: Float64Array.of(1, 1, 1), baselineTotal: Float64Array.of(25, 0, 30) },
};

const model = smallModel(rows.names);
const by = (key: string, descending: boolean): Sort => ({
  column: [...flameColumns, ...diffColumns].find((column) => column.key === key) ?? null,
  descending,
});
const arrange = (of: FunctionRows, query: string, sort: Sort): number[] => [
  ...arrangeRows(of, query, 'plain', sort, model),
];
const only = (...keys: string[]): readonly Column[] => chosenColumns(false, keys);

describe('arrangeRows', () => {
  it('sorts by a column, equal ones by name', () => {
    expect(arrange(rows, '', by('self', true))).toEqual([1, 2, 0]);
    expect(arrange(rows, '', by('total', false))).toEqual([1, 0, 2]);
    expect(arrange(rows, '', by('callers', true))).toEqual([2, 0, 1]);
    expect(arrange(rows, '', by('file', false))).toEqual([2, 1, 0]);
    expect(arrange(rows, '', { column: null, descending: false })).toEqual([2, 1, 0]);
  });

  it('has no row for the root', () => {
    const { table } = rows;
    const withRoot = { ...rows, table: { ...table, functionIndex: Uint32Array.of(0, 2, 3) } };
    expect(arrange(withRoot, '', by('self', true))).toEqual([1, 2]);
    expect(arrange(withRoot, 'all', by('self', true))).toEqual([]);
  });

  it('shows what the search finds, and all of it while a regular expression is being typed', () => {
    expect(arrange(rows, 'enc', by('self', true))).toEqual([1]);
    expect(arrange(rows, 'zzz', by('self', true))).toEqual([]);
    expect([...arrangeRows(rows, '^p', 'regex', by('self', true), model)]).toEqual([0]);
    expect([...arrangeRows(rows, '^(p', 'regex', by('self', true), model)]).toEqual([1, 2, 0]);
  });

  it('sorts a diff by change', () => {
    expect(arrange(diff, '', by('change', true))).toEqual([1, 2, 0]);
    expect(changeOf(diff.table, 0)).toBe(-5);
  });
});

describe('tableText', () => {
  const order = Uint32Array.of(1, 2, 0);
  const whole = 40;

  it('is CSV in which nothing is a formula', () => {
    const columns = only('self', 'callers');
    expect(tableText({ rows, order, columns, unit: 'count', whole, model }, 'csv')).toBe(
      "Function,Self (count),Callers\r\nEncode,7,1\r\n'=cmd(),5,3\r\nparse,5,2\r\n",
    );
    const quotes = smallModel(['all', 'a,"b"', 'b', 'c']);
    const one = { rows, order: Uint32Array.of(0), columns: [], unit: '', whole, model: quotes };
    expect(tableText(one, 'csv')).toBe('Function\r\n"a,""b"""\r\n');
  });

  it('is Markdown in which no name is markup', () => {
    const hostile = smallModel(['all', '<b>a|b</b>', 'b_[x](y)', 'c']);
    const columns = only('total');
    const text = tableText(
      { rows, order: Uint32Array.of(0, 1), columns, unit: 'count', whole, model: hostile },
      'markdown',
    );
    expect(text.replaceAll('\u00a0', ' ')).toBe(
      '| Function | Total |\n| --- | ---: |\n| \\<b\\>a\\|b\\</b\\> | 20 \\(50.0 %\\) |\n| b\\_\\[x\\]\\(y\\) | 7 \\(17.5 %\\) |\n',
    );
  });

  it('has the sides of a diff', () => {
    const text = tableText(
      { rows: diff, order: Uint32Array.of(0), columns: chosenColumns(true, []), unit: 'count', whole, model },
      'csv',
    );
    expect(text).toBe('Function,Before (count),After (count),Change (count)\r\nparse,25,20,-5\r\n');
  });
});
