import { totalsOf, type CallNodes, type CallTree } from '../profile/call-tree.js';
import { f64At } from '../profile/columns.js';
import { alignTrees, type AlignedTrees } from './align-trees.js';
import type { SideFunctions } from './function-keys.js';
import { matchFunctions, type MatchedFunctions, type Matching } from './match-functions.js';
import { robustReference, type Reference } from './robust-reference.js';
import { sampleWorth } from './window-counts.js';

/**
 * How the sides are made comparable: what the baseline is multiplied with.
 * 'absolute': both ranges to the same length of time (as they are, when a length is unknown). 'relative': to what did not
 * move, see {@link robustReference}. 'work': to the same amount of work, which somebody counted on both sides. 'measured':
 * nothing is multiplied. 'auto': absolute where the load was alike, otherwise relative.
 */
export type Scale =
  | { readonly by: 'measured' }
  | { readonly by: 'auto' | 'absolute' | 'relative' }
  | { readonly by: 'work'; readonly baseline: number; readonly comparison: number };

/** How two sides were made comparable. */
export interface Scaling {
  readonly by: Exclude<Scale['by'], 'auto'>;
  /** What baseline values were multiplied with. */
  readonly factor: number;
  /** Standard error of the factor's logarithm by counting; 0 where it is no estimate. */
  readonly error: number;
  /** How many times what did not move costs on the comparison's side, a second; undefined when no length is known. */
  readonly load?: number;
}

/** Loads that differ by more than this are no fair comparison of seconds. */
const sameLoad = 1.1;

/** How a side was measured. */
export interface MeasuredSide {
  /** Length of the range that was measured, 0 when unknown. */
  readonly durationNs: number;
  /** What one sample counts, 0 when unknown. */
  readonly period: number;
}

/** One side of a comparison. */
export interface ComparedSide extends MeasuredSide {
  readonly tree: CallTree;
  readonly functions: SideFunctions;
}

