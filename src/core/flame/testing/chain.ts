import { createFlameAssembly, type FlameGraph } from '../flame-graph.js';

/** A chain of `depth` frames, each as wide as its caller. */
export function chain(depth: number): FlameGraph {
  const assembly = createFlameAssembly(depth, depth, false);
  const column = Uint32Array.from({ length: depth }, (_, index) => index);
  assembly.append({
    first: 0,
    x0: new Float64Array(depth),
    x1: new Float64Array(depth).fill(1),
    self: new Float64Array(depth),
    depth: column,
    parent: column.map((index) => Math.max(0, index - 1)),
    functionIndex: column,
  });
  return assembly.graph;
}
