import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { ancestorsOf, hitTest } from '../../core/flame/navigate.js';
import { framePitchPx, topPaddingPx, type Viewport } from './viewport.js';

/** The most callers that stay at the edge. */
export const mostSticky = 5;

/** Callers that are scrolled out of sight and stay at the edge, from the root on. */
export interface StickyCallers {
  readonly nodes: readonly number[];
  /** How many more there are between the root and the first of `nodes`. */
  readonly skipped: number;
}

const none: StickyCallers = { nodes: [], skipped: 0 };

/** Where in the view it is looked for the frame whose callers stay: the middle first. */
const probes = [0.5, 0.25, 0.75, 0.1, 0.9, 0.4, 0.6, 0.02, 0.98] as const;

/**
 * Which callers stay at the edge of a view that is scrolled: those of the widest frame on the first level that can be seen below them,
 * as in an editor that keeps the heads of the blocks around its first line.
 */
export function stickyCallers(graph: FlameGraph, { from, to, topPx }: Viewport, most = mostSticky): StickyCallers {
  if (graph.count === 0) return none;
  const rows = Math.min(levelsAbove(topPx), most);
  if (rows === 0) return none;
  // More than half of its frames is to be seen below the callers.
  const level = Math.min(levelsAbove(topPx + (rows - 0.5) * framePitchPx), graph.depthCount - 1);
  let anchor = -1;
  let widest = 0;
  for (const probe of probes) {
    const node = hitTest(graph, level, from + probe * (to - from));
    if (node < 0) continue;
    const width = Math.min(to, graph.x1[node] ?? 0) - Math.max(from, graph.x0[node] ?? 0);
    if (width <= widest) continue;
    widest = width;
    anchor = node;
  }
  if (anchor < 0) return none;
  const callers = ancestorsOf(graph, anchor).slice(0, -1);
  const nodes = callers.slice(-rows);
  return { nodes, skipped: callers.length - nodes.length };
}

/** How many levels begin above a line so many pixels below the beginning of the graph. */
function levelsAbove(linePx: number): number {
  return Math.max(0, Math.ceil((linePx - topPaddingPx) / framePitchPx));
}

/** The highest scroll position at which a level can be seen below its callers that stay at the edge. */
export function topBelowSticky(level: number): number {
  return (level - Math.min(level, mostSticky)) * framePitchPx;
}
