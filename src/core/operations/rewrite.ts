import { depthFirstInSteps, type CallNodes } from '../profile/call-tree.js';
import { f64At, growingU32, u32At, u8At } from '../profile/columns.js';
import { createPairTable } from '../profile/pair-table.js';
import { atOnce, turnMask, type Steps } from '../profile/steps.js';
import { nowhere } from '../profile/sum-up.js';

/**
 * One operation on call nodes, its frames already looked up: `marks` is 1 at the nodes whose frame belongs to its set (0 at the root).
 * What each does to a stack is told in `operation.ts`.
 */
export type Rewrite =
  | { readonly kind: 'keep' | 'drop'; readonly marks: Uint8Array }
  | { readonly kind: 'focus' | 'hide' | 'merge'; readonly marks: Uint8Array }
  /** Marked nodes become `frame`. */
  | { readonly kind: 'collapse'; readonly marks: Uint8Array; readonly frame: number }
  /** `functionOf` tells, by frame, which frames are the same function. */
  | {
      readonly kind: 'direct-recursion' | 'whole-recursion';
      readonly marks: Uint8Array;
      readonly functionOf: Uint32Array;
    }
  /** `frameOf` is the new frame of each frame. */
  | { readonly kind: 'group'; readonly frameOf: Uint32Array }
  /** `weight` is what each node has by itself; only nodes that have something stand on their heads. See {@link invert}. */
  | { readonly kind: 'invert'; readonly weight: Float64Array; readonly narrowest: number; readonly frameCount: number };

/**
 * Call nodes that became others. A node is a stack, and an operation makes one stack of one: `map[n]` is the node that old node n's
 * own values belong to now, or `nowhere`. So values of any column, of both sides of a comparison and of each window of a range
 * move along one map, and the shape is made once for all of them.
 *
 * Example: hide {b} of the stacks a;b;c and a;c: nodes root, a, b, c, c become root, a, c; map = [0, 1, 1, 2, 2].
 */
export interface Rewritten {
  readonly nodes: CallNodes;
  readonly map: Uint32Array;
}

/** Does one operation: the reference for `src/native/rewrite.cc`, which must answer the same columns. */
export function rewriteNodes(nodes: CallNodes, rewrite: Rewrite): Rewritten {
  return atOnce(rewriteInSteps(nodes, rewrite));
}

/** {@link rewriteNodes} in steps. */
export function* rewriteInSteps(nodes: CallNodes, rewrite: Rewrite): Steps<Rewritten> {
  switch (rewrite.kind) {
    case 'keep':
    case 'drop':
      return yield* select(nodes, rewrite.marks, rewrite.kind === 'keep');
    case 'invert':
      return yield* invert(nodes, rewrite);
    case 'focus':
    case 'hide':
    case 'merge':
    case 'collapse':
    case 'group':
    case 'direct-recursion':
    case 'whole-recursion':
      return yield* rebuild(nodes, rewrite);
  }
}

/** Keeps nodes as they are or leaves them out: nothing merges, so depth-first order stays. */
function* select(nodes: CallNodes, marks: Uint8Array, keep: boolean): Steps<Rewritten> {
  const { nodeCount, parent } = nodes;
  const below = new Uint8Array(nodeCount); // whether a marked frame is in the node's stack
  for (let node = 1; node < nodeCount; node++) below[node] = u8At(marks, node) | u8At(below, u32At(parent, node));
  const stays = below.slice();
  if (keep) {
    // Callers of what is kept stay too, without their own values.
    for (let node = nodeCount - 1; node > 0; node--) {
      if (u8At(stays, node) === 1) stays[u32At(parent, node)] = 1;
    }
  } else {
    for (let node = 0; node < nodeCount; node++) stays[node] = 1 - u8At(below, node);
  }
  stays[0] = 1;
  yield 0.3;
  const rank = new Uint32Array(nodeCount + 1);
  for (let node = 0; node < nodeCount; node++) rank[node + 1] = u32At(rank, node) + u8At(stays, node);
  const count = u32At(rank, nodeCount);
  const made = {
    nodeCount: count,
    functionIndex: new Uint32Array(count),
    parent: new Uint32Array(count),
    subtreeEnd: new Uint32Array(count),
    depth: new Uint32Array(count),
  };
  const map = new Uint32Array(nodeCount).fill(nowhere);
  for (let node = 0; node < nodeCount; node++) {
    if ((node & turnMask) === turnMask) yield 0.3 + (0.7 * node) / nodeCount;
    if (u8At(stays, node) === 0) continue;
    const here = u32At(rank, node);
    made.functionIndex[here] = u32At(nodes.functionIndex, node);
    made.parent[here] = u32At(rank, u32At(parent, node));
    made.subtreeEnd[here] = u32At(rank, u32At(nodes.subtreeEnd, node));
    made.depth[here] = u32At(nodes.depth, node);
    if (!keep || u8At(below, node) === 1) map[node] = here;
  }
  return { nodes: made, map };
}

