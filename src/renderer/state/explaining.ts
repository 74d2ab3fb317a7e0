import type { FigureSet } from '../features/guidance/figures.js';

/** Figures that are being explained, and where in the window. */
export interface Explaining {
  readonly set: FigureSet;
  /** CSS pixels of the window. */
  readonly xPx: number;
  readonly yPx: number;
  /** What has the focus again afterwards; absent: what has it now. */
  readonly returnTo?: HTMLElement;
}
