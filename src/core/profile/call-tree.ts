import { f64At, growingU32, u32At } from './columns.js';
import { createPairTable } from './pair-table.js';
import type { Profile } from './profile.js';
import { atOnce, turnMask, type Steps } from './steps.js';

/**
 * The shape of a call tree: its nodes in depth-first order, so that the subtree of a node is the index range
 * [node, subtreeEnd[node]). A node is a function in the context of all its callers. Node 0 is the root; it stands for
 * function 0, which calls every stack's first frame. Siblings lie in the order in which the profile first names them.
 *
 * Example: the stacks a;b;c, a;d and e, with functions a=1 b=2 c=3 d=4 e=5:
 *   node           0     1  2  3  4  5
 *   functionIndex [0,    1, 2, 3, 4, 5]
 *   parent        [0,    0, 1, 2, 1, 0]
 *   depth         [0,    1, 2, 3, 2, 1]
 *   subtreeEnd    [6,    5, 4, 4, 5, 6]
 *
 * Invariants: parent[n] < n for n > 0 and parent[0] = 0; n < subtreeEnd[n] <= subtreeEnd[parent[n]];
 * depth[n] = depth[parent[n]] + 1; no two siblings have the same function.
 */
export interface CallNodes {
  readonly nodeCount: number;
  readonly functionIndex: Uint32Array;
  readonly parent: Uint32Array;
  readonly subtreeEnd: Uint32Array;
  readonly depth: Uint32Array;
}

/** The call nodes of a profile, and for each of its stacks the node of the stack's last frame. */
export interface ProfileCallNodes extends CallNodes {
  /** By stack of the profile. */
  readonly nodeOfStack: Uint32Array;
}

/**
 * Call nodes with the values of one sample type. `self` is what was measured with the node on top of the stack,
 * `total` what was measured in its subtree: total[n] = self[n] + the totals of its children. Never negative or NaN.
 */
