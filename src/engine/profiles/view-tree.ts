import type { FrameWidth, SampleType, ViewSource } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import {
  absent,
  comparisonKey,
  mergeTrees,
  type ComparedSide,
  type DiffTree,
  type Scale,
  type Scaling,
} from '../../core/compare/merge-trees.js';
import { tooManyCallPaths } from '../../core/formats/importing.js';
import type { LayoutInput } from '../../core/flame/layout.js';
import { functionPlaces } from '../../core/flame/view-functions.js';
import { applyOperations } from '../../core/operations/apply.js';
import { frameTable, shownFile, type Frame, type FrameTable } from '../../core/operations/frames.js';
import { lineFrames } from '../../core/operations/grouping.js';
import type { Operation } from '../../core/operations/operation.js';
import type { CallNodes, CallTree, ProfileCallNodes } from '../../core/profile/call-tree.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { NodeValues } from '../../core/profile/sum-up.js';
import type { Profile } from '../../core/profile/profile.js';
import { decodeText, type DecodedProfile } from './decode.js';
import { decodedTree, type ProfileDecoder } from './decoder.js';
import type { OpenProfile, ProfileStore } from './store.js';

/** What a view is computed from: one tree, or two merged into one; after the operations of its source. */
export interface ViewTree {
  readonly sampleType: SampleType;
  readonly layout: LayoutInput;
  readonly frames: FrameTable;
  /** Callers below this width were not made; see {@link Operated}. */
  readonly narrowest: number;
  readonly values: { readonly kind: 'flame'; readonly tree: CallTree } | DiffSides;
}

/** The two sides of a diff: trees of one shape with the values of each. */
export interface DiffSides {
  readonly kind: 'diff';
  readonly baseline: CallTree;
  readonly comparison: CallTree;
  /** As they were measured. */
  readonly baselineTotal: number;
  readonly comparisonTotal: number;
  readonly scaling: Scaling;
  readonly base: DiffBase;
}

/** What windows are laid onto: the merged tree before the operations, and what became of its nodes. */
export interface DiffBase {
  readonly nodes: CallNodes;
  readonly frames: FrameTable;
  /** Whether frames are told apart by line. */
  readonly byLine: boolean;
  /** By node, the node of the view's tree that its own values belong to, or `nowhere`; undefined: nothing moved. */
  readonly map: Uint32Array | undefined;
}

