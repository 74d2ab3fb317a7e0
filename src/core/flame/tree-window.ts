import type { FlameGraph } from './flame-graph.js';
import { ancestorsOf, childrenOf } from './navigate.js';

/** A frame as a row of a tree grid. Counted from 1, as ARIA counts. */
export interface TreeWindowRow {
  readonly node: number;
  readonly level: number;
  /** How many callees its caller has, and which of them it is, the widest first. */
  readonly setSize: number;
  readonly position: number;
  /** Whether its callees are rows; undefined: it has none. */
  readonly expanded: boolean | undefined;
  readonly rowIndex: number;
}

/** The rows around one frame. */
export interface TreeWindow {
  readonly rows: readonly TreeWindowRow[];
  /** How many rows there would be if all were there. */
  readonly rowCount: number;
}

const mostCallers = 24;
const neighbours = 5;
const mostCallees = 12;

/**
 * A graph as a tree grid in which the way from the root to one frame is unfolded, and that frame: of its rows those that are near it.
 * Others are counted and not made: a graph has a million frames, and a reader is at one of them.
 *
 * Example: root with a and b, a with c, around a: root (row 1 of 4, level 1), a (2, level 2, 1 of 2, unfolded), c (3), b (4).
 */
export function treeWindow(graph: FlameGraph, node: number): TreeWindow {
  if (node < 0 || node >= graph.count) return { rows: [], rowCount: 0 };
  const path = ancestorsOf(graph, node);
  const levels = path.map((each, depth) => {
    const range = depth === 0 ? { first: 0, end: 1 } : childrenOf(graph, path[depth - 1] ?? 0);
    return { node: each, first: range.first, setSize: range.end - range.first, position: each - range.first + 1 };
  });
  const callees = childrenOf(graph, node);
  const calleeCount = callees.end - callees.first;
  let rowIndex = 0;
  const rows: TreeWindowRow[] = [];
  const deepest = levels.length - 1;
  for (const [depth, { setSize, position, first }] of levels.entries()) {
    const callerRow = rowIndex;
    rowIndex += position;
    const row = (at: number, index: number): TreeWindowRow => ({
      node: first + at - 1,
      level: depth + 1,
      setSize,
      position: at,
      expanded: unfolded(graph, first + at - 1, at === position),
      rowIndex: index,
    });
    if (depth !== deepest) {
      if (depth === 0 || depth > deepest - mostCallers) rows.push(row(position, rowIndex));
      continue;
    }
    for (let at = Math.max(1, position - neighbours); at <= position; at++) rows.push(row(at, callerRow + at));
    for (let index = 0; index < Math.min(calleeCount, mostCallees); index++) {
      rows.push({
        node: callees.first + index,
        level: depth + 2,
        setSize: calleeCount,
        position: index + 1,
        expanded: unfolded(graph, callees.first + index, false),
        rowIndex: rowIndex + index + 1,
      });
    }
    for (let at = position + 1; at <= Math.min(setSize, position + neighbours); at++) {
      rows.push(row(at, callerRow + at + calleeCount));
    }
  }
  return { rows, rowCount: levels.reduce((sum, { setSize }) => sum + setSize, calleeCount) };
}

function unfolded(graph: FlameGraph, node: number, isOpen: boolean): boolean | undefined {
  const { first, end } = childrenOf(graph, node);
  return first === end ? undefined : isOpen;
}
