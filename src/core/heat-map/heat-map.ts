import { f64At } from '../profile/columns.js';

/** Rows of a heat map: of a second each is 20 ms. */
export const heatRows = 50;
/** Longer recordings get columns of more than a second. */
const mostColumns = 600;
const columnSeconds = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const longestColumnMs = 3_600_000;

/**
 * Samples by when they were taken, as a grid: a column is a second, or more of a long recording, a row the same part of each. Columns
 * begin with whole seconds of the clock, so what happens once a second stays in its row.
 * `counts[column * rows + row]` is the number of samples of a cell; row 0 is where a column begins.
 *
 * Example, of 2 rows: samples at 10.1, 10.2 and 11.9 s:
 *   startMs 10000, columnMs 1000, columns 2, counts [2, 0, 0, 1].
 */
export interface HeatMap {
  /** Where the first column begins, Unix milliseconds. */
  readonly startMs: number;
  readonly columnMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly counts: Uint32Array;
}

/** Counts samples by their times, Unix milliseconds; those whose time is NaN are left out. Without any there are no columns. */
export function heatMapOf(times: Float64Array, samples: Float64Array, rows = heatRows): HeatMap {
  let first = Infinity;
  let last = -Infinity;
  for (const time of times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  if (last < first) return { startMs: 0, columnMs: 1000, columns: 0, rows, counts: new Uint32Array(0) };
  const columnMs = columnFor(last - first);
  const startMs = Math.floor(first / columnMs) * columnMs;
  const columns = Math.floor((last - startMs) / columnMs) + 1;
  const grid = { startMs, columnMs, columns, rows };
  return { ...grid, counts: countCells(grid, times, samples) };
}

/**
 * Counts samples into the cells of a map, as its `counts`; those whose time is NaN or beyond its columns are left out.
 */
export function countCells(
  { startMs, columnMs, columns, rows }: Omit<HeatMap, 'counts'>,
  times: Float64Array,
  samples: Float64Array,
): Uint32Array {
  const rowMs = columnMs / rows;
  const counts = new Uint32Array(columns * rows);
  for (let sample = 0; sample < times.length; sample++) {
    const since = f64At(times, sample) - startMs;
    const column = Math.floor(since / columnMs);
    if (!(column >= 0 && column < columns)) continue;
    const row = Math.min(rows - 1, Math.floor((since - column * columnMs) / rowMs));
    const cell = column * rows + row;
    counts[cell] = (counts[cell] ?? 0) + f64At(samples, sample);
  }
  return counts;
}

function columnFor(spanMs: number): number {
  const enough = columnSeconds.find((seconds) => spanMs < (mostColumns - 1) * seconds * 1000);
  if (enough !== undefined) return enough * 1000;
  return Math.ceil(spanMs / ((mostColumns - 1) * longestColumnMs)) * longestColumnMs;
}