/** How a tree is asked for. */
export interface TreeOptions {
  /** Overrules that of a diff. */
  readonly scale?: Scale;
  /** What was computed for nothing ends in an exception, the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The tree of a source, from profiles that are opened for it and closed again. */
export async function viewTree(
  store: ProfileStore,
  source: ViewSource,
  { scale, signal }: TreeOptions = {},
): Promise<Result<ViewTree>> {
  const operations = source.operations ?? [];
  const byLine = operations.some((operation) => operation.kind === 'group' && operation.by === 'line');
  const side = (profile: OpenProfile, valueIndex: number): Promise<Result<Side>> =>
    sideOf(store.decoder, profile, valueIndex, byLine);
  const made = await (source.kind === 'flame'
    ? store.withProfile(source.profileId, (profile) => flameTree(profile, source.valueIndex, side))
    : store.withProfile(source.baselineId, (baseline) =>
        store.withProfile(source.comparisonId, (comparison) =>
          diffTree(
            baseline,
            comparison,
            source.valueIndex,
            scale ?? source.scale,
            side,
            byLine,
            source.width ?? 'mean',
          ),
        ),
      ));
  return made.ok ? operatedTree(store.decoder, made.value, operations, signal) : made;
}

/** One profile's part of a view. */
interface Side {
  readonly tree: CallTree;
  readonly frames: FrameTable;
}

type SideOf = (profile: OpenProfile, valueIndex: number) => Promise<Result<Side>>;

async function sideOf(
  decoder: ProfileDecoder,
  opened: OpenProfile,
  valueIndex: number,
  byLine: boolean,
): Promise<Result<Side>> {
  const { profile } = opened.decoded;
  const made = await decodedFrames(decoder, opened.decoded, byLine);
  if (!made.ok) return made;
  const { nodes, frames } = made.value;
  const tree = byLine ? await decodedTree(decoder, profile, nodes, valueIndex) : await opened.tree(valueIndex);
  return ok({ tree, frames });
}

/** The call nodes of a profile and what their frames are: functions, or lines of them. */
export async function decodedFrames(
  decoder: ProfileDecoder,
  { profile, nodes }: DecodedProfile,
  byLine: boolean,
): Promise<Result<{ readonly nodes: ProfileCallNodes; readonly frames: FrameTable }>> {
  const functions = functionFrames(profile);
  if (!byLine) return ok({ nodes, frames: functions });
  const { frames, lineFrame } = lineFrames(functions, profile.locations);
  const built = await decoder.callNodes(profile.stacks, { ...profile.locations, lineFunction: lineFrame });
  return built.ok ? ok({ nodes: built.nodes, frames }) : tooManyCallPaths(built.limit);
}

/** What makes frames of two profiles the same one. */
export function keyOfFrame(frame: Frame): string {
  return comparisonKey(frame.name, shownFile(frame));
}

/** Names, kinds and packages that were told once, as long as the profile is held: every operation makes a view anew. */
const framesOfProfile = new WeakMap<Profile, FrameTable>();

function functionFrames(profile: Profile): FrameTable {
  const known = framesOfProfile.get(profile);
  if (known !== undefined) return known;
  const frames = frameTable(profile.functions.name.length, functionPlaces(profile, decodeText));
  framesOfProfile.set(profile, frames);
  return frames;
}

async function flameTree(opened: OpenProfile, valueIndex: number, sideOf: SideOf): Promise<Result<ViewTree>> {
  const sampleType = opened.decoded.profile.sampleTypes[valueIndex];
  if (sampleType === undefined) return fail('invalid-input', 'The profile has no such sample type.');
  const side = await sideOf(opened, valueIndex);
  if (!side.ok) return side;
  const { tree, frames } = side.value;
  return ok({ sampleType, layout: tree, frames, narrowest: 0, values: { kind: 'flame', tree } });
}

async function diffTree(
  baseline: OpenProfile,
  comparison: OpenProfile,
  valueIndex: number,
  scale: Scale,
  sideOf: SideOf,
  byLine: boolean,
  width: FrameWidth,
): Promise<Result<ViewTree>> {
  const chosen = measureOf(baseline.decoded.profile, comparison.decoded.profile, valueIndex);
  if (!chosen.ok) return chosen;
  const { sampleType, baselineIndex, comparisonIndex } = chosen.value;
  const before = await sideOf(baseline, baselineIndex);
  if (!before.ok) return before;
  const after = await sideOf(comparison, comparisonIndex);
  if (!after.ok) return after;
  const merged = mergeTrees(
    comparedSide(before.value, baseline.decoded.profile, baselineIndex),
    comparedSide(after.value, comparison.decoded.profile, comparisonIndex),
    scale,
  );
  const frames = mergedFrames(merged, before.value.frames, after.value.frames);
  return ok({
    sampleType,
    layout: width === 'mean' ? merged : { ...merged, ...merged[width] },
    frames,
    narrowest: 0,
    values: {
      kind: 'diff',
      baseline: { ...merged, ...merged.baseline },
      comparison: { ...merged, ...merged.comparison },
      baselineTotal: f64At(before.value.tree.total, 0),
      comparisonTotal: f64At(after.value.tree.total, 0),
      scaling: merged.scaling,
      base: { nodes: merged, frames, byLine, map: undefined },
    },
  });
}

function comparedSide({ tree, frames }: Side, profile: Profile, valueIndex: number): ComparedSide {
  return {
    tree,
    functionCount: frames.count,
    keyOf: (index) => keyOfFrame(frames.frameAt(index)),
    durationNs: profile.durationNs,
    period: periodOf(profile, valueIndex),
  };
}

/** What one sample counts in a column, 0 when the profile does not say. */
export function periodOf({ sampleTypes, period, periodType }: Profile, valueIndex: number): number {
  const sampleType = sampleTypes[valueIndex];
  if (sampleType?.unit === 'count') return 1;
  const said = periodType !== undefined && periodType.type === sampleType?.type && periodType.unit === sampleType.unit;
  // Pyroscope answers a second whatever was sampled: that is no period that anybody samples with.
  return said && period !== pyroscopePeriod ? period : 0;
}

const pyroscopePeriod = 1e9;

/** Frames of a diff: the comparison's where it has them. Lines are of one function when they name the same one. */
function mergedFrames(merged: DiffTree, before: FrameTable, after: FrameTable): FrameTable {
  const count = merged.comparisonFunction.length;
  const frameAt = (index: number): Frame => {
    const own = u32At(merged.comparisonFunction, index);
    return own === absent ? before.frameAt(u32At(merged.baselineFunction, index)) : after.frameAt(own);
  };
  if (before.functionOf === undefined) return { count, frameAt };
  const firstOf = new Map<string, number>();
  const functionOf = Uint32Array.from({ length: count }, (_, index) => {
    const frame = frameAt(index);
    const key = comparisonKey(frame.functionName, shownFile(frame));
    const first = firstOf.get(key) ?? index;
    firstOf.set(key, first);
    return first;
  });
  return { count, frameAt, functionOf };
}

/** What the operations make of a tree. */
async function operatedTree(
  decoder: ProfileDecoder,
  base: ViewTree,
  operations: readonly Operation[],
  signal: AbortSignal | undefined,
): Promise<Result<ViewTree>> {
  if (operations.length === 0) return ok(base);
  const outcome = await applyOperations(
    { nodes: base.layout, frames: base.frames, weight: base.layout.self },
    operations,
    (nodes, rewrite) => decoder.rewrite(nodes, rewrite, signal),
  );
  if (!outcome.ok) {
    return fail(
      'invalid-input',
      `The pattern ${outcome.pattern} is not a regular expression of RE2's syntax.`,
      outcome.reason,
    );
  }
  const { nodes, map, frames, narrowest } = outcome.value;
  const move = async (tree: NodeValues): Promise<CallTree> => {
    const { self, total } =
      map === undefined ? tree : await decoder.values({ values: tree.self, to: map, parent: nodes.parent });
    return { ...nodes, self, total };
  };
  const layout = await move(base.layout);
  const { values, sampleType } = base;
  return ok({
    sampleType,
    layout,
    frames,
    narrowest,
    values:
      values.kind === 'flame'
        ? { kind: 'flame', tree: layout }
        : {
            ...values,
            baseline: await move(values.baseline),
            comparison: await move(values.comparison),
            base: { ...values.base, map },
          },
  });
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
