import { describe, expect, it } from 'vitest';
import type { LineTable } from '../../../contract/decoder.js';
import type { FoundCode } from '../../../contract/code.js';
import { compareTexts } from './compared-texts.js';
import {
  costliestLines,
  lineBeyond,
  lineOfRow,
  linesOfText,
  numberOfRow,
  placesOfLines,
  rowsOf,
  shownParts,
} from './source-rows.js';

const table: LineTable = {
  file: '/app/a.py',
  functionName: 'f',
  line: Uint32Array.of(3, 7, 9),
  owner: Uint32Array.of(0, 1, 0),
  functions: ['f', 'g'],
  columns: [
    {
      self: Float64Array.of(1, 0, 2),
      total: Float64Array.of(1, 8, 5),
      fileSelf: 3,
      fileTotal: 9,
      unknownSelf: 0,
    },
  ],
  wholes: [10],
  operationCount: 0,
};

describe('the lines of a file', () => {
  it('are told apart whichever way they end', () => {
    const lines = (text: string): readonly string[] => linesOfText(text).map((line) => `${line.from}:${line.text}`);
    expect(lines('a\nb\r\nc\rd')).toEqual(['0:a', '2:b', '5:c', '7:d']);
    expect(lines('a\n')).toEqual(['0:a']);
    expect(lines('a\n\n')).toEqual(['0:a', '2:']);
    expect(lines('')).toEqual(['0:']);
  });

  it('are harmless on the screen, keep their tabs, and end somewhere', () => {
    const shown = (text: string): string =>
      shownParts({ text, from: 0 }, null)
        .map((part) => part.text)
        .join('');
    expect(shown('\tif a\u202eb:')).toBe('\tif a‹U+202E›b:');
    expect(shown('x'.repeat(2003))).toBe(`${'x'.repeat(2000)} … 3 more characters`);
  });

  it('have their place in the table', () => {
    expect(placesOfLines(table).get(7)).toBe(1);
    expect(lineBeyond(table, 9)).toBeUndefined();
    expect(lineBeyond(table, 8)).toBe(9);
    expect(costliestLines(table, 2)).toEqual([
      { line: 7, functionName: 'g', total: 8 },
      { line: 9, functionName: 'f', total: 5 },
    ]);
  });
});

describe('the rows of a file', () => {
  const found = (text: string): FoundCode => ({ place: 'git', where: 'the clone', text });
  const own = found('new\na\nB\n');
  const texts = compareTexts(own, { phase: 'read', answer: { found: found('a\ngone\nb\n'), looks: [] } });
  const [column] = table.columns;
  if (column === undefined) throw new Error('there is a column');
  const ofLine = (line: number, total: number) => ({
    line: Uint32Array.of(line),
    owner: Uint32Array.of(0),
    functions: ['f'],
    columns: [{ ...column, self: Float64Array.of(0), total: Float64Array.of(total) }],
  });
  const apart: LineTable = { ...table, ...ofLine(2, 7), before: ofLine(2, 5) };

  it('are its lines where there is one text', () => {
    const { rows, table: shown, lineCount } = rowsOf(own, table, {});
    expect(rows.map(({ text }) => text.text)).toEqual(['new', 'a', 'B']);
    expect([shown, lineCount, lineOfRow(rows, 2)]).toEqual([table, 3, 2]);
    // What is asked for anew is not mixed with what was told before.
    expect(rowsOf(own, apart, {}).table).toBeNull();
    expect(rowsOf(own, table, texts).table).toBe(table);
  });

  it('are both texts in one where there are two, with what became of each line', () => {
    const { rows, table: shown, baselineCount } = rowsOf(own, apart, texts);
    expect(
      rows.map(({ aligned, text }) => `${aligned === undefined ? '' : numberOfRow(aligned).shown}: ${text.text}`),
    ).toEqual(['+ 1: new', '1 → 2: a', '− 2: gone', '+ 3: B']);
    expect(rows.map((_, index) => lineOfRow(rows, index + 1))).toEqual([1, 2, 2, 3]);
    expect(shown?.columns.map(({ total }) => [...total])).toEqual([
      [7, 0],
      [0, 5],
    ]);
    expect([shown?.before, baselineCount]).toEqual([undefined, 3]);
  });

  it('keep how a line that changed read before', () => {
    const changed = compareTexts(own, { phase: 'read', answer: { found: found('new\na\nb\n'), looks: [] } });
    const { rows } = rowsOf(own, apart, changed);
    expect(rows.at(-1)).toMatchObject({ formerly: 'b', aligned: { before: 3, after: 3, changed: true } });
    const [row] = rows.slice(-1);
    expect(row?.aligned === undefined ? '' : numberOfRow(row.aligned).spoken).toBe('3, in A line 3, changed');
  });
});
