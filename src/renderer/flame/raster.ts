import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { visibleRange } from '../../core/flame/navigate.js';
import type { Palette, Pattern } from './palette.js';

/** Where and how large, in device pixels. */
export interface RasterLayout {
  readonly width: number;
  readonly height: number;
  /** First column and end of the graph: the padding outside stays background. */
  readonly left: number;
  readonly right: number;
  /** Top of level 0; beyond the edge when scrolled. */
  readonly top: number;
  /** Callees stand above their callers. */
  readonly up: boolean;
  readonly frameHeight: number;
  readonly pitch: number;
  /** Width of the gap at a box's right side; boxes of less than four gaps have none. */
  readonly gap: number;
  /** Boxes of at least this width get a label. */
  readonly labelWidth: number;
}

/** How frames are told apart while something is searched for. */
export interface Highlight {
  /** By function index. */
  readonly matches: Uint8Array;
  /** Word of the bar below a matching frame. */
  readonly bar: number;
  readonly barHeight: number;
}

/** A box with room for its name, device pixels. */
export interface Label {
  readonly node: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/**
 * Writes the visible part of a flame graph into pixels, level by level, and tells after each which of its boxes have room for a label:
 * what is written there at once is written while the level is in the processor's cache, which at scale 2 the whole picture is not.
 * Work is by what can be seen: a level's visible range is found by binary search, and nodes that end within one pixel
 * are skipped together by a galloping search, so a million nodes cost as much as the screen is wide.
 * One row of pixels is made a level and copied to the lines of its frames.
 */
export function rasterFlame(
  pixels: Uint32Array,
  layout: RasterLayout,
  graph: FlameGraph,
  view: { readonly from: number; readonly to: number },
  palette: Palette,
  background: number,
  highlight: Highlight | null,
  onLevel: (labels: readonly Label[]) => void,
): void {
  const { width, height, left, right, top, up, frameHeight, pitch, gap, labelWidth } = layout;
  const scale = (right - left) / (view.to - view.from);
  // How far level 0 lies beyond the edge that levels grow from, and how far it is to the other edge.
  const [beyond, room] = up ? [top - height, top + frameHeight - 1] : [-top - frameHeight, height - 1 - top];
  const firstLevel = Math.max(0, Math.floor(beyond / pitch) + 1);
  const lastLevel = Math.min(graph.depthCount - 1, Math.floor(room / pitch));
  const row = new Uint32Array(width);
  const bar = new Uint32Array(width);
  const { x0, x1, functionIndex } = graph;
  const topOf = (level: number): number => (up ? top - level * pitch : top + level * pitch);
  const clear = (from: number, to: number): void => {
    if (to > from && to > 0) pixels.fill(background, Math.max(0, from) * width, to * width);
  };
  if (firstLevel > lastLevel) {
    pixels.fill(background);
    return;
  }
  clear(0, topOf(up ? lastLevel : firstLevel));
  clear(topOf(up ? firstLevel : lastLevel) + pitch, height);
  for (let level = firstLevel; level <= lastLevel; level++) {
    const y = topOf(level);
    const { first, end } = visibleRange(graph, level, view.from, view.to);
    if (first === end) {
      clear(y, Math.min(height, y + pitch));
      continue;
    }
    const labels: Label[] = [];
    row.fill(background);
    let barred = false;
    const hatched: Hatch[] = [];
    const marked: Mark[] = [];
    if (highlight !== null) bar.fill(0);
    for (let node = first; node < end;) {
      const from = left + ((x0[node] ?? 0) - view.from) * scale;
      const to = left + ((x1[node] ?? 0) - view.from) * scale;
      const isMatch = highlight !== null && highlight.matches[functionIndex[node] ?? 0] === 1;
      const start = Math.max(left, Math.round(from));
      let stop = Math.min(right, Math.round(to));
      if (stop - start >= 1) {
        const room = stop - start;
        if (room > 3 * gap && stop < right) stop -= gap;
        row.fill(palette.fill(node), start, stop);
        const pattern = palette.pattern?.(node);
        if (pattern !== undefined) hatched.push({ ...pattern, start, stop });
        const mark = palette.mark?.(node) ?? 0;
        if (mark !== 0) marked.push({ word: mark, start, stop });
        if (isMatch) {
          bar.fill(highlight.bar, start, stop);
          barred = true;
        }
        if (room >= labelWidth) labels.push({ node, x: start, y, width: stop - start });
        node++;
        continue;
      }
      // Narrower than a pixel: it paints the pixel it lies in, and what else ends there is skipped.
      const pixel = Math.min(right - 1, Math.max(left, Math.floor(from)));
      if (row[pixel] === background) row[pixel] = palette.fill(node);
      const pixelEnd = view.from + (pixel + 1 - left) / scale;
      const next = firstEndingBehind(x1, node + 1, end, pixelEnd);
      if (highlight !== null && anyMatch(highlight.matches, functionIndex, node, next)) {
        bar[pixel] = highlight.bar;
        barred = true;
      }
      node = next;
    }
    const lineFrom = Math.max(0, y);
    const lineTo = Math.min(height, y + frameHeight);
    for (let line = lineFrom; line < lineTo; line++) pixels.set(row, line * width);
    clear(y + frameHeight, Math.min(height, y + pitch));
    for (const hatch of hatched) drawHatch(pixels, hatch, width, y, lineFrom, lineTo, gap);
    for (const { word, start, stop } of marked) {
      const end = Math.min(lineTo, y + 2 * gap);
      for (let line = lineFrom; line < end; line++) pixels.fill(word, line * width + start, line * width + stop);
    }
    if (highlight !== null && barred) {
      underline(pixels, bar, width, Math.max(lineFrom, y + frameHeight - highlight.barHeight), lineTo);
    }
    if (labels.length > 0) onLevel(labels);
  }
}

/** A line along the top of a box, two gaps thick. */
interface Mark {
  readonly word: number;
  readonly start: number;
  readonly stop: number;
}

interface Hatch extends Pattern {
  readonly start: number;
  readonly stop: number;
}

/** Lines as thick as a gap, six of them apart, that run on from box to box. */
const hatchPeriodGaps = 6;

function drawHatch(
  pixels: Uint32Array,
  { word, rising, start, stop }: Hatch,
  width: number,
  y: number,
  lineFrom: number,
  lineTo: number,
  gap: number,
): void {
  const period = hatchPeriodGaps * gap;
  for (let line = lineFrom; line < lineTo; line++) {
    const shift = rising ? line - y : y - line;
    for (let x = start; x < stop; x++) {
      // The remainder of a negative number is negative.
      if ((((x + shift) % period) + period) % period < gap) pixels[line * width + x] = word;
    }
  }
}

/** The first index in [from, end) whose value is above x, by doubling steps and then halving them. */
function firstEndingBehind(x1: Float64Array, from: number, end: number, x: number): number {
  let low = from;
  let step = 1;
  while (low + step < end && (x1[low + step] ?? 0) <= x) {
    low += step;
    step *= 2;
  }
  let high = Math.min(end, low + step + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((x1[middle] ?? 0) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Looks at no more than a few hundred of the skipped nodes: a hint in one pixel is not worth a frame's time. */
function anyMatch(matches: Uint8Array, functionIndex: Uint32Array, from: number, end: number): boolean {
  const stop = Math.min(end, from + 256);
  for (let node = from; node < stop; node++) {
    if (matches[functionIndex[node] ?? 0] === 1) return true;
  }
  return false;
}

function underline(pixels: Uint32Array, bar: Uint32Array, width: number, lineFrom: number, lineTo: number): void {
  for (let x = 0; x < width; x++) {
    const word = bar[x] ?? 0;
    if (word === 0) continue;
    for (let line = lineFrom; line < lineTo; line++) pixels[line * width + x] = word;
  }
}
