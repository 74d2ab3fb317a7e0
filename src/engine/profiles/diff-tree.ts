import type { FrameWidth, SampleType } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { AlignedTrees } from '../../core/compare/align-trees.js';
import { functionKey, type SideFunctions } from '../../core/compare/function-keys.js';
import {
  absent,
  matchFunctions,
  plainMatching,
  type MatchedFunctions,
  type Matching,
} from '../../core/compare/match-functions.js';
import {
  asMeasured,
  mergeAligned,
  scalingBy,
  worthsOf,
  type DiffTree,
  type MeasuredSide,
  type Scale,
  type Scaling,
} from '../../core/compare/merge-trees.js';
import { movedLines } from '../../core/source/moved-lines.js';
import { shownFile, type Frame, type FrameTable } from '../../core/operations/frames.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { Profile } from '../../core/profile/profile.js';
import type { DecodedProfile } from './decode.js';
import type { ProfileDecoder } from './decoder.js';
import type { OpenProfile } from './store.js';
import { nameOfFrame, periodOf, samplePeriodOf, type Side, type SideOf } from './view-side.js';
import type { ViewTree } from './view-tree.js';

/** How two profiles are compared. */
export interface DiffQuestion {
  readonly valueIndex: number;
  readonly scale: Scale;
  readonly matching: Matching | undefined;
  readonly byLine: boolean;
  /** Of a comparison by line: lines of functions that moved are counted as the comparison has them. */
  readonly linesMove: boolean;
}

/** What of a comparison no scale changes: the merged shape, what its functions are, and what each side measured itself in each node. */
interface AlignedSides {
  readonly sampleType: SampleType;
  readonly sides: readonly [MeasuredSide, MeasuredSide];
  /** As they were measured. */
  readonly baselineTotal: number;
  readonly comparisonTotal: number;
  readonly samplePeriods: readonly [baseline: number, comparison: number];
  readonly functions: MatchedFunctions;
  readonly aligned: AlignedTrees;
  readonly frames: FrameTable;
}

/** Two profiles as one tree, of which views are made. */
export interface MergedSides {
  readonly sampleType: SampleType;
  readonly merged: DiffTree;
  readonly frames: FrameTable;
  /** As they were measured. */
  readonly baselineTotal: number;
  readonly comparisonTotal: number;
  readonly samplePeriods: readonly [baseline: number, comparison: number];
  readonly matching: Matching;
  readonly byLine: boolean;
  /** What it was made of, held for another scale. */
  readonly alignment: AlignedSides;
}

/** What was made of two profiles, as long as they and a view of it are held. */
interface Known<Made extends object> {
  readonly baseline: WeakRef<DecodedProfile>;
  readonly made: WeakRef<Made>;
}

type Keeper<Made extends object> = (
  baseline: OpenProfile,
  comparison: OpenProfile,
  key: string,
  make: () => Promise<Result<Made>>,
) => Promise<Result<Made>>;

function keeper<Made extends object>(): Keeper<Made> {
  const knownOf = new WeakMap<DecodedProfile, Map<string, Known<Made>>>();
  return async (baseline, comparison, key, make) => {
    const known = knownOf.get(comparison.decoded) ?? new Map<string, Known<Made>>();
    knownOf.set(comparison.decoded, known);
    const before = known.get(key);
    const there = before?.baseline.deref() === baseline.decoded ? before.made.deref() : undefined;
    if (there !== undefined) return ok(there);
    const made = await make();
    if (!made.ok) return made;
    for (const [other, { made: of }] of known) if (of.deref() === undefined) known.delete(other);
    known.set(key, { baseline: new WeakRef(baseline.decoded), made: new WeakRef(made.value) });
    return made;
  };
}

const keepMerged = keeper<MergedSides>();
const keepAligned = keeper<AlignedSides>();

