import { describe, expect, it } from 'vitest';
import { cellsWithin, cellWithin, samplesOfCells, spanOfCell, spansOfBrush, type Brush } from './brush.js';
import type { HeatMap } from './heat-map.js';

/** 4 columns of 4 rows of 250 ms; each cell holds its own number of samples. */
const map: HeatMap = {
  startMs: 10_000,
  columnMs: 1000,
  columns: 4,
  rows: 4,
  counts: Uint32Array.from({ length: 16 }, (_, cell) => cell),
};

/** The cells that a brush chooses, as they are drawn: later seconds to the right, later parts of them above. */
function picture(brush: Brush): readonly string[] {
  const marked = cellsWithin(map, spansOfBrush(map, brush));
  return [3, 2, 1, 0].map((row) => [0, 1, 2, 3].map((column) => (marked[column * 4 + row] === 1 ? '#' : '.')).join(''));
}

const corners = { from: { column: 1, row: 1 }, to: { column: 2, row: 2 } };

describe('a brush', () => {
  it('chooses the same part of each of some seconds, whichever corner it begins at', () => {
    const region = ['....', '.##.', '.##.', '....'];
    expect(picture({ kind: 'region', ...corners })).toEqual(region);
    expect(picture({ kind: 'region', from: corners.to, to: corners.from })).toEqual(region);
    expect(picture({ kind: 'region', from: { column: 2, row: 1 }, to: { column: 1, row: 2 } })).toEqual(region);
    expect(spansOfBrush(map, { kind: 'region', ...corners })).toEqual([
      { fromMs: 11_250, toMs: 11_750 },
      { fromMs: 12_250, toMs: 12_750 },
    ]);
  });

  it('chooses all of the time from one cell to another', () => {
    expect(picture({ kind: 'run', ...corners })).toEqual(['.#..', '.##.', '.##.', '..#.']);
    expect(spansOfBrush(map, { kind: 'run', from: corners.to, to: corners.from })).toEqual([
      { fromMs: 11_250, toMs: 12_750 },
    ]);
  });

  it('of whole seconds is one span', () => {
    const whole: Brush = { kind: 'region', from: { column: 0, row: 3 }, to: { column: 2, row: 0 } };
    expect(spansOfBrush(map, whole)).toEqual([{ fromMs: 10_000, toMs: 13_000 }]);
  });

  it('of one cell is that cell', () => {
    const cell = { column: 3, row: 2 };
    expect(spansOfBrush(map, { kind: 'region', from: cell, to: cell })).toEqual([spanOfCell(map, cell)]);
    expect(samplesOfCells(map, cellsWithin(map, [spanOfCell(map, cell)]))).toBe(14);
  });

  it('ends at the edges of the map', () => {
    expect(cellWithin(map, { column: -3, row: 9 })).toEqual({ column: 0, row: 3 });
    expect(cellWithin(map, { column: 7, row: -1 })).toEqual({ column: 3, row: 0 });
  });
});
