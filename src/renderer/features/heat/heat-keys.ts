import { cellWithin, type Cell } from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';

/** What a key does in a heat map. */
export type HeatCommand =
  | { readonly kind: 'move'; readonly to: Cell; readonly brush: boolean }
  | { readonly kind: 'use' }
  | { readonly kind: 'let-go' };

const steps: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  PageUp: [0, 10],
  PageDown: [0, -10],
  Home: [-Infinity, 0],
  End: [Infinity, 0],
};

/** Arrows, Page Up and Down, Home and End move from cell to cell, and brush with Shift; Enter uses what is brushed, Escape lets it go. */
export function heatCommand(
  { key, shiftKey }: { readonly key: string; readonly shiftKey: boolean },
  map: HeatMap,
  { column, row }: Cell,
): HeatCommand | null {
  if (key === 'Enter' || key === ' ') return { kind: 'use' };
  if (key === 'Escape') return { kind: 'let-go' };
  const step = steps[key];
  if (step === undefined) return null;
  return { kind: 'move', to: cellWithin(map, { column: column + step[0], row: row + step[1] }), brush: shiftKey };
}