/** Self and total of one side by node of the merged tree, normalised. */
export interface SideValues {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/**
 * Two call trees as one: every node that either side has. `self` and `total` are the means of both sides, so the
 * picture shows what is gone as wide as what is new, and swapping the sides moves nothing.
 *
 * Functions are numbered anew: 0 is the root, then the comparison's, then what only the baseline has.
 *
 * Example, 'absolute' with equal durations: baseline a;b 4, a;c 2; comparison a;b 6, d 2:
 *   a: 6 and 6, total 6; b: 4 and 6, total 5; d: 0 and 2, total 1; c: 2 and 0, total 1.
 */
export interface DiffTree extends CallNodes {
  readonly self: Float64Array;
  readonly total: Float64Array;
  readonly baseline: SideValues;
  readonly comparison: SideValues;
  /** By function of the diff, its index on that side, or `absent`. */
  readonly baselineFunction: Uint32Array;
  readonly comparisonFunction: Uint32Array;
  /** The number in the diff of a function's key, see `functionKey`; undefined where neither side has it. */
  readonly numberOfKey: (key: string) => number | undefined;
  readonly scaling: Scaling;
}

/**
 * Merges by stack: nodes are the same when all their callers are, functions when {@link matchFunctions} says so. The comparison stays as it was measured and the
 * baseline is scaled to it, so that numbers keep their unit.
 */
export function mergeTrees(
  baseline: ComparedSide,
  comparison: ComparedSide,
  scale: Scale,
  matching?: Matching,
): DiffTree {
  const functions = matchFunctions(baseline.functions, comparison.functions, matching);
  const aligned = alignTrees(
    { tree: comparison.tree, toMerged: functions.ofComparison },
    { tree: baseline.tree, toMerged: functions.ofBaseline },
    functions.comparisonFunction.length,
  );
  const own = [aligned.baselineSelf, aligned.comparisonSelf] as const;
  return mergeAligned(functions, aligned, scalingOf([baseline, comparison], own, aligned.nodes.parent, scale));
}

/** The same of trees that were aligned elsewhere, whose columns are read only: another scale is made of the same ones. */
export function mergeAligned(
  functions: MatchedFunctions,
  { nodes, baselineSelf: measured, comparisonSelf }: AlignedTrees,
  scaling: Scaling,
): DiffTree {
  const baselineSelf = scaling.factor === 1 ? measured : measured.slice();
  if (scaling.factor !== 1) {
    for (let node = 0; node < nodes.nodeCount; node++) baselineSelf[node] = f64At(measured, node) * scaling.factor;
  }
  const before: SideValues = { self: baselineSelf, total: totalsOf(nodes.parent, baselineSelf) };
  const after: SideValues = { self: comparisonSelf, total: totalsOf(nodes.parent, comparisonSelf) };
  return {
    ...nodes,
    self: meanOf(before.self, after.self),
    total: meanOf(before.total, after.total),
    baseline: before,
    comparison: after,
    baselineFunction: functions.baselineFunction,
    comparisonFunction: functions.comparisonFunction,
    numberOfKey: functions.numberOfKey,
    scaling,
  };
}

/** What makes the sides comparable. `self` are their own values by node, as they were measured. */
export function scalingOf(
  sides: readonly [MeasuredSide, MeasuredSide],
  self: readonly [Float64Array, Float64Array],
  parent: Uint32Array,
  scale: Scale,
): Scaling {
  if (scale.by === 'measured') return asMeasured;
  const worths = worthsOf(sides, self);
  return scalingBy(sides, worths, robustReference(...self, parent, worths), scale);
}

/** Where nothing is made comparable. */
export const asMeasured: Scaling = { by: 'measured', factor: 1, error: 0 };

/** What one sample counts on each side. `self` as for {@link scalingOf}. */
export function worthsOf(
  sides: readonly [MeasuredSide, MeasuredSide],
  self: readonly [Float64Array, Float64Array],
): readonly [number, number] {
  const worthOf = (side: 0 | 1): number => (sides[side].period > 0 ? sides[side].period : sampleWorth(self[side])) || 1;
  return [worthOf(0), worthOf(1)];
}

/** {@link scalingOf} where it is known what did not move, of samples that are worth so much; undefined: nothing is on both sides. */
export function scalingBy(
  sides: readonly [MeasuredSide, MeasuredSide],
  [worthBefore, worthAfter]: readonly [number, number],
  found: Reference | undefined,
  scale: Exclude<Scale, { readonly by: 'measured' }>,
): Scaling {
  const inSeconds = sides[0].durationNs > 0 && sides[1].durationNs > 0;
  const bySeconds = inSeconds ? sides[1].durationNs / sides[0].durationNs : 1;
  // Agents may have sampled the sides at other rates: what a sample is worth on each side belongs into the factor.
  const reference = found === undefined ? undefined : { ...found, factor: (found.factor * worthAfter) / worthBefore };
  const load = inSeconds && reference !== undefined ? { load: reference.factor / bySeconds } : {};
  const absolute: Scaling = { by: 'absolute', factor: bySeconds, error: 0, ...load };
  const relative: Scaling = reference === undefined ? absolute : { by: 'relative', ...reference, ...load };
  switch (scale.by) {
    case 'absolute':
      return absolute;
    case 'relative':
      return relative;
    case 'work':
      return { by: 'work', factor: scale.comparison / scale.baseline, error: 0, ...load };
    case 'auto':
      return load.load !== undefined && Math.abs(Math.log(load.load)) <= Math.log(sameLoad) ? absolute : relative;
  }
}

function meanOf(one: Float64Array, other: Float64Array): Float64Array {
  const mean = new Float64Array(one.length);
  for (let index = 0; index < mean.length; index++) mean[index] = (f64At(one, index) + f64At(other, index)) / 2;
  return mean;
}