/** Nodes in the making: parents first, one child a parent and frame. */
interface Growth {
  readonly child: (parent: number, frame: number) => number;
  readonly parentOf: (node: number) => number;
  readonly frameOf: (node: number) => number;
  readonly finish: (map: Uint32Array) => Steps<Rewritten>;
}

function grow(expected: number): Growth {
  const functionIndex = growingU32(expected);
  const parent = growingU32(expected);
  functionIndex.push(0);
  parent.push(0);
  const children = createPairTable(expected);
  return {
    child: (caller, frame) => {
      const known = children.find(caller, frame);
      if (known >= 0) return known;
      const made = functionIndex.push(frame);
      parent.push(caller);
      children.insert(caller, frame, made);
      return made;
    },
    parentOf: (node) => parent.at(node),
    frameOf: (node) => functionIndex.at(node),
    *finish(map) {
      const { nodes, place } = yield* depthFirstInSteps(functionIndex.freeze(), parent.freeze(), buildShare);
      return { nodes, map: placed(map, place) };
    },
  };
}

/** Building new nodes takes so much of the whole; putting them into depth-first order takes the rest. */
const buildShare = 0.7;

/** Where nodes went that a map leads to as they were made. */
function placed(map: Uint32Array, place: Uint32Array): Uint32Array {
  const moved = new Uint32Array(map.length);
  for (let node = 0; node < map.length; node++) {
    const made = u32At(map, node);
    moved[node] = made === nowhere ? nowhere : u32At(place, made);
  }
  return moved;
}

type Rebuilding = Exclude<Rewrite, { readonly kind: 'keep' | 'drop' | 'invert' }>;

/** From the root down, each node goes where its caller's new node leads it. */
function* rebuild(nodes: CallNodes, rewrite: Rebuilding): Steps<Rewritten> {
  const { nodeCount, functionIndex, parent } = nodes;
  const growth = grow(nodeCount);
  const map = new Uint32Array(nodeCount);
  const step = stepOf(nodes, rewrite, growth, map);
  if (rewrite.kind === 'focus') map[0] = nowhere;
  for (let node = 1; node < nodeCount; node++) {
    if ((node & turnMask) === 0) yield (buildShare * node) / nodeCount;
    map[node] = step(node, u32At(parent, node), u32At(functionIndex, node));
  }
  return yield* growth.finish(map);
}

/** Where a node goes, given that its caller has gone. */
type Step = (node: number, caller: number, frame: number) => number;

function stepOf(nodes: CallNodes, rewrite: Rebuilding, growth: Growth, map: Uint32Array): Step {
  const { child } = growth;
  switch (rewrite.kind) {
    case 'focus':
      return (node, caller, frame) => {
        const above = u32At(map, caller);
        if (above !== nowhere) return child(above, frame);
        return u8At(rewrite.marks, node) === 1 ? child(0, frame) : nowhere;
      };
    case 'hide':
      return (node, caller, frame) => {
        const above = u32At(map, caller);
        return u8At(rewrite.marks, node) === 1 ? above : child(above, frame);
      };
    case 'merge': {
      const merged = new Uint8Array(nodes.nodeCount); // whether the node lies under a marked one or is one
      return (node, caller, frame) => {
        const above = u32At(map, caller);
        if (u8At(merged, caller) === 1) {
          merged[node] = 1;
          return above;
        }
        merged[node] = u8At(rewrite.marks, node);
        return child(above, frame);
      };
    }
    case 'collapse':
      return (node, caller, frame) => {
        const above = u32At(map, caller);
        if (u8At(rewrite.marks, node) === 0) return child(above, frame);
        return u8At(rewrite.marks, caller) === 1 ? above : child(above, rewrite.frame);
      };
    case 'group':
      return (_, caller, frame) => {
        const above = u32At(map, caller);
        const group = u32At(rewrite.frameOf, frame);
        const same = caller !== 0 && u32At(rewrite.frameOf, u32At(nodes.functionIndex, caller)) === group;
        return same ? above : child(above, group);
      };
    case 'whole-recursion':
      return wholeRecursion(nodes, rewrite, growth, map);
    case 'direct-recursion':
      return (node, caller, frame) => {
        const above = u32At(map, caller);
        const called = u32At(rewrite.functionOf, frame);
        const same = caller !== 0 && u32At(rewrite.functionOf, u32At(nodes.functionIndex, caller)) === called;
        return same && u8At(rewrite.marks, node) === 1 ? above : child(above, frame);
      };
  }
}

