import type { FlameGraph } from './flame-graph.js';
import { levelRange } from './navigate.js';

/** In place of a node: nothing lies there. */
export const nowhere = 0xffff_ffff;

/**
 * The whole of a graph in a few pixels: by row and column the node that covers the column's middle, or `nowhere`. With fewer rows than
 * levels each row shows the level at its middle, with more each level has several rows. Costs as much as there are pixels, however many
 * nodes there are.
 *
 * Example: root(10) with a(6) and b(4), a with c(2), in 5 columns and 3 rows:
 *   0 0 0 0 0
 *   1 1 1 2 2
 *   3 . . . .
 */
export function overviewNodes(graph: FlameGraph, columns: number, rows: number): Uint32Array {
  const nodes = new Uint32Array(columns * rows).fill(nowhere);
  const left = graph.x0[0] ?? 0;
  const perColumn = ((graph.x1[0] ?? 0) - left) / columns;
  if (graph.count === 0 || !(perColumn > 0)) return nodes;
  for (let row = 0; row < rows; row++) {
    const level = Math.min(graph.depthCount - 1, Math.floor(((row + 0.5) / rows) * graph.depthCount));
    if (row > 0 && level === Math.floor(((row - 0.5) / rows) * graph.depthCount)) {
      nodes.copyWithin(row * columns, (row - 1) * columns, row * columns);
      continue;
    }
    const { first, end } = levelRange(graph, level);
    for (let column = 0, node = first; column < columns; column++) {
      const x = left + (column + 0.5) * perColumn;
      node = firstEndingBehind(graph.x1, node, end, x);
      if (node === end) break;
      if ((graph.x0[node] ?? 0) <= x) nodes[row * columns + column] = node;
    }
  }
  return nodes;
}

/** The first index in [from, end) whose value is above x, by doubling steps and then halving them: the next one is mostly near. */
function firstEndingBehind(x1: Float64Array, from: number, end: number, x: number): number {
  let low = from;
  let high = from;
  for (let step = 1; high < end && (x1[high] ?? 0) <= x; step *= 2) {
    low = high + 1;
    high = Math.min(end, high + step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((x1[middle] ?? 0) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
