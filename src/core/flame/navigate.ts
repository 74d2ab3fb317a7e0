import { f64At, u32At } from '../profile/columns.js';
import type { FlameGraph } from './flame-graph.js';

/** A run of nodes, [first, end). Empty when first === end. */
export interface NodeRange {
  readonly first: number;
  readonly end: number;
}

/** The nodes of a level; empty for a level that the graph does not have or that has not arrived. */
export function levelRange(graph: FlameGraph, level: number): NodeRange {
  if (level < 0 || level >= graph.depthCount) return { first: 0, end: 0 };
  return { first: u32At(graph.levelStart, level), end: u32At(graph.levelStart, level + 1) };
}

/** The first node in [first, end) that ends behind x. */
function firstEndingBehind(graph: FlameGraph, first: number, end: number, x: number): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (f64At(graph.x1, middle) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The node of a level that covers x, or -1. */
export function hitTest(graph: FlameGraph, level: number, x: number): number {
  const { first, end } = levelRange(graph, level);
  const node = firstEndingBehind(graph, first, end, x);
  return node < end && f64At(graph.x0, node) <= x ? node : -1;
}

/** The nodes of a level that show in [from, to). */
export function visibleRange(graph: FlameGraph, level: number, from: number, to: number): NodeRange {
  const range = levelRange(graph, level);
  const first = firstEndingBehind(graph, range.first, range.end, from);
  let low = first;
  let high = range.end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (f64At(graph.x0, middle) >= to) high = middle;
    else low = middle + 1;
  }
  return { first, end: low };
}

/** The children of a node, widest first: they stand together, because level order goes by parents. */
export function childrenOf(graph: FlameGraph, node: number): NodeRange {
  const level = levelRange(graph, u32At(graph.depth, node) + 1);
  return {
    first: firstWithParent(graph, level, node),
    end: firstWithParent(graph, level, node + 1),
  };
}

function firstWithParent(graph: FlameGraph, range: NodeRange, parent: number): number {
  let low = range.first;
  let high = range.end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (u32At(graph.parent, middle) >= parent) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The callers of a node from the root to itself. */
export function ancestorsOf(graph: FlameGraph, node: number): readonly number[] {
  const path = [node];
  for (let at = node; at !== 0;) {
    at = u32At(graph.parent, at);
    path.push(at);
  }
  return path.reverse();
}

/**
 * The function names from below the root to a node: how a zoom is kept when the graph is made anew and indices
 * change. The root's path is empty.
 */
export function pathOfNode(
  graph: FlameGraph,
  node: number,
  nameOf: (functionIndex: number) => string,
): readonly string[] {
  return ancestorsOf(graph, node)
    .slice(1)
    .map((ancestor) => nameOf(u32At(graph.functionIndex, ancestor)));
}

/** How far a path was found. */
export interface FoundPath {
  /** The deepest node of the path that is there; the root when not even the first name is. */
  readonly node: number;
  /** Names of the path that were found. Equal to its length: found whole. */
  readonly matched: number;
}

/** Follows a path of function names. Of siblings with one name (in two files) the widest that leads on is taken. */
export function nodeAtPath(
  graph: FlameGraph,
  path: readonly string[],
  nameOf: (functionIndex: number) => string,
): FoundPath {
  let candidates: readonly number[] = graph.count > 0 ? [0] : [];
  let matched = 0;
  for (const name of path) {
    const next: number[] = [];
    for (const candidate of candidates) {
      const { first, end } = childrenOf(graph, candidate);
      for (let child = first; child < end; child++) {
        if (nameOf(u32At(graph.functionIndex, child)) === name) next.push(child);
      }
    }
    if (next.length === 0) break;
    candidates = next;
    matched++;
  }
  const width = (node: number): number => f64At(graph.x1, node) - f64At(graph.x0, node);
  const node = candidates.reduce(
    (widest, other) => (width(other) > width(widest) ? other : widest),
    candidates[0] ?? 0,
  );
  return { node, matched };
}