/** `openUntil[f]` is where the subtree of f's outermost open frame ends: only before that a caller can be f. */
function wholeRecursion(
  nodes: CallNodes,
  { marks, functionOf }: { readonly marks: Uint8Array; readonly functionOf: Uint32Array },
  { child, parentOf, frameOf }: Growth,
  map: Uint32Array,
): Step {
  const openUntil = new Uint32Array(functionOf.length);
  return (node, caller, frame) => {
    const above = u32At(map, caller);
    const called = u32At(functionOf, frame);
    if (node >= u32At(openUntil, called)) {
      openUntil[called] = u32At(nodes.subtreeEnd, node);
    } else if (u8At(marks, node) === 1) {
      for (let at = above; at !== 0; at = parentOf(at)) {
        if (u32At(functionOf, frameOf(at)) === called) return at;
      }
    }
    return child(above, frame);
  };
}

/**
 * Stands stacks on their heads, level by level: the stacks of a node are parted by their next caller, in the order in which
 * callers first appear. A caller that would be narrower than `narrowest` is not made and its value stays with the node below it: a
 * million stacks of forty frames would be tens of millions of callers, nearly all of them alone with one sample. With 0 all are made.
 */
function* invert(
  nodes: CallNodes,
  { weight, narrowest, frameCount }: Extract<Rewrite, { readonly kind: 'invert' }>,
): Steps<Rewritten> {
  const { nodeCount, functionIndex, parent } = nodes;
  const map = new Uint32Array(nodeCount).fill(nowhere);
  const madeFunction = growingU32();
  const madeParent = growingU32();
  madeFunction.push(0);
  madeParent.push(0);
  let origin = new Uint32Array(nodeCount); // the node whose stack it is
  let used = 0;
  for (let node = 0; node < nodeCount; node++) {
    if (f64At(weight, node) <= 0) continue;
    map[node] = 0;
    if (node > 0) origin[used++] = node;
  }
  origin = origin.slice(0, used);
  let at = origin.slice(); // its frame whose turn it is
  let groups: readonly Group[] = [{ node: 0, start: 0, end: used }];
  const sum = new Float64Array(frameCount);
  const going = new Uint32Array(frameCount); // how many of a frame's stacks have another caller
  const made = new Uint32Array(frameCount);
  const place = new Uint32Array(frameCount);
  const seen = new Uint8Array(frameCount);
  let turns = 0;
  let steps = 0;
  const allSteps = depthsOf(nodes, origin);
  while (groups.length > 0) {
    const nextOrigin = new Uint32Array(at.length);
    const nextAt = new Uint32Array(at.length);
    const next: Group[] = [];
    let filled = 0;
    for (const { node, start, end } of groups) {
      const frames: number[] = [];
      for (let item = start; item < end; item++) {
        if ((++turns & turnMask) === 0) yield (buildShare * steps) / allSteps;
        const here = u32At(at, item);
        const frame = u32At(functionIndex, here);
        if (u8At(seen, frame) === 0) {
          seen[frame] = 1;
          frames.push(frame);
          sum[frame] = 0;
          going[frame] = 0;
        }
        sum[frame] = f64At(sum, frame) + f64At(weight, u32At(origin, item));
        if (u32At(parent, here) !== 0) going[frame] = u32At(going, frame) + 1;
      }
      for (const frame of frames) {
        seen[frame] = 0;
        if (f64At(sum, frame) < narrowest) {
          made[frame] = nowhere;
          continue;
        }
        const child = madeFunction.push(frame);
        madeParent.push(node);
        made[frame] = child;
        place[frame] = filled;
        const count = u32At(going, frame);
        if (count > 0) next.push({ node: child, start: filled, end: filled + count });
        filled += count;
      }
      for (let item = start; item < end; item++) {
        if ((++turns & turnMask) === 0) yield (buildShare * steps) / allSteps;
        steps++;
        const here = u32At(at, item);
        const frame = u32At(functionIndex, here);
        const child = u32At(made, frame);
        if (child === nowhere) continue;
        map[u32At(origin, item)] = child;
        const caller = u32At(parent, here);
        if (caller === 0) continue;
        const to = u32At(place, frame);
        place[frame] = to + 1;
        nextOrigin[to] = u32At(origin, item);
        nextAt[to] = caller;
      }
    }
    origin = nextOrigin.slice(0, filled);
    at = nextAt.slice(0, filled);
    groups = next;
  }
  const { nodes: inverted, place: placeOf } = yield* depthFirstInSteps(
    madeFunction.freeze(),
    madeParent.freeze(),
    buildShare,
  );
  return { nodes: inverted, map: placed(map, placeOf) };
}

/** Frames that stacks have together: no inversion takes more steps. */
function depthsOf({ depth }: CallNodes, stacks: Uint32Array): number {
  let sum = 0;
  for (let stack = 0; stack < stacks.length; stack++) sum += u32At(depth, u32At(stacks, stack));
  return sum;
}

/** The stacks [start, end) that a new node stands for. */
interface Group {
  readonly node: number;
  readonly start: number;
  readonly end: number;
}
