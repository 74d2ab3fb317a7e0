import { cellsWithin, samplesOfCells, spanOfCell, type Cell } from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import type { TimeSpan } from '../../../core/profile/sample-times.js';
import { formatShare, plural } from '../../format/numbers.js';
import { formatInstant, spansWords } from '../../format/times.js';

/** A part of a second as the axis says it: "20 ms", "1 s". */
export function lengthWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms * 10) / 10}\u00a0ms` : `${Math.round(ms / 10) / 100}\u00a0s`;
}

/** What a map is of, for its accessible name. */
export function mapWords({ startMs, columnMs, columns }: HeatMap): string {
  return `Heat map, ${lengthWords(columns * columnMs)} from ${formatInstant(startMs)}`;
}

/** The samples of one function. */
export interface OwnCells {
  /** For the screen. */
  readonly name: string;
  /** By cell, as `counts` of the map. */
  readonly counts: Uint32Array;
}

/** One cell: when it is, its samples, and how many of them are of a function. */
export function cellWords(map: HeatMap, cell: Cell, own: OwnCells | null): string {
  const at = cell.column * map.rows + cell.row;
  const samples = map.counts[at] ?? 0;
  const ofOwn = own === null ? '' : `, ${own.counts[at] ?? 0} of them in ${own.name}`;
  return `${formatInstant(spanOfCell(map, cell).fromMs)}, ${plural(samples, 'sample', 'samples')} in ${lengthWords(map.columnMs / map.rows)}${ofOwn}`;
}

/** How many of all samples are of a function. */
export function ownWords(map: HeatMap, { name, counts }: OwnCells): string {
  const own = counts.reduce((sum, count) => sum + count, 0);
  const whole = map.counts.reduce((sum, count) => sum + count, 0);
  return `Marked: ${name}, ${plural(own, 'sample', 'samples')} (${formatShare(whole > 0 ? own / whole : 0)})`;
}

/** What is brushed: when, how long, and how many of the samples. */
export function brushedWords(map: HeatMap, spans: readonly TimeSpan[]): string {
  const samples = samplesOfCells(map, cellsWithin(map, spans));
  const whole = map.counts.reduce((sum, count) => sum + count, 0);
  const length = spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const share = whole > 0 ? ` (${formatShare(samples / whole)})` : '';
  return `${spansWords(spans)}, ${lengthWords(length)}: ${plural(samples, 'sample', 'samples')}${share}`;
}
