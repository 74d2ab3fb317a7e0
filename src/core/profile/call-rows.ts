import type { CallNodes } from './call-tree.js';
import { f64At, growingU32, u32At } from './columns.js';

/** The children of one place of a call tree; values by column of what was asked. */
export interface CallRows {
  readonly functionIndex: Uint32Array;
  readonly self: readonly Float64Array[];
  readonly total: readonly Float64Array[];
  readonly childCount: Uint32Array;
}

/** Values of one side of a view. */
export interface CallColumn {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/**
 * Top-down: what the frame at the end of a path calls, in tree order; without a path what the root calls. Children that are 0 in every
 * column are left out. Undefined when there is no such path.
 */
export function calleeRows(
  nodes: CallNodes,
  columns: readonly CallColumn[],
  path: readonly number[],
): CallRows | undefined {
  const { subtreeEnd, functionIndex } = nodes;
  const childrenOf = (node: number): number[] => {
    const children: number[] = [];
    const end = u32At(subtreeEnd, node);
    for (let child = node + 1; child < end; child = u32At(subtreeEnd, child)) {
      if (columns.some(({ total }) => f64At(total, child) > 0)) children.push(child);
    }
    return children;
  };
  let node = 0;
  for (const callee of path) {
    const next = childrenOf(node).find((child) => u32At(functionIndex, child) === callee);
    if (next === undefined) return undefined;
    node = next;
  }
  const rows = childrenOf(node);
  return {
    functionIndex: Uint32Array.from(rows, (row) => u32At(functionIndex, row)),
    self: columns.map(({ self }) => Float64Array.from(rows, (row) => f64At(self, row))),
    total: columns.map(({ total }) => Float64Array.from(rows, (row) => f64At(total, row))),
    childCount: Uint32Array.from(rows, (row) => childrenOf(row).length),
  };
}

/**
 * Bottom-up: who calls the function at the end of a path that begins with the function that took the time, in the order in which
 * callers first appear; without a path all functions that took time by themselves, all of which is theirs: of their callers only stacks that
 * begin with one are. One walk over the tree; nothing is inverted.
 *
 * Example: a;d 3 and b;d 2: without a path d (5, self 5, two callers); with [d] a (3, self 3) and b (2, self 2).
 */
export function callerRows(
  nodes: CallNodes,
  columns: readonly CallColumn[],
  functionCount: number,
  path: readonly number[],
): CallRows | undefined {
  const { nodeCount, functionIndex, parent } = nodes;
  let origin = growingU32();
  let at = growingU32();
  for (let node = 1; node < nodeCount; node++) {
    if (path.length > 0 && u32At(functionIndex, node) !== path[0]) continue;
    if (!columns.some(({ self }) => f64At(self, node) > 0)) continue;
    origin.push(node);
    at.push(node);
  }
  for (const callee of path) {
    const nextOrigin = growingU32();
    const nextAt = growingU32();
    for (let item = 0; item < at.length; item++) {
      const here = at.at(item);
      if (here === 0 || u32At(functionIndex, here) !== callee) continue;
      nextOrigin.push(origin.at(item));
      nextAt.push(u32At(parent, here));
    }
    if (nextAt.length === 0) return undefined;
    origin = nextOrigin;
    at = nextAt;
  }
  return rowsByCaller(nodes, columns, functionCount, origin.freeze(), at.freeze(), path.length === 0);
}

/** Adds up stacks by the frame whose turn it is. */
function rowsByCaller(
  { functionIndex, parent }: CallNodes,
  columns: readonly CallColumn[],
  functionCount: number,
  origin: Uint32Array,
  at: Uint32Array,
  heads: boolean,
): CallRows {
  const rowOf = new Uint32Array(functionCount); // row + 1
  const rows = growingU32();
  const rowOfItem = new Uint32Array(at.length);
  for (let item = 0; item < at.length; item++) {
    const here = u32At(at, item);
    if (here === 0) continue;
    const frame = u32At(functionIndex, here);
    if (u32At(rowOf, frame) === 0) rowOf[frame] = rows.push(frame) + 1;
    rowOfItem[item] = u32At(rowOf, frame);
  }
  const self = columns.map(() => new Float64Array(rows.length));
  const total = columns.map(() => new Float64Array(rows.length));
  const childCount = new Uint32Array(rows.length);
  const callersSeen = new Set<number>();
  for (let item = 0; item < at.length; item++) {
    const row = u32At(rowOfItem, item) - 1;
    if (row < 0) continue;
    const caller = u32At(parent, u32At(at, item));
    if (caller !== 0) {
      const pair = row * functionCount + u32At(functionIndex, caller);
      if (!callersSeen.has(pair)) {
        callersSeen.add(pair);
        childCount[row] = u32At(childCount, row) + 1;
      }
    }
    columns.forEach((column, index) => {
      const value = f64At(column.self, u32At(origin, item));
      addAt(total[index], row, value);
      if (heads || caller === 0) addAt(self[index], row, value);
    });
  }
  return { functionIndex: rows.freeze(), self, total, childCount };
}

function addAt(column: Float64Array | undefined, index: number, value: number): void {
  if (column !== undefined) column[index] = f64At(column, index) + value;
}

/** Rows in an order of their own, and of those only some. */
export function pickRows(rows: CallRows, order: readonly number[]): CallRows {
  const values = (column: Float64Array): Float64Array => Float64Array.from(order, (row) => f64At(column, row));
  const numbers = (column: Uint32Array): Uint32Array => Uint32Array.from(order, (row) => u32At(column, row));
  return {
    functionIndex: numbers(rows.functionIndex),
    self: rows.self.map(values),
    total: rows.total.map(values),
    childCount: numbers(rows.childCount),
  };
}
