import { f64At, u32At } from '../profile/columns.js';
import { atOnce, turnMask, type Steps } from '../profile/steps.js';
import type { FlameLayout, LayoutInput } from './layout.js';

/**
 * What of a layout comes from the shape of a tree alone: all of its nodes in level order, the children of a row next to each other, from
 * childStart[row] to childStart[row + 1]. `node` is the call node of a row; parent, depth and levelStart are those of a FlameGraph with
 * these rows. Siblings lie as one column of values had them, widest first: other values of the same tree mostly want the same order,
 * which then is only looked over.
 *
 * Which order it is depends on values, and where two siblings change places so do all rows below them. What is kept serves then as well:
 * the children of a row lie together, where the depth-first order of the tree has them far from each other. See
 * docs/adr/0013-rows-apart-from-values.md for what that is worth.
 *
 * Example: root(10) with a(6) and b(4), a with c(2), in depth-first order root, b, a, c:
 *   node = [0, 2, 1, 3], childStart = [1, 3, 4, 4, 4], parent = [0, 0, 0, 1], depth = [0, 1, 1, 2], levelStart = [0, 1, 3, 4].
 */
export interface FlameRows {
  readonly node: Uint32Array;
  /** One entry more than there are rows. */
  readonly childStart: Uint32Array;
  readonly parent: Uint32Array;
  readonly depth: Uint32Array;
  readonly functionIndex: Uint32Array;
  readonly levelStart: Uint32Array;
}

/** The rows of a tree of so many nodes whose layout has them all; undefined of one that has not. The layout's columns become theirs. */
export function rowsOf({ graph, order }: FlameLayout, nodeCount: number): FlameRows | undefined {
  if (graph.count !== nodeCount) return undefined; // without width
  const { parent, depth, functionIndex, levelStart } = graph;
  const childStart = new Uint32Array(nodeCount + 1);
  let row = 0;
  for (let child = 1; child < nodeCount; child++) {
    for (const caller = u32At(parent, child); row <= caller; row++) childStart[row] = child;
  }
  childStart.fill(nodeCount, row);
  return { node: order, childStart, parent, depth, functionIndex, levelStart };
}

/**
 * A width for every node, near to that of its own: what rows are made from where the first values leave nodes out. What no value has
 * becomes a trace of the whole, the wider the more lies below.
 */
export function widthsOfAll({
  nodeCount,
  subtreeEnd,
  total,
}: Pick<LayoutInput, 'nodeCount' | 'subtreeEnd' | 'total'>): Float64Array {
  const trace = Math.max(f64At(total, 0), 1) * 1e-12;
  const widths = new Float64Array(nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    widths[node] = Math.max(0, f64At(total, node)) + (u32At(subtreeEnd, node) - node) * trace;
  }
  return widths;
}

/**
 * What `layoutFlame` answers for the whole of a tree, column by column, where its rows are known. Columns that come out as those of the
 * rows are the rows' own: nobody may write into them. The reference for `LayoutRows` of src/native/layout.cc.
 */
export function layoutRows(rows: FlameRows, values: Pick<LayoutInput, 'total' | 'self'>): FlameLayout {
  return atOnce(layoutRowsInSteps(rows, values));
}

