import { u32At } from '../profile/columns.js';

/** The columns that every node of a flame graph has; see FlameGraph for their meaning. */
export interface FlameColumns {
  readonly x0: Float64Array;
  readonly x1: Float64Array;
  readonly self: Float64Array;
  readonly depth: Uint32Array;
  readonly parent: Uint32Array;
  readonly functionIndex: Uint32Array;
  /** Of a diff only: totals of the two sides, and what they measured in the node itself, normalised. */
  readonly baseline?: Float64Array;
  readonly comparison?: Float64Array;
  readonly baselineSelf?: Float64Array;
  readonly comparisonSelf?: Float64Array;
}

/**
 * A laid-out call tree in level order: the root, then every node of depth 1 from left to right, and so on.
 *
 * Node n covers [x0[n], x1[n]) in the unit of what was measured; its children lie side by side from x0[n] on, widest
 * first, and never reach past x1[n]. The part that no child covers is self. parent[n] is the level-order index of
 * the caller, the root its own. Level d is the index range [levelStart[d], levelStart[d + 1]), in which x0, x1 and
 * parent never fall: that is what the binary searches of `navigate.ts` stand on.
 *
 * Only the first `count` nodes are there while a graph arrives in pieces; levels that are not there yet are empty ranges.
 *
 * Example: root(10) with a(6) and b(4), a with c(2):
 *   x0 = [0, 0, 6, 0], x1 = [10, 6, 10, 2], depth = [0, 1, 1, 2], parent = [0, 0, 0, 1], self = [0, 4, 4, 2],
 *   levelStart = [0, 1, 3, 4].
 */
export interface FlameGraph extends FlameColumns {
  /** Nodes that are there. */
  readonly count: number;
  /** Nodes that there will be. */
  readonly nodeCount: number;
  /** Levels, the root's among them. */
  readonly depthCount: number;
  /** depthCount + 1 entries. */
  readonly levelStart: Uint32Array;
}

/** A run of nodes [first, first + x0.length) of a flame graph: what crosses between processes at once. */
export interface FlameRun extends FlameColumns {
  readonly first: number;
}

/** A flame graph that is being put together from its runs. */
export interface FlameAssembly {
  /** The graph so far. A new object after each `append`, over the same columns. */
  readonly graph: FlameGraph;
  /** Adds the next run; answers false, and changes nothing, when it does not follow the last one or does not fit. */
  append(run: FlameRun): boolean;
}

/** Makes room for a graph whose size is known from its header. `depthCount` counts the root's level. */
export function createFlameAssembly(nodeCount: number, depthCount: number, diff: boolean): FlameAssembly {
  const columns = {
    x0: new Float64Array(nodeCount),
    x1: new Float64Array(nodeCount),
    self: new Float64Array(nodeCount),
    depth: new Uint32Array(nodeCount),
    parent: new Uint32Array(nodeCount),
    functionIndex: new Uint32Array(nodeCount),
  };
  const sides = diff
    ? {
        baseline: new Float64Array(nodeCount),
        comparison: new Float64Array(nodeCount),
        baselineSelf: new Float64Array(nodeCount),
        comparisonSelf: new Float64Array(nodeCount),
      }
    : undefined;
  const levelStart = new Uint32Array(depthCount + 1);
  let graph: FlameGraph = { ...columns, ...sides, count: 0, nodeCount, depthCount, levelStart };
  return {
    get graph() {
      return graph;
    },
    append(run) {
      const added = run.x0.length;
      const count = graph.count + added;
      if (run.first !== graph.count || count > nodeCount) return false;
      if (added > 0 && u32At(run.depth, added - 1) >= depthCount) return false;
      columns.x0.set(run.x0, run.first);
      columns.x1.set(run.x1, run.first);
      columns.self.set(run.self, run.first);
      columns.depth.set(run.depth, run.first);
      columns.parent.set(run.parent, run.first);
      columns.functionIndex.set(run.functionIndex, run.first);
      if (sides !== undefined) {
        sides.baseline.set(run.baseline ?? run.x0, run.first);
        sides.comparison.set(run.comparison ?? run.x0, run.first);
        sides.baselineSelf.set(run.baselineSelf ?? run.self, run.first);
        sides.comparisonSelf.set(run.comparisonSelf ?? run.self, run.first);
      }
      noteLevels(levelStart, columns.depth, run.first, count);
      graph = { ...columns, ...sides, count, nodeCount, depthCount, levelStart };
      return true;
    },
  };
}

/**
 * Enters where levels begin among the nodes [first, count), and `count` for all levels that have not begun.
 * Depth rises by at most one from node to node in level order.
 */
export function noteLevels(levelStart: Uint32Array, depth: Uint32Array, first: number, count: number): void {
  let previous = first === 0 ? -1 : u32At(depth, first - 1);
  for (let node = first; node < count; node++) {
    const level = u32At(depth, node);
    if (level === previous) continue;
    levelStart.fill(node, previous + 1, level + 1);
    previous = level;
  }
  levelStart.fill(count, previous + 1);
}
