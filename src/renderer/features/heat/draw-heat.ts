import type { Cell } from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import { heatStep } from '../../../core/heat-map/heat-scale.js';
import { formatClock } from '../../format/times.js';
import { boxOfCell, plotOf, type HeatPlot } from './heat-plot.js';
import { lengthWords } from './heat-words.js';

/** The part of a 2D context that a heat map is drawn with; tests record its calls. */
export type HeatContext = Pick<
  CanvasRenderingContext2D,
  | 'setTransform'
  | 'fillRect'
  | 'strokeRect'
  | 'fillText'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
>;

export interface HeatColours {
  readonly background: string;
  /** Below the cells, so that seconds without samples are seen to be measured. */
  readonly ground: string;
  readonly label: string;
  readonly edge: string;
  readonly cursor: string;
  /** From few samples to many. */
  readonly scale: readonly string[];
}

export interface HeatScene {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ratio: number;
  readonly map: HeatMap;
  /** By cell 1 where it is brushed; null: nothing is. */
  readonly marked: Uint8Array | null;
  /** By cell the samples of the function that is selected; null: none is. */
  readonly own: Uint32Array | null;
  readonly cursor: Cell | null;
}

const pixelsPerTick = 72;
const fadedAlpha = 0.32;
/** Cells without the function that is selected. */
const otherAlpha = 0.16;
/** From so wide columns on there is a line between them. */
const gapFromPx = 5;

/** Draws cells, what is brushed of them, and the axes. With a function selected, cells without it are faded and the others tell its samples. */
export function drawHeat(context: HeatContext, scene: HeatScene, colours: HeatColours): void {
  const { widthPx, heightPx, ratio, map } = scene;
  const plot = plotOf(map, widthPx, heightPx);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colours.background;
  context.fillRect(0, 0, widthPx, heightPx);
  context.fillStyle = colours.ground;
  context.fillRect(plot.left, plot.top, plot.width, plot.height);
  drawCells(context, scene, plot, colours);
  drawEdges(context, scene, plot, colours);
  if (scene.cursor !== null) {
    const { left, right, top, bottom } = boxOfCell(map, plot, scene.cursor, ratio);
    context.strokeStyle = colours.cursor;
    context.lineWidth = 2;
    context.strokeRect(left - 1, top - 1, right - left + 2, bottom - top + 2);
  }
  drawAxes(context, scene, plot, colours);
}

function drawCells(
  context: HeatContext,
  { map, marked, own, ratio }: HeatScene,
  plot: HeatPlot,
  colours: HeatColours,
): void {
  const most = map.counts.reduce((highest, count) => Math.max(highest, count), 0);
  const gap = plot.width / map.columns >= gapFromPx ? 1 : 0;
  for (let cell = 0; cell < map.counts.length; cell++) {
    const samples = map.counts[cell] ?? 0;
    if (samples === 0) continue;
    const row = cell % map.rows;
    const { left, right, top, bottom } = boxOfCell(map, plot, { column: (cell - row) / map.rows, row }, ratio);
    const shown = own === null ? samples : (own[cell] ?? 0);
    context.fillStyle = colours.scale[heatStep(shown > 0 ? shown : samples, most)] ?? colours.label;
    context.globalAlpha = shown === 0 ? otherAlpha : marked === null || marked[cell] === 1 ? 1 : fadedAlpha;
    context.fillRect(left, top, right - left - gap, bottom - top);
  }
  context.globalAlpha = 1;
}

/** A line around what is brushed, whatever its form. */
function drawEdges(
  context: HeatContext,
  { map, marked, ratio }: HeatScene,
  plot: HeatPlot,
  colours: HeatColours,
): void {
  if (marked === null) return;
  const { columns, rows } = map;
  const is = (column: number, row: number): boolean =>
    column >= 0 && column < columns && row >= 0 && row < rows && marked[column * rows + row] === 1;
  const line = 1.5;
  context.fillStyle = colours.edge;
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      if (!is(column, row)) continue;
      const { left, right, top, bottom } = boxOfCell(map, plot, { column, row }, ratio);
      if (!is(column - 1, row)) context.fillRect(left - line / 2, top, line, bottom - top);
      if (!is(column + 1, row)) context.fillRect(right - line / 2, top, line, bottom - top);
      if (!is(column, row + 1)) context.fillRect(left, top - line / 2, right - left, line);
      if (!is(column, row - 1)) context.fillRect(left, bottom - line / 2, right - left, line);
    }
  }
}

function drawAxes(
  context: HeatContext,
  { map, widthPx, heightPx }: HeatScene,
  plot: HeatPlot,
  colours: HeatColours,
): void {
  const { left, top, width, height } = plot;
  context.font = '11px "Inter Variable", sans-serif';
  context.fillStyle = colours.label;
  context.textAlign = 'right';
  for (const [share, baseline] of [
    [0, 'alphabetic'],
    [0.5, 'middle'],
    [1, 'top'],
  ] as const) {
    context.textBaseline = baseline;
    const text = share === 0 ? '0' : lengthWords(share * map.columnMs);
    context.fillText(text, left - 6, Math.round(top + height - share * height));
  }
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  const columnPx = width / map.columns;
  const every = Math.max(1, Math.ceil(pixelsPerTick / columnPx));
  for (let column = 0; column < map.columns; column += every) {
    const x = left + column * columnPx;
    // A label that would be cut by the edge of the window says nothing.
    if (x > widthPx - 28) break;
    context.fillText(formatClock(map.startMs + column * map.columnMs, true), Math.round(x), heightPx - 6);
  }
}
