import { cellWithin, type Cell } from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';

/** Where the cells of a heat map lie in its box, CSS pixels from the corner at the top left. Rows go up. */
export interface HeatPlot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The edges of a cell, CSS pixels. */
export interface CellBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const leftPx = 52;
const rightPx = 12;
const topPx = 4;
const bottomPx = 20;
/** Of a short recording: wider seconds would not tell more. */
const widestColumnPx = 28;

/** Lays the cells out in a box of a size. */
export function plotOf({ columns }: HeatMap, widthPx: number, heightPx: number): HeatPlot {
  return {
    left: leftPx,
    top: topPx,
    width: Math.max(1, Math.min(widthPx - leftPx - rightPx, columns * widestColumnPx)),
    height: Math.max(1, heightPx - topPx - bottomPx),
  };
}

/** The cell at a place, or the nearest one. */
export function cellAt(map: HeatMap, { left, top, width, height }: HeatPlot, xPx: number, yPx: number): Cell {
  return cellWithin(map, {
    column: Math.floor(((xPx - left) / width) * map.columns),
    row: Math.floor(((top + height - yPx) / height) * map.rows),
  });
}

/** Where a cell lies, on whole pixels of the screen: cells beside each other neither overlap nor leave a seam. */
export function boxOfCell(
  { columns, rows }: HeatMap,
  { left, top, width, height }: HeatPlot,
  { column, row }: Cell,
  ratio: number,
): CellBox {
  const onPixel = (px: number): number => Math.round(px * ratio) / ratio;
  return {
    left: onPixel(left + (column / columns) * width),
    right: onPixel(left + ((column + 1) / columns) * width),
    top: onPixel(top + height - ((row + 1) / rows) * height),
    bottom: onPixel(top + height - (row / rows) * height),
  };
}
