import { describe, expect, it } from 'vitest';
import { createFlameAssembly, type FlameGraph } from './flame-graph.js';
import { treeWindow } from './tree-window.js';

/** A graph from the parents of its nodes, which stand in level order. Widths do not matter here. */
function graphOf(...parents: readonly number[]): FlameGraph {
  const depth = new Uint32Array(parents.length);
  for (const [node, parent] of parents.entries()) if (node > 0) depth[node] = (depth[parent] ?? 0) + 1;
  const assembly = createFlameAssembly(parents.length, Math.max(...depth) + 1, false);
  assembly.append({
    first: 0,
    x0: new Float64Array(parents.length),
    x1: new Float64Array(parents.length),
    self: new Float64Array(parents.length),
    depth,
    parent: Uint32Array.from(parents),
    functionIndex: new Uint32Array(parents.length),
  });
  return assembly.graph;
}

const words = (graph: FlameGraph, node: number): string[] =>
  treeWindow(graph, node).rows.map(
    ({ node: at, level, position, setSize, expanded, rowIndex }) =>
      `${rowIndex}: ${' '.repeat(level - 1)}${at} (${position}/${setSize})${expanded === undefined ? '' : expanded ? ' -' : ' +'}`,
  );

describe('treeWindow', () => {
  //     0
  //   1 2 3       1: 4 5   2: 6   5: 7
  const graph = graphOf(0, 0, 0, 0, 1, 1, 2, 5);

  it('unfolds the way to a frame and the frame itself', () => {
    expect(words(graph, 5)).toEqual([
      '1: 0 (1/1) -',
      '2:  1 (1/3) -',
      '3:   4 (1/2)',
      '4:   5 (2/2) -',
      '5:    7 (1/1)',
    ]);
    expect(treeWindow(graph, 5).rowCount).toBe(7);
    expect(words(graph, 1)).toEqual([
      '1: 0 (1/1) -',
      '2:  1 (1/3) -',
      '3:   4 (1/2)',
      '4:   5 (2/2) +',
      '5:  2 (2/3) +',
      '6:  3 (3/3)',
    ]);
    expect(words(graph, 0).slice(0, 2)).toEqual(['1: 0 (1/1) -', '2:  1 (1/3) +']);
  });

  it('counts rows that it does not make', () => {
    const wide = graphOf(0, ...Array.from({ length: 1000 }, () => 0));
    const { rows, rowCount } = treeWindow(wide, 500);
    expect(rowCount).toBe(1001);
    expect(rows.map(({ position }) => position)).toEqual([1, 495, 496, 497, 498, 499, 500, 501, 502, 503, 504, 505]);
    expect(rows.at(-1)?.rowIndex).toBe(506);
    const deep = graphOf(0, ...Array.from({ length: 5000 }, (_, node) => node));
    expect(treeWindow(deep, 4000).rows.length).toBeLessThan(40);
    expect(treeWindow(deep, 4000).rows[0]).toMatchObject({ node: 0, level: 1 });
    expect(treeWindow(deep, 4000).rows.at(-1)).toMatchObject({ level: 4002, rowIndex: 4002 });
  });

  it('is empty for what is not there', () => {
    expect(treeWindow(graph, 99)).toEqual({ rows: [], rowCount: 0 });
  });
});
