import { f64At, u32At } from '../profile/columns.js';
import type { CallNodes } from '../profile/call-tree.js';
import type { SamplesInTime } from '../profile/samples-in-time.js';
import { nowhere } from '../profile/sum-up.js';
import { gatherU32, type FlameLayout } from './layout.js';

/** Where positions of a graph in time order lie in time: x is at startMs + x / perMs. perMs is 0 where x counts and is no time. */
export interface TimeAxis {
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly perMs: number;
}

/** A graph in time order and its axis. */
export interface TimeLayout extends FlameLayout {
  readonly axis: TimeAxis;
}

/** A sample that begins this share of itself behind the end of the one before follows it: clocks and timers are not exact. */
const leastGap = 0.5;

/**
 * Places samples one behind the other; of those that follow one another the frames that their stacks begin with alike are one frame. A
 * sample is as wide as its value and ends when it was taken; what no sample covers is a gap, and no frame goes over one but the root, whose
 * width is all of the time. So a frame's width is what was measured in it, and its place is right to half a sample.
 * `perMs`: how much of the unit a millisecond is; 0 leaves out gaps. Several frames stand for one call node: `order` names it for each.
 * Of more than `most` frames the answer is undefined.
 *
 * Example, of samples of 10 that end at 10, 20, 30 and 60, with the stacks a b, a b, a c, a b:
 *     root   [0, 60)
 *     a      [0, 30) [50, 60)
 *     b c b  [0, 20) [20, 30) [50, 60)
 */
export function layoutInTime(
  tree: CallNodes,
  samples: Pick<SamplesInTime, 'node' | 'timeMs' | 'value'>,
  perMs: number,
  most = nowhere,
): TimeLayout | undefined {
  const depthCount = deepest(tree, samples.node) + 1;
  /** By level, where its next frame goes: frames of a level begin in the order of level order, so that counting them first places them. */
  const next = new Uint32Array(depthCount + 1);
  walkInTime(tree, samples, perMs, depthCount, {
    open: (_, depth) => {
      next[depth + 1] = u32At(next, depth + 1) + 1;
    },
    close: ignore,
    add: ignore,
  });
  for (let level = 1; level <= depthCount; level++) next[level] = u32At(next, level) + u32At(next, level - 1);
  const count = u32At(next, depthCount);
  if (count > most) return undefined;
  const levelStart = next.slice();
  const order = new Uint32Array(count);
  const graph = {
    x0: new Float64Array(count),
    x1: new Float64Array(count),
    self: new Float64Array(count),
    depth: new Uint32Array(count),
    parent: new Uint32Array(count),
  };
  /** By depth, the frame that goes on. */
  const going = new Uint32Array(depthCount);
  const startMs = walkInTime(tree, samples, perMs, depthCount, {
    open: (node, depth, at) => {
      const frame = u32At(next, depth);
      next[depth] = frame + 1;
      going[depth] = frame;
      order[frame] = node;
      graph.x0[frame] = at;
      graph.depth[frame] = depth;
      graph.parent[frame] = depth === 0 ? 0 : u32At(going, depth - 1);
    },
    close: (depth, at) => {
      graph.x1[u32At(going, depth)] = at;
    },
    add: (depth, value) => {
      const frame = u32At(going, depth);
      graph.self[frame] = f64At(graph.self, frame) + value;
    },
  });
  const functionIndex = gatherU32(tree.functionIndex, order);
  return {
    order,
    graph: { ...graph, functionIndex, count, nodeCount: count, depthCount, levelStart },
    axis: { startMs, perMs },
  };
}

/** What is told of frames while samples are gone through; `depth` is theirs, of those that go on there is one a depth. */
interface Frames {
  readonly open: (node: number, depth: number, at: number) => void;
  readonly close: (depth: number, at: number) => void;
  /** A sample whose last frame it is. */
  readonly add: (depth: number, value: number) => void;
}

const ignore = (): void => undefined;

/** Opens and closes frames in the order of time; answers when position 0 is. */
function walkInTime(
  tree: CallNodes,
  { node, timeMs, value }: Pick<SamplesInTime, 'node' | 'timeMs' | 'value'>,
  perMs: number,
  depthCount: number,
  { open, close, add }: Frames,
): number {
  /** By depth, the call node whose frame goes on. */
  const goingNode = new Uint32Array(depthCount);
  const path = new Uint32Array(depthCount);
  let goingDepth = 0;
  let end = 0;
  let startMs = NaN;
  open(0, 0, 0);
  for (let sample = 0; sample < node.length; sample++) {
    const leaf = u32At(node, sample);
    const width = f64At(value, sample);
    if (leaf === nowhere || !(width > 0)) continue;
    if (Number.isNaN(startMs)) startMs = f64At(timeMs, sample) - (perMs > 0 ? width / perMs : 0);
    const taken = Math.round((f64At(timeMs, sample) - startMs) * perMs) - width;
    if (perMs > 0 && taken - end >= leastGap * width) {
      for (; goingDepth > 0; goingDepth--) close(goingDepth, end);
      end = taken;
    }
    const leafDepth = u32At(tree.depth, leaf);
    let depth = leafDepth;
    let at = leaf;
    for (; depth > goingDepth || u32At(goingNode, depth) !== at; depth--) {
      path[depth] = at;
      at = u32At(tree.parent, at);
    }
    for (; goingDepth > depth; goingDepth--) close(goingDepth, end);
    while (goingDepth < leafDepth) {
      const fresh = u32At(path, ++goingDepth);
      goingNode[goingDepth] = fresh;
      open(fresh, goingDepth, end);
    }
    add(leafDepth, width);
    end += width;
  }
  for (; goingDepth >= 0; goingDepth--) close(goingDepth, end);
  return Number.isNaN(startMs) ? 0 : startMs;
}

function deepest({ depth }: CallNodes, nodes: Uint32Array): number {
  let most = 0;
  for (const node of nodes) if (node !== nowhere) most = Math.max(most, u32At(depth, node));
  return most;
}
