import type { Certainty, HistoryEvidence } from '../../contract/certainty.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { findCauses } from '../../core/compare/causes.js';
import { judgeTree, type Judged, type TreeJudgement } from '../../core/compare/judge-tree.js';
import type { Scaling } from '../../core/compare/merge-trees.js';
import { outlookOf, secondsToTell } from '../../core/compare/outlook.js';
import { moveWindows, overlapsOf } from '../../core/compare/window-counts.js';
import type { ViewFunctions } from '../../core/flame/view-functions.js';
import { isInterpreterInternal } from '../../core/operations/frames.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import { nowhere } from '../../core/profile/sum-up.js';
import type { ProfileDecoder } from './decoder.js';
import { judgeEarlier } from './judge-earlier.js';
import { layWindows, namesTo, placesIn, type LaidWindows } from './lay-windows.js';
import type { ViewTree } from './view-tree.js';
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

/** Judges what a diff shows by the windows of its sides, and by earlier ones of the same service where they are given. */
export async function viewCertainty(
  decoder: ProfileDecoder,
  view: CertainView,
  baseline: DecodedWindows,
  comparison: DecodedWindows,
  signal: AbortSignal,
  earlier?: DecodedWindows,
): Promise<Result<Certainty>> {
  const { values, layout, frames } = view.tree;
  if (values.kind !== 'diff') return fail('invalid-input', 'Only a comparison has two sides to judge.');
  if (values.byLabel && !(baseline.tellLabels === true && comparison.tellLabels === true)) {
    return fail(
      'unsupported',
      'Windows do not tell labels apart, so what is filtered by one cannot be judged. Take the label out to see what is certain.',
    );
  }
  const place = placesIn(values.base);
  const told: number[] = [];
  const lay = async (windows: DecodedWindows): Promise<Result<LaidWindows>> => {
    const laid = await layWindows(decoder, windows, values.base, place, signal);
    if (!laid.ok) return laid;
    const { map } = values.base;
    told.push(sumOf(laid.value.windows.samples) * laid.value.worth);
    const moved = map === undefined ? laid.value.windows : moveWindows(laid.value.windows, map, nowhere);
    return ok({ ...laid.value, windows: moved });
  };
  const before = await lay(baseline);
  if (!before.ok) return before;
  const after = await lay(comparison);
  if (!after.ok) return after;
  const sides = [before.value.windows, after.value.windows] as const;
  // Sides may have been sampled at different rates, and an empty one does not say at which: told is in the comparison's samples.
  const [worthBefore, worthAfter] = [before.value.worth, after.value.worth];
  const worth = worthAfter > 0 ? worthAfter : worthBefore > 0 ? worthBefore : 1;
  const scaling = { ...values.scaling, factor: values.scaling.factor * (worthBefore > 0 ? worthBefore / worth : 1) };
  let judgement = judgeTree(layout, frames.count, sides, scaling);
  signal.throwIfAborted();
  let history: HistoryEvidence | undefined;
  // Where nothing is called certain there is nothing to widen.
  if (earlier !== undefined && judgement.result.abstained === undefined) {
    const laid = await lay(earlier);
    if (!laid.ok) return laid;
    const laidSides = [before.value, after.value];
    const found = await judgeEarlier(layout, frames.count, laidSides, laid.value, scaling.by, signal);
    const { widening } = found;
    history = found.evidence;
    if (Math.max(widening.functions, widening.nodes) > 1) {
      judgement = judgeTree(layout, frames.count, sides, scaling, { widening });
    }
  }
  const [overlapsBefore, overlapsAfter] = [before.value, after.value].map(({ startMs, windows }) =>
    overlapsOf(startMs, windows.seconds),
  );
  const overlapping = [overlapsBefore ?? 0, overlapsAfter ?? 0] as const;
  const part = (side: 0 | 1, total: number): number => (total > 0 ? (told[side] ?? 0) / total : 1);
  return ok({
    ...answerOf(view, judgement, scaling, worth),
    told: [part(0, values.baselineTotal), part(1, values.comparisonTotal)],
    ...(overlapping[0] + overlapping[1] === 0 ? {} : { overlapping }),
    ...(history === undefined ? {} : { history }),
  });
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += f64At(values, index);
  return sum;
}

/** The judgement by the view's numbers, in its unit. */
function answerOf(
  { tree, functions, order }: CertainView,
  judgement: TreeJudgement,
  scaling: Scaling,
  worth: number,
): Omit<Certainty, 'told' | 'history' | 'overlapping'> {
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
  const causes = findCauses(layout, values.baseline.total, values.comparison.total, judgement, (frame) =>
    isInterpreterInternal(frames.frameAt(frame)),
  );
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
    nodeMargins: marginsOf(order, judgement.nodes, worth),
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

/** In the view's unit, by level-order index. */
function marginsOf(order: Uint32Array, judged: ReadonlyMap<number, Judged>, worth: number): Certainty['nodeMargins'] {
  const node: number[] = [];
  const margin: number[] = [];
  for (let at = 0; at < order.length; at++) {
    const found = judged.get(u32At(order, at));
    if (found === undefined) continue;
    node.push(at);
    margin.push(found.margin * worth);
  }
  return { node: Uint32Array.from(node), margin: Float64Array.from(margin) };
}

function stateOf(judged: Judged | undefined): number {
  if (judged === undefined) return 0;
  return judged.certain ? 2 : 1;
}