/**
 * Merges two profiles. While a view of them is open the same question is answered by what that was made of: what is done to a
 * comparison on the screen need not align it once more, nor need another scale. `chosen` tells apart which samples `sideOf` takes.
 */
export async function mergedSides(
  decoder: ProfileDecoder,
  baseline: OpenProfile,
  comparison: OpenProfile,
  question: DiffQuestion,
  chosen: unknown,
  sideOf: SideOf,
): Promise<Result<MergedSides>> {
  const { scale, matching = plainMatching, ...shape } = question;
  return keepMerged(baseline, comparison, JSON.stringify([question, chosen]), async () => {
    const key = JSON.stringify([shape, matching, chosen]);
    const made = await keepAligned(baseline, comparison, key, () =>
      alignSides(decoder, baseline, comparison, question, sideOf),
    );
    if (!made.ok) return made;
    const { sampleType, sides, baselineTotal, comparisonTotal, samplePeriods, functions, aligned, frames } = made.value;
    const own = [aligned.baselineSelf, aligned.comparisonSelf] as const;
    const scaling = await scalingFor(decoder, sides, own, aligned.nodes.parent, scale);
    return ok({
      sampleType,
      merged: mergeAligned(functions, aligned, scaling),
      frames,
      baselineTotal,
      comparisonTotal,
      samplePeriods,
      matching,
      byLine: question.byLine,
      alignment: made.value,
    });
  });
}

/** A view of two profiles, its frames as wide as asked. */
export function diffTree(sides: MergedSides, width: FrameWidth): ViewTree {
  const { sampleType, merged, frames, baselineTotal, comparisonTotal, samplePeriods, matching, byLine } = sides;
  return {
    sampleType,
    samplePeriod: 0,
    layout: width === 'mean' ? merged : { ...merged, ...merged[width] },
    frames,
    narrowest: 0,
    values: {
      kind: 'diff',
      baseline: { ...merged, ...merged.baseline },
      comparison: { ...merged, ...merged.comparison },
      baselineTotal,
      comparisonTotal,
      samplePeriods,
      scaling: merged.scaling,
      byLabel: false,
      base: {
        nodes: merged,
        functionOf: (frame) => merged.numberOfKey(functionKey(nameOfFrame(frame), matching)),
        byLine,
        map: undefined,
        sides,
      },
    },
  };
}

async function alignSides(
  decoder: ProfileDecoder,
  baseline: OpenProfile,
  comparison: OpenProfile,
  { valueIndex, matching = plainMatching, linesMove }: DiffQuestion,
  sideOf: SideOf,
): Promise<Result<AlignedSides>> {
  const chosen = measureOf(baseline.decoded.profile, comparison.decoded.profile, valueIndex);
  if (!chosen.ok) return chosen;
  const { sampleType, baselineIndex, comparisonIndex } = chosen.value;
  const asItWas = await sideOf(baseline, baselineIndex, 0);
  if (!asItWas.ok) return asItWas;
  const after = await sideOf(comparison, comparisonIndex, 1);
  if (!after.ok) return after;
  const before = linesMove
    ? { ...asItWas.value, frames: movedLines(asItWas.value.frames, after.value.frames, matching) }
    : asItWas.value;
  const functions = matchFunctions(functionsOf(before.frames), functionsOf(after.value.frames), matching);
  const aligned = await decoder.align(
    { tree: after.value.tree, toMerged: functions.ofComparison },
    { tree: before.tree, toMerged: functions.ofBaseline },
    functions.comparisonFunction.length,
  );
  return ok({
    sampleType,
    sides: [
      measuredSide(before, baseline.decoded.profile, baselineIndex),
      measuredSide(after.value, comparison.decoded.profile, comparisonIndex),
    ],
    baselineTotal: f64At(before.tree.total, 0),
    comparisonTotal: f64At(after.value.tree.total, 0),
    samplePeriods: [
      samplePeriodOf(baseline.decoded.profile, baselineIndex),
      samplePeriodOf(comparison.decoded.profile, comparisonIndex),
    ],
    functions,
    aligned,
    frames: mergedFrames(functions, before.frames, after.value.frames, matching),
  });
}

