import type { CallNodes } from '../profile/call-tree.js';
import { f64At, sumOf, u32At } from '../profile/columns.js';
import { nowhere } from '../profile/sum-up.js';
import { isKeyOf, markFrames } from './frame-marks.js';
import type { PatternProblem } from './name-pattern.js';
import { withFrame, type Frame, type FrameTable } from './frames.js';
import { groupFrames, nameOfSet } from './grouping.js';
import type { FrameKey, FrameSet, Operation } from './operation.js';
import type { Rewrite, Rewritten } from './rewrite.js';

/** Does one rewrite. */
export type Rewriter = (nodes: CallNodes, rewrite: Rewrite) => Promise<Rewritten>;

/** What became of call nodes by a list of operations. */
export interface Operated {
  readonly nodes: CallNodes;
  /** By node of the base, the node that its own values belong to, or `nowhere`. Absent: nothing moved. */
  readonly map: Uint32Array | undefined;
  readonly frames: FrameTable;
  /** Callers narrower than this were not made when stacks were inverted; 0: all were. In the unit of `weight`. */
  readonly narrowest: number;
}

/** A tree, or why the operations cannot be done. */
export type OperatedOutcome = { readonly ok: true; readonly value: Operated } | PatternProblem;

/** What operations are applied to. */
export interface OperationBase {
  readonly nodes: CallNodes;
  readonly frames: FrameTable;
  /** What each node has by itself. Of a comparison the mean of both sides. Tells which stacks there are to invert. */
  readonly weight: Float64Array;
}

/** Up to this many steps an inversion makes every caller. */
const completeSteps = 4_000_000;
/** Beyond, callers from this share of the whole on: a sixteenth of a pixel on a screen of 4,096. */
const narrowestShare = 1 / 65_536;

/**
 * Applies operations in their order. 'group by line', labels and times are the base's business and pass here: its frames are lines already, and
 * its weights are of the samples that were chosen.
 * An inversion that is followed by a focus on a path is made of the stacks below that path alone, so that zooming by focus into
 * a part that was too narrow shows all of it.
 */
export async function applyOperations(
  base: OperationBase,
  operations: readonly Operation[],
  rewrite: Rewriter,
): Promise<OperatedOutcome> {
  let { nodes, frames } = base;
  let map: Uint32Array | undefined;
  let narrowest = 0;
  for (const [index, operation] of operations.entries()) {
    let step: Rewrite;
    if (operation.kind === 'invert') {
      const own = map === undefined ? base.weight : moveValues(base.weight, map, nodes.nodeCount);
      const next = operations[index + 1];
      const path = next?.kind === 'focus' && next.frames.by === 'path' ? next.frames.path : [];
      const weight = path.length === 0 ? own : weightBelow(nodes, frames, own, path);
      const share = inversionSteps(nodes, weight) <= completeSteps ? 0 : narrowestShare;
      narrowest = share === 0 ? 0 : share * sumOf(weight);
      step = { kind: 'invert', weight, narrowest, frameCount: frames.count };
    } else if ('label' in operation || 'spans' in operation) {
      continue;
    } else if (operation.kind === 'group') {
      if (operation.by === 'line') continue;
      const grouped = groupFrames(frames, operation.by);
      frames = grouped.frames;
      step = { kind: 'group', frameOf: grouped.frameOf };
    } else {
      const marked = operation.frames === undefined ? markAll(nodes) : markFrames(nodes, frames, operation.frames);
      if (!marked.ok) return marked;
      const { marks } = marked;
      switch (operation.kind) {
        case 'collapse':
          step = { kind: 'collapse', marks, frame: frames.count };
          frames = withFrame(frames, collapsedFrame(nodes, frames, marks, operation.frames));
          break;
        case 'collapse-recursion':
          step = { kind: `${operation.reach}-recursion`, marks, functionOf: functionsOf(frames) };
          break;
        case 'keep':
        case 'drop':
        case 'focus':
        case 'hide':
        case 'merge':
          step = { kind: operation.kind, marks };
      }
    }
    const rewritten = await rewrite(nodes, step);
    nodes = rewritten.nodes;
    map = map === undefined ? rewritten.map : composeMaps(map, rewritten.map);
  }
  return { ok: true, value: { nodes, map, frames, narrowest } };
}

/** Own values after a move: what went nowhere is left out. */
export function moveValues(values: Float64Array, map: Uint32Array, nodeCount: number): Float64Array {
  const moved = new Float64Array(nodeCount);
  for (let node = 0; node < values.length; node++) {
    const to = u32At(map, node);
    if (to !== nowhere) moved[to] = f64At(moved, to) + f64At(values, node);
  }
  return moved;
}

function composeMaps(first: Uint32Array, second: Uint32Array): Uint32Array {
  return first.map((node) => (node === nowhere ? nowhere : u32At(second, node)));
}

function markAll(nodes: CallNodes): { readonly ok: true; readonly marks: Uint8Array } {
  const marks = new Uint8Array(nodes.nodeCount).fill(1);
  marks[0] = 0;
  return { ok: true, marks };
}

/** Where each frame is a function of its own, it stands for itself. */
function functionsOf(frames: FrameTable): Uint32Array {
  return frames.functionOf ?? Uint32Array.from({ length: frames.count }, (_, frame) => frame);
}

/** Frames that one inversion would walk over. */
function inversionSteps(nodes: CallNodes, weight: Float64Array): number {
  let steps = 0;
  for (let node = 0; node < weight.length; node++) if (f64At(weight, node) > 0) steps += u32At(nodes.depth, node);
  return steps;
}

/** Weights of the stacks that, stood on their heads, begin with a path; 0 for the others. */
function weightBelow(
  nodes: CallNodes,
  frames: FrameTable,
  weight: Float64Array,
  path: readonly FrameKey[],
): Float64Array {
  const origins: number[] = [];
  for (let node = 1; node < weight.length; node++) if (f64At(weight, node) > 0) origins.push(node);
  let left = origins.map((node) => ({ node, at: node }));
  for (const key of path) {
    left = left
      .filter(({ at }) => at !== 0 && isKeyOf(key, frames.frameAt(u32At(nodes.functionIndex, at))))
      .map(({ node, at }) => ({ node, at: u32At(nodes.parent, at) }));
  }
  const below = new Float64Array(weight.length);
  for (const { node } of left) below[node] = f64At(weight, node);
  return below;
}

function collapsedFrame(nodes: CallNodes, frames: FrameTable, marks: Uint8Array, set: FrameSet): Frame {
  const first = marks.indexOf(1);
  const like = first < 0 ? undefined : frames.frameAt(u32At(nodes.functionIndex, first));
  const name = `[${nameOfSet(set)}]`;
  return {
    name,
    functionName: name,
    file: '',
    library: '',
    kind: like?.kind ?? 'unknown',
    packageName: like?.packageName ?? '',
  };
}
