import { joinSpans, withinSpans, type TimeSpan } from '../profile/sample-times.js';
import type { HeatMap } from './heat-map.js';

/** A cell of a heat map. */
export interface Cell {
  readonly column: number;
  readonly row: number;
}

/**
 * What is meant by two cells: 'region' is the rectangle between them, so the same part of each of some seconds; 'run' is all of the time
 * from the one to the other.
 *
 *     region: . . . .     run: . # # .     b at the top right, a below it at the left; time goes up a column,
 *             . # b .          . # b .     then up the next one
 *             . a # .          . a # .
 *             . . . .          . . # .
 */
export type BrushKind = 'region' | 'run';

export interface Brush {
  readonly kind: BrushKind;
  readonly from: Cell;
  readonly to: Cell;
}

/** The nearest cell of the map. */
export function cellWithin({ columns, rows }: HeatMap, { column, row }: Cell): Cell {
  return {
    column: Math.max(0, Math.min(columns - 1, column)),
    row: Math.max(0, Math.min(rows - 1, row)),
  };
}

/** The time of a cell. */
export function spanOfCell({ startMs, columnMs, rows }: HeatMap, { column, row }: Cell): TimeSpan {
  const beginMs = startMs + column * columnMs;
  const rowMs = columnMs / rows;
  return { fromMs: beginMs + row * rowMs, toMs: beginMs + (row + 1) * rowMs };
}

/** What a brush chooses: spans that rise and do not touch. */
export function spansOfBrush(map: HeatMap, { kind, from, to }: Brush): readonly TimeSpan[] {
  if (kind === 'run') {
    const [one, other] = [spanOfCell(map, from), spanOfCell(map, to)];
    return [{ fromMs: Math.min(one.fromMs, other.fromMs), toMs: Math.max(one.toMs, other.toMs) }];
  }
  const low = Math.min(from.row, to.row);
  const high = Math.max(from.row, to.row);
  const spans: TimeSpan[] = [];
  for (let column = Math.min(from.column, to.column); column <= Math.max(from.column, to.column); column++) {
    const { fromMs } = spanOfCell(map, { column, row: low });
    spans.push({ fromMs, toMs: spanOfCell(map, { column, row: high }).toMs });
  }
  return joinSpans(spans);
}

/** By cell 1 where spans hold it, as `counts` of the map. Spans that were brushed hold cells whole. */
export function cellsWithin(map: HeatMap, spans: readonly TimeSpan[]): Uint8Array {
  const middles = Float64Array.from(map.counts, (_, index) => {
    const row = index % map.rows;
    const { fromMs, toMs } = spanOfCell(map, { column: (index - row) / map.rows, row });
    return (fromMs + toMs) / 2;
  });
  return withinSpans(middles, spans);
}

/** How many samples lie in cells that are marked. */
export function samplesOfCells({ counts }: HeatMap, marked: Uint8Array): number {
  return counts.reduce((sum, count, cell) => (marked[cell] === 1 ? sum + count : sum), 0);
}
