import type { FlameGraph } from '../../core/flame/flame-graph.js';

/** What of the graph is on the canvas: [from, to) of its width, and how far it is scrolled down, in CSS pixels. */
export interface Viewport {
  readonly from: number;
  readonly to: number;
  readonly topPx: number;
}

/** A part of a node's width: {0, 1} is all of it. Kept relative, so that it stays where it is while a live view grows. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

export const wholePart: Part = { from: 0, to: 1 };

/** Nothing is narrower than this share of the root: a sample of a year. */
const narrowest = 1e-9;

/** Height of a frame and the gap below it, CSS pixels. */
export const frameHeightPx = 18;
export const framePitchPx = frameHeightPx + 1;
/** Room left and right of the graph, as everything else in the main area has. */
export const sidePaddingPx = 12;
export const topPaddingPx = 4;

/** The viewport that shows a node at full width, its level at most at the top third. */
export function viewportOf(graph: FlameGraph, node: number, heightPx: number, part: Part = wholePart): Viewport {
  const left = graph.x0[node] ?? 0;
  const width = (graph.x1[node] ?? 0) - left;
  const from = left + part.from * width;
  const to = left + part.to * width;
  const level = graph.depth[node] ?? 0;
  const wanted = level * framePitchPx - heightPx / 3;
  return { from, to: to > from ? to : from + 1, topPx: clampTop(graph, wanted, heightPx) };
}

/** Keeps the scroll position inside the graph. */
export function clampTop(graph: FlameGraph, topPx: number, heightPx: number): number {
  const contentPx = graph.depthCount * framePitchPx + 2 * topPaddingPx;
  return Math.round(Math.max(0, Math.min(topPx, contentPx - heightPx)));
}

/** The position along the graph below a CSS pixel of the canvas. */
export function positionAt(viewport: Viewport, xPx: number, widthPx: number): number {
  const inner = Math.max(1, widthPx - 2 * sidePaddingPx);
  return viewport.from + ((xPx - sidePaddingPx) / inner) * (viewport.to - viewport.from);
}

/** The level below a CSS pixel of the canvas; -1 in the gap between frames. `up`: the root is at the bottom. */
export function levelAt(viewport: Viewport, yPx: number, heightPx: number, up: boolean): number {
  const y = (up ? heightPx - yPx : yPx) + viewport.topPx - topPaddingPx;
  return y < 0 || y % framePitchPx >= frameHeightPx ? -1 : Math.floor(y / framePitchPx);
}

/** The part of a node that a stretch of the graph is, kept inside the root's width. */
export function partOf(graph: FlameGraph, node: number, from: number, to: number): Part {
  const root = (graph.x1[0] ?? 0) - (graph.x0[0] ?? 0);
  const left = graph.x0[node] ?? 0;
  const width = (graph.x1[node] ?? 0) - left;
  if (!(width > 0)) return wholePart;
  const span = Math.max(root * narrowest, Math.min(root, to - from));
  const start = Math.max(0, Math.min(root - span, from));
  return { from: (start - left) / width, to: (start + span - left) / width };
}

export function sameViewport(one: Viewport, other: Viewport): boolean {
  return one.from === other.from && one.to === other.to && one.topPx === other.topPx;
}

/** Between two viewports, t from 0 to 1: fast first, then slow. */
export function easeViewport(start: Viewport, end: Viewport, t: number): Viewport {
  if (t >= 1) return end;
  const eased = 1 - (1 - t) ** 3;
  const mix = (a: number, b: number): number => a + (b - a) * eased;
  return {
    from: mix(start.from, end.from),
    to: mix(start.to, end.to),
    topPx: Math.round(mix(start.topPx, end.topPx)),
  };
}
