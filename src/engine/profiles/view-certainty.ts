import type { Certainty } from '../../contract/certainty.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { findCauses } from '../../core/compare/causes.js';
import { judgeTree, type Judged, type TreeJudgement } from '../../core/compare/judge-tree.js';
import type { Scaling } from '../../core/compare/merge-trees.js';
import { outlookOf, secondsToTell } from '../../core/compare/outlook.js';
import { moveWindows, sampleWorth, type NodeWindows } from '../../core/compare/window-counts.js';
import type { ViewFunctions } from '../../core/flame/view-functions.js';
import type { CallNodes, ProfileCallNodes } from '../../core/profile/call-tree.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { createPairTable } from '../../core/profile/pair-table.js';
import { nowhere } from '../../core/profile/sum-up.js';
import type { FrameTable } from '../../core/operations/frames.js';
import type { ProfileDecoder } from './decoder.js';
import { decodedFrames, keyOfFrame, type DiffBase, type ViewTree } from './view-tree.js';
import type { DecodedWindows } from './windows.js';

/** A view as certainty wants it: its tree, its numbers of functions, and where its nodes are in the graph. */
export interface CertainView {
  readonly tree: ViewTree;
  readonly functions: ViewFunctions;
  /** By level-order index, the node of the tree. */
  readonly order: Uint32Array;
}

/** Changes that are told of although they are not certain. */
const mostUncertain = 3;

/** Judges what a diff shows by the windows of its sides. */
export async function viewCertainty(
  decoder: ProfileDecoder,
  view: CertainView,
  baseline: DecodedWindows,
  comparison: DecodedWindows,
  signal: AbortSignal,
): Promise<Result<Certainty>> {
  const { values, layout, frames } = view.tree;
  if (values.kind !== 'diff') return fail('invalid-input', 'Only a comparison has two sides to judge.');
  const place = placesIn(values.base);
  const sides: NodeWindows[] = [];
  const worths: number[] = [];
  for (const windows of [baseline, comparison]) {
    const laid = await layWindows(decoder, windows, values.base, place, signal);
    if (!laid.ok) return laid;
    const { map } = values.base;
    sides.push(map === undefined ? laid.value.windows : moveWindows(laid.value.windows, map, nowhere));
    worths.push(laid.value.worth);
  }
  const [before, after] = sides as [NodeWindows, NodeWindows];
  // Sides may have been sampled at different rates, and an empty one does not say at which: told is in the comparison's samples.
  const [worthBefore = 0, worthAfter = 0] = worths;
  const worth = worthAfter > 0 ? worthAfter : worthBefore > 0 ? worthBefore : 1;
  const factor = values.scaling.factor * (worthBefore > 0 ? worthBefore / worth : 1);
  const judgement = judgeTree(layout, frames.count, [before, after], { ...values.scaling, factor });
  signal.throwIfAborted();
  return ok(answerOf(view, judgement, { ...values.scaling, factor }, worth));
}

/** Finds the node of the merged tree below a caller, by what its function is. */
type PlaceOf = (caller: number, key: string) => number;

function placesIn({ nodes, frames }: DiffBase): PlaceOf {
  const functionOf = new Map<string, number>();
  // The first of a key is the one that the merge named it by.
  for (let frame = frames.count - 1; frame > 0; frame--) functionOf.set(keyOfFrame(frames.frameAt(frame)), frame);
  const children = createPairTable(nodes.nodeCount);
  for (let node = 1; node < nodes.nodeCount; node++) {
    children.insert(u32At(nodes.parent, node), u32At(nodes.functionIndex, node), node);
  }
  return (caller, key) => {
    const callee = functionOf.get(key);
    return callee === undefined ? -1 : children.find(caller, callee);
  };
}

