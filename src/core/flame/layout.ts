import { f64At, u32At } from '../profile/columns.js';
import type { CallNodes } from '../profile/call-tree.js';
import { atOnce, turnMask, type Steps } from '../profile/steps.js';
import type { FlameGraph } from './flame-graph.js';

/** A flame graph, and for each of its nodes which node of the call tree it is. */
export interface FlameLayout {
  readonly graph: FlameGraph;
  /** Index in the call tree by level-order index. */
  readonly order: Uint32Array;
}

/** What a layout is made from: the shape, what width a node has, and its self value. */
export interface LayoutInput extends CallNodes {
  /** As CallTree.total: at least the sum of the children's. */
  readonly total: Float64Array;
  readonly self: Float64Array;
}

/** Which nodes of a layout are wanted; with a node all its callers are. */
export interface LayoutPart {
  /** Nodes below this width are left out, and with them their subtrees. In the unit of `total`. */
  readonly narrowest: number;
  /** Nodes that do not show in [from, to) are left out. */
  readonly from: number;
  readonly to: number;
  /** No more nodes than so many: the deepest are left out. */
  readonly most: number;
}

/** Every node that has width. */
export const wholeLayout: LayoutPart = { narrowest: 0, from: 0, to: Infinity, most: 0xffff_ffff };

/**
 * Places call nodes in level order: siblings widest first, equally wide ones in the order of the call tree, so that the
 * same tree gives the same picture every time. Nodes without width are left out, and so are their subtrees; the root stays. Of a part
 * every node is where it is in the whole.
 */
export function layoutFlame(tree: LayoutInput, part: LayoutPart = wholeLayout): FlameLayout {
  return atOnce(layoutInSteps(tree, part));
}

/** {@link layoutFlame} in steps. */
export function* layoutInSteps(tree: LayoutInput, part: LayoutPart = wholeLayout): Steps<FlameLayout> {
  const capacity = Math.min(tree.nodeCount, Math.max(1, part.most));
  const order = new Uint32Array(capacity);
  const x0 = new Float64Array(capacity);
  const x1 = new Float64Array(capacity);
  const depth = new Uint32Array(capacity);
  const parent = new Uint32Array(capacity);
  x1[0] = f64At(tree.total, 0);
  const levels = [0]; // where each level begins
  const siblings: number[] = [];
  let count = 1;
  for (let node = 0; node < count; node++) {
    if ((node & turnMask) === turnMask) yield node / capacity;
    const source = u32At(order, node);
    if (count < capacity) collectChildren(tree, source, part.narrowest, siblings);
    else siblings.length = 0;
    let x = f64At(x0, node);
    const end = f64At(x1, node);
    const level = u32At(depth, node) + 1;
    for (const child of siblings) {
      const start = x;
      // Sums of fractions may overshoot the parent by a rounding error.
      x = Math.min(x + f64At(tree.total, child), end);
      if (count === capacity || start >= part.to) break;
      if (x <= part.from) continue;
      if (levels.length === level) levels.push(count);
      order[count] = child;
      parent[count] = node;
      depth[count] = level;
      x0[count] = start;
      x1[count] = x;
      count++;
    }
  }
  const used = order.slice(0, count);
  return {
    order: used,
    graph: {
      count,
      nodeCount: count,
      depthCount: levels.length,
      levelStart: Uint32Array.from([...levels, count]),
      x0: x0.slice(0, count),
      x1: x1.slice(0, count),
      depth: depth.slice(0, count),
      parent: parent.slice(0, count),
      self: gatherF64(tree.self, used),
      functionIndex: gatherU32(tree.functionIndex, used),
    },
  };
}

/** Fills `siblings` with the children of a node that have width and are not too narrow, widest first. */
function collectChildren(tree: LayoutInput, node: number, narrowest: number, siblings: number[]): void {
  siblings.length = 0;
  const end = u32At(tree.subtreeEnd, node);
  for (let child = node + 1; child < end; child = u32At(tree.subtreeEnd, child)) {
    const width = f64At(tree.total, child);
    if (width > 0 && width >= narrowest) siblings.push(child);
  }
  if (siblings.length <= 8) insertionSort(siblings, tree.total);
  else siblings.sort((a, b) => f64At(tree.total, b) - f64At(tree.total, a) || a - b);
}

/** Most nodes have one child or two: a comparator's call for each pair would be most of the layout's time. */
function insertionSort(siblings: number[], total: Float64Array): void {
  for (let i = 1; i < siblings.length; i++) {
    const moved = siblings[i] ?? 0;
    const width = f64At(total, moved);
    let hole = i;
    for (; hole > 0; hole--) {
      const other = siblings[hole - 1] ?? 0;
      if (f64At(total, other) >= width) break;
      siblings[hole] = other;
    }
    siblings[hole] = moved;
  }
}

/** column[order[i]] for each i. */
export function gatherF64(column: Float64Array, order: Uint32Array): Float64Array {
  const result = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) result[i] = f64At(column, u32At(order, i));
  return result;
}

/** column[order[i]] for each i. */
export function gatherU32(column: Uint32Array, order: Uint32Array): Uint32Array {
  const result = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) result[i] = u32At(column, u32At(order, i));
  return result;
}
