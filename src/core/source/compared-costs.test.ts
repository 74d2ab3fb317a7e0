import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignLines } from './align-lines.js';
import { comparedCosts, type ComparedCosts } from './compared-costs.js';
import type { LineCosts } from './line-costs.js';

/** Costs by line, [self, total]; all of one function. */
function costsOf(byLine: Readonly<Record<number, readonly [number, number]>>, name = 'f'): LineCosts {
  const lines = Object.entries(byLine);
  const self = Float64Array.from(lines, ([, [value]]) => value);
  return {
    line: Uint32Array.from(lines, ([line]) => Number(line)),
    owner: new Uint32Array(lines.length),
    functions: [name],
    columns: [
      {
        self,
        total: Float64Array.from(lines, ([, [, value]]) => value),
        fileSelf: self.reduce((sum, value) => sum + value, 0),
        fileTotal: lines.reduce((most, [, [, value]]) => Math.max(most, value), 0),
        unknownSelf: 0,
      },
    ],
  };
}

function compared(before: string, after: string, old: LineCosts, own: LineCosts): ComparedCosts {
  return comparedCosts(alignLines(before.split(' '), after.split(' ')) ?? [], own, old);
}

/** "2 (1>2): 5 to 4" for each row that costs something, by total. */
function words({ rows, costs }: ComparedCosts): readonly string[] {
  return Array.from(costs.line, (row, place) => {
    const { before = 0, after = 0 } = rows[row - 1] ?? {};
    const [own, old] = costs.columns.map(({ total }) => total[place] ?? 0);
    return `${row} (${before}>${after}): ${old ?? 0} to ${own ?? 0}`;
  });
}

describe('what lines of a comparison cost', () => {
  it('stands beside what they became, and between them what is gone', () => {
    const made = compared('a b c d', 'new a c d', costsOf({ 1: [5, 5], 2: [3, 3] }), costsOf({ 2: [4, 4], 4: [1, 1] }));
    expect(made.rows).toHaveLength(5);
    expect(words(made)).toEqual(['2 (1>2): 5 to 4', '3 (2>0): 3 to 0', '5 (4>4): 0 to 1']);
  });

  it('leaves out lines that are gone and cost nothing', () => {
    const made = compared('a b c', 'a c', costsOf({ 1: [1, 1] }), costsOf({ 2: [1, 1] }));
    expect(made.rows.map(({ before, after }) => [before, after])).toEqual([
      [1, 1],
      [3, 2],
    ]);
  });

  it('has lines that their text does not have behind all others', () => {
    const made = compared('a', 'a', costsOf({ 9: [2, 2] }), costsOf({ 1: [1, 1], 7: [3, 3] }));
    expect(words(made)).toEqual(['1 (1>1): 0 to 1', '2 (9>0): 2 to 0', '3 (0>7): 0 to 3']);
  });

  it('names the function that has the line now, and else the one that had it', () => {
    const { costs } = compared('a b', 'x a', costsOf({ 1: [1, 1], 2: [1, 1] }, 'old'), costsOf({ 2: [1, 1] }, 'own'));
    expect(Array.from(costs.owner, (owner) => costs.functions[owner])).toEqual(['own', 'old']);
  });

  it('keeps every sum, whatever the texts are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    const values = fc.dictionary(
      fc.integer({ min: 1, max: 15 }).map(String),
      fc.integer({ min: 1, max: 9 }).map((value) => [value, value] as const),
    );
    fc.assert(
      fc.property(text, text, values, values, (before, after, old, own) => {
        const sides = [costsOf(own), costsOf(old)];
        const [asked, baseline] = sides;
        if (asked === undefined || baseline === undefined) return;
        const { rows, costs } = comparedCosts(alignLines(before, after) ?? [], asked, baseline);
        const sum = (values: Float64Array | undefined): number => values?.reduce((all, value) => all + value, 0) ?? 0;
        costs.columns.forEach((column, side) => {
          const of = sides[side]?.columns[0];
          expect(sum(column.self)).toBe(sum(of?.self));
          expect(sum(column.total)).toBe(sum(of?.total));
          expect(column).toMatchObject({ fileSelf: of?.fileSelf, fileTotal: of?.fileTotal });
        });
        expect([...costs.line]).toEqual([...costs.line].toSorted((a, b) => a - b));
        expect(costs.line.at(-1) ?? 0).toBeLessThanOrEqual(rows.length);
      }),
    );
  });
});
