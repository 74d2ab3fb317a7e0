import { ok, type Result } from '../../contract/result.js';
import { sampleWorth, type NodeWindows } from '../../core/compare/window-counts.js';
import type { Frame, FrameTable } from '../../core/operations/frames.js';
import type { CallNodes, ProfileCallNodes } from '../../core/profile/call-tree.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { createPairTable } from '../../core/profile/pair-table.js';
import type { ProfileDecoder } from './decoder.js';
import { decodedFrames } from './view-side.js';
import type { DecodedWindows } from './windows.js';

/** What windows are laid onto: a tree, and what its functions are. */
export interface WindowGround {
  readonly nodes: CallNodes;
  /** The number of the function that a frame of a window is; undefined where the tree does not have it. */
  readonly functionOf: (frame: Frame) => number | undefined;
  /** Whether frames are told apart by line. */
  readonly byLine: boolean;
}

/** Windows over the nodes of a tree, in samples. */
export interface LaidWindows {
  readonly windows: NodeWindows;
  /** What one sample is worth; 0 when there is none. */
  readonly worth: number;
  /** By window, Unix milliseconds at which it begins. */
  readonly startMs: readonly number[];
}

/** Finds the node of the merged tree below a caller, by what its function is; -1 where it is not there. */
export type PlaceOf = (caller: number, callee: number) => number;

/** The places of a tree; found once for all windows that are laid onto it. */
export function placesIn({ nodes }: Pick<WindowGround, 'nodes'>): PlaceOf {
  const children = createPairTable(nodes.nodeCount);
  for (let node = 1; node < nodes.nodeCount; node++) {
    children.insert(u32At(nodes.parent, node), u32At(nodes.functionIndex, node), node);
  }
  return (caller, callee) => children.find(caller, callee);
}

/** Windows over the nodes of a tree. What is not in the tree counts for its nearest caller that is. */
export async function layWindows(
  decoder: ProfileDecoder,
  windows: DecodedWindows,
  ground: WindowGround,
  place: PlaceOf,
  signal: AbortSignal,
): Promise<Result<LaidWindows>> {
  const seconds: number[] = [];
  const startMs: number[] = [];
  const rowStart = [0];
  const node: number[] = [];
  const value: number[] = [];
  const periods = new Set<number>();
  for (const { decoded, rows } of windows.parts) {
    const made = await decodedFrames(decoder, decoded, ground.byLine, { signal });
    if (!made.ok) return made;
    signal.throwIfAborted();
    const at = nodesIn(made.value.nodes, made.value.frames, ground, place);
    const { samples, stacks } = decoded.profile;
    const nodeOfSample = samples.stack.map((stack) => u32At(at, u32At(made.value.nodes.nodeOfStack, stack)));
    if (stacks.prefix.length === 0) continue;
    for (const row of rows) {
      seconds.push(row.seconds);
      startMs.push(row.startMs);
      for (let entry = 0; entry < row.sample.length; entry++) {
        node.push(u32At(nodeOfSample, u32At(row.sample, entry)));
        value.push(f64At(row.value, entry));
      }
      rowStart.push(node.length);
      if (row.sample.length > 0) periods.add(row.period);
    }
  }
  const values = Float64Array.from(value);
  const [only = 0] = periods;
  const worth = periods.size === 1 && only > 0 ? only : sampleWorth(values);
  const unit = worth > 0 ? worth : 1;
  return ok({
    worth,
    startMs,
    windows: {
      seconds: Float64Array.from(seconds),
      rowStart: Uint32Array.from(rowStart),
      node: Uint32Array.from(node),
      samples: values.map((each) => each / unit),
    },
  });
}

/** By node of one tree, its node in another; what is not there counts for its nearest caller that is. */
export function nodesIn(
  nodes: ProfileCallNodes,
  frames: FrameTable,
  ground: Pick<WindowGround, 'functionOf'>,
  place: PlaceOf,
): Uint32Array {
  const functions = Array.from({ length: frames.count }, (_, frame) =>
    frame === 0 ? 0 : ground.functionOf(frames.frameAt(frame)),
  );
  const at = new Uint32Array(nodes.nodeCount);
  for (let node = 1; node < nodes.nodeCount; node++) {
    const caller = u32At(at, u32At(nodes.parent, node));
    const callee = functions[u32At(nodes.functionIndex, node)];
    const found = callee === undefined ? -1 : place(caller, callee);
    at[node] = found < 0 ? caller : found;
  }
  return at;
}

/** Names from below the root to a node. */
export function namesTo({ parent, functionIndex }: CallNodes, frames: FrameTable, node: number): readonly string[] {
  const names: string[] = [];
  for (let at = node; at !== 0; at = u32At(parent, at)) names.push(frames.frameAt(u32At(functionIndex, at)).name);
  return names.reverse();
}