/** The windows of a side over the nodes of the merged tree. What is not in the tree counts for its nearest caller that is. */
async function layWindows(
  decoder: ProfileDecoder,
  windows: DecodedWindows,
  base: DiffBase,
  place: PlaceOf,
  signal: AbortSignal,
): Promise<Result<{ readonly windows: NodeWindows; readonly worth: number }>> {
  const seconds: number[] = [];
  const rowStart = [0];
  const node: number[] = [];
  const value: number[] = [];
  const periods = new Set<number>();
  for (const { decoded, rows } of windows.parts) {
    const made = await decodedFrames(decoder, decoded, base.byLine);
    if (!made.ok) return made;
    signal.throwIfAborted();
    const at = nodesIn(made.value.nodes, made.value.frames, place);
    const { samples, stacks } = decoded.profile;
    const nodeOfSample = samples.stack.map((stack) => u32At(at, u32At(made.value.nodes.nodeOfStack, stack)));
    if (stacks.prefix.length === 0) continue;
    for (const row of rows) {
      seconds.push(row.seconds);
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
    windows: {
      seconds: Float64Array.from(seconds),
      rowStart: Uint32Array.from(rowStart),
      node: Uint32Array.from(node),
      samples: values.map((each) => each / unit),
    },
  });
}

function nodesIn(nodes: ProfileCallNodes, frames: FrameTable, place: PlaceOf): Uint32Array {
  const keys = Array.from({ length: frames.count }, (_, frame) =>
    frame === 0 ? '' : keyOfFrame(frames.frameAt(frame)),
  );
  const at = new Uint32Array(nodes.nodeCount);
  for (let node = 1; node < nodes.nodeCount; node++) {
    const caller = u32At(at, u32At(nodes.parent, node));
    const found = place(caller, keys[u32At(nodes.functionIndex, node)] ?? '');
    at[node] = found < 0 ? caller : found;
  }
  return at;
}

/** The judgement by the view's numbers, in its unit. */
function answerOf(
  { tree, functions, order }: CertainView,
  judgement: TreeJudgement,
  scaling: Scaling,
  worth: number,
): Certainty {
  const { values, layout, frames } = tree;
  if (values.kind !== 'diff') throw new Error('a flame graph has no sides');
  const { result } = judgement;
  const outlook = outlookOf(judgement, scaling);
  const numberOf = new Map(Array.from(functions.source, (frame, number) => [frame, number]));
  const judged: (Judged & { readonly number: number })[] = [];
  for (const [frame, each] of judgement.functions) {
    const number = numberOf.get(frame);
    if (number !== undefined && frame !== 0) judged.push({ ...each, number });
  }
  const column = (pick: (each: Judged) => number): Float64Array =>
    Float64Array.from(judged, (each) => pick(each) * worth);
  const causes = findCauses(layout, values.baseline.total, values.comparison.total, judgement);
  const uncertain = judged
    .filter(({ certain }) => !certain)
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
    .slice(0, mostUncertain);
  return {
    windows: judgement.windows,
    seconds: judgement.seconds,
    samples: judgement.samples,
    ...(result.abstained === undefined ? {} : { abstained: result.abstained }),
    effectiveWindows: result.noise.cautiousEffectiveWindows,
    scatter: Math.sqrt(result.noise.excess),
    autocorrelation: result.noise.autocorrelation,
    smallestShare: outlook.smallestShare,
    secondsToSeeOnePercent: outlook.secondsToSeeOnePercent,
    nodes: Uint8Array.from(order, (node) => stateOf(judgement.nodes.get(node))),
    functions: {
      functionIndex: Uint32Array.from(judged, ({ number }) => number),
      before: column(({ before }) => before),
      after: column(({ after }) => after),
      margin: column(({ margin }) => margin),
      certain: Uint8Array.from(judged, ({ certain }) => (certain ? 1 : 0)),
    },
    causes: causes.map(({ functionIndex, node, judged: each, inheritedBy, otherNodes }) => ({
      functionIndex: numberOf.get(functionIndex) ?? 0,
      path: namesTo(layout, frames, node),
      before: each.before * worth,
      after: each.after * worth,
      margin: each.margin * worth,
      inheritedBy: inheritedBy.map((caller) => numberOf.get(caller) ?? 0),
      places: 1 + otherNodes.length,
    })),
    uncertain: uncertain.map((each) => ({
      functionIndex: each.number,
      before: each.before * worth,
      after: each.after * worth,
      secondsToTell: secondsToTell(judgement, each),
    })),
  };
}

function stateOf(judged: Judged | undefined): number {
  if (judged === undefined) return 0;
  return judged.certain ? 2 : 1;
}

function namesTo({ parent, functionIndex }: CallNodes, frames: FrameTable, node: number): readonly string[] {
  const names: string[] = [];
  for (let at = node; at !== 0; at = u32At(parent, at)) names.push(frames.frameAt(u32At(functionIndex, at)).name);
  return names.reverse();
}