/** See `scalingOf`; what did not move is found by the decoder. */
async function scalingFor(
  decoder: ProfileDecoder,
  sides: readonly [MeasuredSide, MeasuredSide],
  own: readonly [Float64Array, Float64Array],
  parent: Uint32Array,
  scale: Scale,
): Promise<Scaling> {
  if (scale.by === 'measured') return asMeasured;
  const worths = worthsOf(sides, own);
  return scalingBy(sides, worths, await decoder.reference(...own, parent, worths), scale);
}

function measuredSide({ durationNs }: Side, profile: Profile, valueIndex: number): MeasuredSide {
  return {
    durationNs: durationNs ?? profile.durationNs,
    period: periodOf(profile, valueIndex),
  };
}

const functionsOfFrames = new WeakMap<FrameTable, SideFunctions>();

/** The same ones for the same frames: what is told of their names is then told once. */
function functionsOf(frames: FrameTable): SideFunctions {
  const known = functionsOfFrames.get(frames) ?? {
    functionCount: frames.count,
    nameOf: (index) => nameOfFrame(frames.frameAt(index)),
  };
  functionsOfFrames.set(frames, known);
  return known;
}

/** Frames of a diff: the comparison's where it has them. Lines are of one function when they name the same one. */
function mergedFrames(merged: MatchedFunctions, before: FrameTable, after: FrameTable, matching: Matching): FrameTable {
  const count = merged.comparisonFunction.length;
  const frameAt = (index: number): Frame => {
    const own = u32At(merged.comparisonFunction, index);
    const former = u32At(merged.baselineFunction, index);
    if (own === absent) return before.frameAt(former);
    const frame = after.frameAt(own);
    const formerName = former === absent ? frame.name : before.frameAt(former).name;
    return formerName === frame.name ? frame : { ...frame, formerName };
  };
  if (before.functionOf === undefined) return { count, frameAt };
  const firstOf = new Map<string, number>();
  const functionOf = Uint32Array.from({ length: count }, (_, index) => {
    const frame = frameAt(index);
    const key = functionKey({ name: frame.functionName, file: shownFile(frame) }, matching);
    const first = firstOf.get(key) ?? index;
    firstOf.set(key, first);
    return first;
  });
  return { count, frameAt, functionOf };
}

/** What both sides are compared by, and which column of each side measures it. */
function measureOf(
  baseline: Profile,
  comparison: Profile,
  valueIndex: number,
): Result<{ readonly sampleType: SampleType; readonly baselineIndex: number; readonly comparisonIndex: number }> {
  // A server answers a selection without samples as a profile that does not say what it would measure.
  const isEmpty = (profile: Profile): boolean => profile.samples.stack.length === 0;
  const told = isEmpty(comparison) && !isEmpty(baseline) ? baseline : comparison;
  const sampleType = told.sampleTypes[valueIndex];
  if (sampleType === undefined) return fail('invalid-input', 'The compared profile has no such sample type.');
  // The same measure may stand in another place on the other side.
  const columnOf = (profile: Profile): number => {
    const index = profile.sampleTypes.findIndex(
      ({ type, unit }) => type === sampleType.type && unit === sampleType.unit,
    );
    return index < 0 && isEmpty(profile) ? 0 : index;
  };
  const baselineIndex = columnOf(baseline);
  const comparisonIndex = columnOf(comparison);
  if (baselineIndex >= 0 && comparisonIndex >= 0) return ok({ sampleType, baselineIndex, comparisonIndex });
  return fail(
    'invalid-input',
    `The baseline does not measure ${sampleType.type} in ${sampleType.unit}, so the two cannot be compared. Choose profiles of one type.`,
  );
}