/** {@link layoutRows} in steps. */
export function* layoutRowsInSteps(
  rows: FlameRows,
  { total, self }: Pick<LayoutInput, 'total' | 'self'>,
): Steps<FlameLayout> {
  const { node: nodes, childStart } = rows;
  const capacity = nodes.length;
  const x0 = new Float64Array(capacity);
  const x1 = new Float64Array(capacity);
  const own = new Float64Array(capacity);
  x1[0] = f64At(total, 0);
  /** By node of the layout, its row; empty as long as each is the row of its own number. */
  let rowOf = new Uint32Array(0);
  let moved = false;
  let { node: order, parent, depth, functionIndex } = rows;
  const levels = [0];
  const siblings: number[] = [];
  let count = 1;
  for (let at = 0; at < count; at++) {
    if ((at & turnMask) === turnMask) yield at / capacity;
    const row = moved ? u32At(rowOf, at) : at;
    own[at] = f64At(self, u32At(nodes, row));
    const first = u32At(childStart, row);
    const end = u32At(childStart, row + 1);
    if (first === end) continue;
    const wide = inOrder(nodes, total, first, end);
    if (!moved && wide !== end) {
      moved = true;
      rowOf = new Uint32Array(capacity);
      for (let each = 0; each < count; each++) rowOf[each] = each;
      order = begun(order, count);
      parent = begun(parent, count);
      depth = begun(depth, count);
      functionIndex = begun(functionIndex, count);
    }
    siblings.length = 0;
    if (wide < 0) collectRows(nodes, total, first, end, siblings);
    const siblingCount = wide < 0 ? siblings.length : wide - first;
    if (siblingCount === 0) continue;
    const level = u32At(depth, at) + 1;
    if (levels.length === level) levels.push(count);
    let x = f64At(x0, at);
    const right = f64At(x1, at);
    for (let place = 0; place < siblingCount; place++) {
      const child = wide < 0 ? (siblings[place] ?? 0) : first + place;
      const node = u32At(nodes, child);
      x0[count] = x;
      // As in layoutFlame, in the same order, so that sums of fractions are the same.
      x = Math.min(x + f64At(total, node), right);
      x1[count] = x;
      if (moved) {
        rowOf[count] = child;
        order[count] = node;
        parent[count] = at;
        depth[count] = level;
        functionIndex[count] = u32At(rows.functionIndex, child);
      }
      count++;
    }
  }
  const cut = <Column extends Uint32Array | Float64Array>(column: Column): Column =>
    count === column.length ? column : (column.slice(0, count) as Column);
  return {
    order: cut(order),
    graph: {
      count,
      nodeCount: count,
      depthCount: levels.length,
      levelStart: moved ? Uint32Array.from([...levels, count]) : rows.levelStart,
      x0: cut(x0),
      x1: cut(x1),
      depth: cut(depth),
      parent: cut(parent),
      self: cut(own),
      functionIndex: cut(functionIndex),
    },
  };
}

/** Another column that begins alike, with room for as much. */
function begun(column: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(column.length);
  copy.set(column.subarray(0, count));
  return copy;
}

/** Where the rows from `first` on that have width end, if those lie widest first, and the ones without behind them; -1 if not. */
function inOrder(nodes: Uint32Array, total: Float64Array, first: number, end: number): number {
  let node = u32At(nodes, first);
  let width = f64At(total, node);
  let wide = width > 0 ? end : first;
  for (let row = first + 1; row < end; row++) {
    const next = u32At(nodes, row);
    const nextWidth = f64At(total, next);
    if (!(nextWidth > 0)) {
      if (wide > row) wide = row;
    } else if (wide < end || nextWidth > width || (nextWidth === width && next < node)) {
      return -1;
    }
    node = next;
    width = nextWidth;
  }
  return wide;
}

/** Fills `siblings` with the rows that have width, widest first, equally wide ones in the order of the tree. */
function collectRows(nodes: Uint32Array, total: Float64Array, first: number, end: number, siblings: number[]): void {
  for (let row = first; row < end; row++) if (f64At(total, u32At(nodes, row)) > 0) siblings.push(row);
  if (siblings.length > 8) {
    siblings.sort(
      (a, b) => f64At(total, u32At(nodes, b)) - f64At(total, u32At(nodes, a)) || u32At(nodes, a) - u32At(nodes, b),
    );
    return;
  }
  for (let i = 1; i < siblings.length; i++) {
    const moved = siblings[i] ?? 0;
    const node = u32At(nodes, moved);
    const width = f64At(total, node);
    let hole = i;
    for (; hole > 0; hole--) {
      const other = siblings[hole - 1] ?? 0;
      const otherNode = u32At(nodes, other);
      const otherWidth = f64At(total, otherNode);
      if (otherWidth > width || (otherWidth === width && otherNode < node)) break;
      siblings[hole] = other;
    }
    siblings[hole] = moved;
  }
}
