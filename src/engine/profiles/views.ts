import type { FlameHeader, FunctionTable, NamesPiece, SampleType, ViewSource } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import {
  absent,
  comparisonKey,
  mergeTrees,
  type ComparedSide,
  type Normalisation,
} from '../../core/compare/merge-trees.js';
import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { frameKindIndex } from '../../core/flame/frame-kinds.js';
import { gatherF64, type LayoutInput } from '../../core/flame/layout.js';
import { kindOfFunction, packageOfFunction, type NamedPlace } from '../../core/flame/packages.js';
import { functionPlaces, numberViewFunctions, type ViewFunctions } from '../../core/flame/view-functions.js';
import type { CallTree } from '../../core/profile/call-tree.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { Profile } from '../../core/profile/profile.js';
import { functionTotals } from '../../core/profile/function-totals.js';
import { decodeText } from './decode.js';
import type { OpenProfile, ProfileStore } from './store.js';

/** What a view is computed from: one tree, or two merged into one. */
export interface ViewTree {
  readonly sampleType: SampleType;
  readonly layout: LayoutInput;
  readonly functionCount: number;
  readonly placeOf: (functionIndex: number) => NamedPlace;
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
}

/** A laid-out view: all that the window gets of it but the view's id. */
export interface View {
  readonly header: Omit<FlameHeader, 'viewId'>;
  /** functionIndex numbers the view's own functions. */
  readonly graph: FlameGraph;
  readonly functions: ViewFunctions;
  readonly placeOf: (viewFunction: number) => NamedPlace;
}

/**
 * The tree of a source, from profiles that are opened for it and closed again. `normalisation` overrules that of a diff.
 */
export async function viewTree(
  store: ProfileStore,
  source: ViewSource,
  normalisation?: Normalisation,
): Promise<Result<ViewTree>> {
  if (source.kind === 'flame') {
    return store.withProfile(source.profileId, (profile) => Promise.resolve(flameTree(profile, source.valueIndex)));
  }
  return store.withProfile(source.baselineId, (baseline) =>
    store.withProfile(source.comparisonId, (comparison) =>
      Promise.resolve(diffTree(baseline, comparison, source.valueIndex, normalisation ?? source.normalisation)),
    ),
  );
}

function flameTree(opened: OpenProfile, valueIndex: number): Result<ViewTree> {
  const { profile } = opened.decoded;
  const sampleType = profile.sampleTypes[valueIndex];
  if (sampleType === undefined) return fail('invalid-input', 'The profile has no such sample type.');
  const tree = opened.tree(valueIndex);
  return ok({
    sampleType,
    layout: tree,
    functionCount: profile.functions.name.length,
    placeOf: functionPlaces(profile, decodeText),
    values: { kind: 'flame', tree },
  });
}

function diffTree(
  baseline: OpenProfile,
  comparison: OpenProfile,
  valueIndex: number,
  normalisation: Normalisation,
): Result<ViewTree> {
  const chosen = measureOf(baseline.decoded.profile, comparison.decoded.profile, valueIndex);
  if (!chosen.ok) return chosen;
  const { sampleType, baselineIndex, comparisonIndex } = chosen.value;
  const before = sideOf(baseline, baselineIndex);
  const after = sideOf(comparison, comparisonIndex);
  const merged = mergeTrees(before, after, normalisation);
  const places = [
    functionPlaces(baseline.decoded.profile, decodeText),
    functionPlaces(comparison.decoded.profile, decodeText),
  ] as const;
  return ok({
    sampleType,
    layout: merged,
    functionCount: merged.comparisonFunction.length,
    placeOf: (index) => {
      const own = u32At(merged.comparisonFunction, index);
      return own === absent ? places[0](u32At(merged.baselineFunction, index)) : places[1](own);
    },
    values: {
      kind: 'diff',
      baseline: { ...merged, ...merged.baseline },
      comparison: { ...merged, ...merged.comparison },
      baselineTotal: f64At(before.tree.total, 0),
      comparisonTotal: f64At(after.tree.total, 0),
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

function sideOf(opened: OpenProfile, valueIndex: number): ComparedSide {
  const { profile } = opened.decoded;
  const placeOf = functionPlaces(profile, decodeText);
  return {
    tree: opened.tree(valueIndex),
    functionCount: profile.functions.name.length,
    keyOf: (index) => {
      const { name, file, library } = placeOf(index);
      return comparisonKey(name, file === '' ? library : file);
    },
    durationNs: profile.durationNs,
  };
}

/** Lays a source out. */
export async function buildView(store: ProfileStore, source: ViewSource): Promise<Result<View>> {
  const made = await viewTree(store, source);
  if (!made.ok) return made;
  const { sampleType, layout, functionCount, placeOf, values } = made.value;
  const { graph, order } = await store.decoder.layout(layout);
  const functions = numberViewFunctions(graph.functionIndex, functionCount);
  const sides =
    values.kind === 'flame'
      ? {}
      : { baseline: gatherF64(values.baseline.total, order), comparison: gatherF64(values.comparison.total, order) };
  return ok({
    header: {
      sampleType,
      nodeCount: graph.count,
      depth: graph.depthCount,
      functionCount: functions.source.length,
      total: f64At(graph.x1, 0),
      ...(values.kind === 'flame'
        ? {}
        : { baselineTotal: values.baselineTotal, comparisonTotal: values.comparisonTotal }),
    },
    graph: { ...graph, ...sides, functionIndex: functions.functionIndex },
    functions,
    placeOf: (viewFunction) => placeOf(u32At(functions.source, viewFunction)),
  });
}

/** Self and total by the view's function numbers. */
export async function viewFunctionTable(
  store: ProfileStore,
  source: ViewSource,
  functions: ViewFunctions,
): Promise<Result<FunctionTable>> {
  const made = await viewTree(store, source);
  if (!made.ok) return made;
  const { values, functionCount } = made.value;
  const pick = (column: Float64Array): Float64Array => gatherF64(column, functions.source);
  const functionIndex = Uint32Array.from(functions.source, (_, index) => index);
  if (values.kind === 'diff') {
    const before = functionTotals(values.baseline, functionCount);
    const after = functionTotals(values.comparison, functionCount);
    return ok({
      functionIndex,
      self: pick(after.self),
      total: pick(after.total),
      baselineSelf: pick(before.self),
      baselineTotal: pick(before.total),
    });
  }
  const { self, total } = functionTotals(values.tree, functionCount);
  return ok({ functionIndex, self: pick(self), total: pick(total) });
}

/** Names of the view's functions from `first` on, as many as fit into about `maxBytes`. */
export function namesPiece(view: View, viewId: string, first: number, maxBytes = 1_000_000): NamesPiece {
  const names: string[] = [];
  const files: string[] = [];
  const packages: string[] = [];
  const kinds: number[] = [];
  let bytes = 0;
  for (let index = first; index < view.functions.source.length && bytes < maxBytes; index++) {
    const place = view.placeOf(index);
    const kind = kindOfFunction(place);
    const file = place.file === '' ? place.library : place.file;
    const packageName = packageOfFunction(place, kind);
    names.push(place.name);
    files.push(file);
    packages.push(packageName);
    kinds.push(frameKindIndex(kind));
    bytes += 2 * (place.name.length + file.length + packageName.length) + 32;
  }
  return { viewId, first, names, files, packages, kinds: Uint8Array.from(kinds) };
}
