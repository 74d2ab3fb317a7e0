import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nowhere, sumUp } from './sum-up.js';
import { sumWindows, windowsWithin, type WindowColumns } from './window-sums.js';

const windows: WindowColumns = {
  startMs: Float64Array.of(0, 15, 30),
  endMs: Float64Array.of(15, 30, 45),
  rowStart: Uint32Array.of(0, 1, 3, 4),
  node: Uint32Array.of(1, 2, nowhere, 1),
  value: Float64Array.of(2, 3, 9, 1),
};
const parent = Uint32Array.of(0, 0, 1);

describe('windowsWithin', () => {
  it.each([
    [0, 45, 0, 3],
    [0, 15, 0, 1],
    [1, 31, 1, 3],
    [15, 30, 1, 2],
    [46, 90, 3, 3],
    [30, 15, 2, 2],
  ])('takes those that begin from %d until %d', (startMs, endMs, first, end) => {
    expect(windowsWithin(windows, startMs, endMs)).toEqual({ first, end });
  });
});

describe('sumWindows', () => {
  it('adds what lies in the windows', () => {
    expect(sumWindows(windows, parent, 0, 2)).toEqual({
      self: Float64Array.of(0, 2, 3),
      total: Float64Array.of(5, 5, 3),
    });
    expect(sumWindows(windows, parent, 2, 3).self).toEqual(Float64Array.of(0, 1, 0));
    expect(sumWindows(windows, parent, 1, 1).total).toEqual(Float64Array.of(0, 0, 0));
  });

  it('adds up to the whole, wherever it is cut', () => {
    const entry = fc.record({ node: fc.integer({ min: 0, max: 4 }), value: fc.integer({ min: 0, max: 1000 }) });
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (rows, cut) => {
          const all = rows.flat();
          const columns: WindowColumns = {
            startMs: Float64Array.from(rows, (_, index) => index),
            endMs: Float64Array.from(rows, (_, index) => index + 1),
            rowStart: Uint32Array.from([0, ...rows.map((_, index) => rows.slice(0, index + 1).flat().length)]),
            node: Uint32Array.from(all, ({ node }) => node),
            value: Float64Array.from(all, ({ value }) => value),
          };
          const of = Uint32Array.of(0, 0, 1, 1, 0);
          const middle = cut % (rows.length + 1);
          const [before, after] = [sumWindows(columns, of, 0, middle), sumWindows(columns, of, middle, rows.length)];
          const whole = sumUp({ values: columns.value, to: columns.node, parent: of });
          expect(before.total.map((value, node) => value + (after.total[node] ?? 0))).toEqual(whole.total);
        },
      ),
    );
  });
});