export interface CallTree extends CallNodes {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/** What stands in place of call nodes when a profile has more of them than a view can bear. */
export type CallNodesOutcome =
  { readonly ok: true; readonly nodes: ProfileCallNodes } | { readonly ok: false; readonly limit: number };

/**
 * Merges the stacks of a profile into call nodes. Inlined lines of a location are nodes of their own, outermost first.
 * `limit` bounds the nodes: a location with many lines under many stacks could name more of them than any file holds bytes.
 */
export function buildCallNodes(profile: Pick<Profile, 'stacks' | 'locations'>, limit: number): CallNodesOutcome {
  return atOnce(callNodesInSteps(profile, limit));
}

/** {@link buildCallNodes} in steps. */
export function* callNodesInSteps(
  { stacks, locations }: Pick<Profile, 'stacks' | 'locations'>,
  limit: number,
): Steps<CallNodesOutcome> {
  const stackCount = stacks.prefix.length;
  const functionIndex = growingU32(stackCount);
  const parent = growingU32(stackCount);
  functionIndex.push(0);
  parent.push(0);
  const children = createPairTable(stackCount);
  const nodeOfStack = new Uint32Array(stackCount);
  let turns = 0;
  for (let stack = 1; stack < stackCount; stack++) {
    if ((++turns & turnMask) === turnMask) yield (0.7 * stack) / stackCount;
    let node = u32At(nodeOfStack, u32At(stacks.prefix, stack));
    const location = u32At(stacks.location, stack);
    const lineEnd = u32At(locations.lineStart, location + 1);
    for (let line = u32At(locations.lineStart, location); line < lineEnd; line++) {
      // A location may have a million lines.
      if ((++turns & turnMask) === turnMask) yield (0.7 * stack) / stackCount;
      const callee = u32At(locations.lineFunction, line);
      const known = children.find(node, callee);
      if (known >= 0) {
        node = known;
        continue;
      }
      if (functionIndex.length >= limit) return { ok: false, limit };
      const created = functionIndex.push(callee);
      parent.push(node);
      children.insert(node, callee, created);
      node = created;
    }
    nodeOfStack[stack] = node;
  }
  const { nodes, place } = yield* depthFirstInSteps(functionIndex.freeze(), parent.freeze(), 0.7);
  for (let stack = 0; stack < stackCount; stack++) nodeOfStack[stack] = u32At(place, u32At(nodeOfStack, stack));
  return { ok: true, nodes: { ...nodes, nodeOfStack } };
}

/** Nodes in depth-first order, and by made node where it went. */
interface DepthFirst {
  readonly nodes: CallNodes;
  readonly place: Uint32Array;
}

/**
 * Renumbers nodes that were made parents first into depth-first order; `place[n]` is where made node n went. A node's place is
 * known as soon as its parent's is: behind the subtrees of the siblings that were made before it.
 */
export function toDepthFirst(madeFunctionIndex: Uint32Array, madeParent: Uint32Array): DepthFirst {
  return atOnce(depthFirstInSteps(madeFunctionIndex, madeParent, 0));
}

/** {@link toDepthFirst} in steps, which tell shares from `begun` on. */
export function* depthFirstInSteps(
  madeFunctionIndex: Uint32Array,
  madeParent: Uint32Array,
  begun: number,
): Steps<DepthFirst> {
  const nodeCount = madeFunctionIndex.length;
  const size = new Uint32Array(nodeCount).fill(1);
  for (let made = nodeCount - 1; made > 0; made--) {
    if ((made & turnMask) === 0) yield begun;
    const caller = u32At(madeParent, made);
    size[caller] = u32At(size, caller) + u32At(size, made);
  }
  const place = new Uint32Array(nodeCount);
  const nextChildPlace = new Uint32Array(nodeCount);
  nextChildPlace[0] = 1;
  const functionIndex = new Uint32Array(nodeCount);
  const parent = new Uint32Array(nodeCount);
  const subtreeEnd = new Uint32Array(nodeCount);
  const depth = new Uint32Array(nodeCount);
  subtreeEnd[0] = nodeCount;
  for (let made = 1; made < nodeCount; made++) {
    if ((made & turnMask) === 0) yield begun + ((1 - begun) * made) / nodeCount;
    const caller = u32At(madeParent, made);
    const callerPlace = u32At(place, caller);
    const here = u32At(nextChildPlace, caller);
    const end = here + u32At(size, made);
    place[made] = here;
    nextChildPlace[caller] = end;
    nextChildPlace[made] = here + 1;
    functionIndex[here] = u32At(madeFunctionIndex, made);
    parent[here] = callerPlace;
    subtreeEnd[here] = end;
    depth[here] = u32At(depth, callerPlace) + 1;
  }
  return { nodes: { nodeCount, functionIndex, parent, subtreeEnd, depth }, place };
}

/** Puts the values of one sample type onto call nodes. */
export function callTreeOf(profile: Profile, nodes: ProfileCallNodes, valueIndex: number): CallTree {
  const values = profile.samples.values[valueIndex] ?? new Float64Array(profile.samples.stack.length);
  const self = new Float64Array(nodes.nodeCount);
  for (let sample = 0; sample < values.length; sample++) {
    const node = u32At(nodes.nodeOfStack, u32At(profile.samples.stack, sample));
    self[node] = f64At(self, node) + f64At(values, sample);
  }
  const { nodeCount, functionIndex, parent, subtreeEnd, depth } = nodes;
  return { nodeCount, functionIndex, parent, subtreeEnd, depth, self, total: totalsOf(parent, self) };
}

/** Adds up self values from the leaves to the root. `parent` must be smaller than its node everywhere but at 0. */
export function totalsOf(parent: Uint32Array, self: Float64Array): Float64Array {
  const total = self.slice();
  for (let node = total.length - 1; node > 0; node--) {
    const caller = u32At(parent, node);
    total[caller] = f64At(total, caller) + f64At(total, node);
  }
  return total;
}
