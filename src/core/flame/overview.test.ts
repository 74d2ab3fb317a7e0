import { describe, expect, it } from 'vitest';
import { createFlameAssembly, type FlameGraph } from './flame-graph.js';
import { nowhere, overviewNodes } from './overview.js';
import { chain } from './testing/chain.js';

/** root(10) with a(6) and b(4), a with c(2): the example of FlameGraph. */
function small(): FlameGraph {
  const assembly = createFlameAssembly(4, 3, false);
  assembly.append({
    first: 0,
    x0: Float64Array.of(0, 0, 6, 0),
    x1: Float64Array.of(10, 6, 10, 2),
    self: Float64Array.of(0, 4, 4, 2),
    depth: Uint32Array.of(0, 1, 1, 2),
    parent: Uint32Array.of(0, 0, 0, 1),
    functionIndex: Uint32Array.of(0, 1, 2, 3),
  });
  return assembly.graph;
}

const picture = (graph: FlameGraph, columns: number, rows: number): string[] => {
  const nodes = Array.from(overviewNodes(graph, columns, rows), (node) => (node === nowhere ? '.' : String(node)));
  return Array.from({ length: rows }, (_, row) => nodes.slice(row * columns, (row + 1) * columns).join(' '));
};

describe('overviewNodes', () => {
  it('shows the node in the middle of each pixel', () => {
    expect(picture(small(), 5, 3)).toEqual(['0 0 0 0 0', '1 1 1 2 2', '3 . . . .']);
  });

  it('repeats levels where there is room', () => {
    expect(picture(small(), 2, 6)).toEqual(['0 0', '0 0', '1 2', '1 2', '. .', '. .']);
  });

  it('picks levels where there are more of them than rows', () => {
    expect(picture(chain(1000), 1, 4)).toEqual(['125', '375', '625', '875']);
  });

  it('shows nothing of nothing', () => {
    expect(picture(createFlameAssembly(0, 0, false).graph, 2, 2)).toEqual(['. .', '. .']);
  });
});
