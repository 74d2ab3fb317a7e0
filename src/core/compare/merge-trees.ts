import { totalsOf, type CallNodes, type CallTree } from '../profile/call-tree.js';
import { f64At, growingU32 } from '../profile/columns.js';
import { alignTrees } from './align-trees.js';
import { robustReference } from './robust-reference.js';
import { sampleWorth } from './window-counts.js';

/**
 * How the sides are made comparable: what the baseline is multiplied with.
 * 'absolute': both ranges to the same length of time (as they are, when a length is unknown). 'relative': to what did not
 * move, see {@link robustReference}. 'work': to the same amount of work, which somebody counted on both sides. 'measured':
 * nothing is multiplied. 'auto': absolute where the load was alike, otherwise relative.
 */
export type Scale =
  | { readonly by: 'auto' | 'absolute' | 'relative' | 'measured' }
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

/** One side of a comparison. */
export interface ComparedSide {
  readonly tree: CallTree;
  readonly functionCount: number;
  /** What makes functions of the two sides the same one. Function 0, the root, is the same by itself. */
  readonly keyOf: (functionIndex: number) => string;
  /** Length of the range that was measured, 0 when unknown. */
  readonly durationNs: number;
  /** What one sample counts, 0 when unknown. */
  readonly period: number;
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
  readonly scaling: Scaling;
}

/** In place of a function index: the side does not have the function. */
export const absent = 0xffffffff;

/**
 * Merges by stack: nodes are the same when all their callers are. The comparison stays as it was measured and the
 * baseline is scaled to it, so that numbers keep their unit.
 */
export function mergeTrees(baseline: ComparedSide, comparison: ComparedSide, scale: Scale): DiffTree {
  const functions = mergeFunctions(baseline, comparison);
  const { nodes, baselineSelf, comparisonSelf } = alignTrees(
    { tree: comparison.tree, toMerged: functions.ofComparison },
    { tree: baseline.tree, toMerged: functions.ofBaseline },
    functions.comparisonFunction.length,
  );
  const scaling = scalingOf([baseline, comparison], [baselineSelf, comparisonSelf], nodes.functionIndex, scale);
  if (scaling.factor !== 1) {
    for (let node = 0; node < nodes.nodeCount; node++) baselineSelf[node] = f64At(baselineSelf, node) * scaling.factor;
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
    scaling,
  };
}

/** What makes the sides comparable. `self` are their own values by node, as they were measured. */
function scalingOf(
  sides: readonly [ComparedSide, ComparedSide],
  self: readonly [Float64Array, Float64Array],
  functionIndex: Uint32Array,
  scale: Scale,
): Scaling {
  if (scale.by === 'measured') return { by: 'measured', factor: 1, error: 0 };
  // Agents may have sampled the sides at other rates: what a sample is worth on each side belongs into the factor.
  const worths = sides.map(({ period }, side) => (period > 0 ? period : sampleWorth(self[side === 0 ? 0 : 1])) || 1);
  const [worthBefore = 1, worthAfter = 1] = worths;
  const inSeconds = sides[0].durationNs > 0 && sides[1].durationNs > 0;
  const bySeconds = inSeconds ? sides[1].durationNs / sides[0].durationNs : 1;
  const found = robustReference(divided(self[0], worthBefore), divided(self[1], worthAfter), functionIndex);
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

function divided(values: Float64Array, by: number): Float64Array {
  if (by === 1) return values;
  const parts = new Float64Array(values.length);
  for (let index = 0; index < parts.length; index++) parts[index] = f64At(values, index) / by;
  return parts;
}

function meanOf(one: Float64Array, other: Float64Array): Float64Array {
  const mean = new Float64Array(one.length);
  for (let index = 0; index < mean.length; index++) mean[index] = (f64At(one, index) + f64At(other, index)) / 2;
  return mean;
}

interface MergedFunctions {
  readonly ofBaseline: Uint32Array;
  readonly ofComparison: Uint32Array;
  readonly baselineFunction: Uint32Array;
  readonly comparisonFunction: Uint32Array;
}

/** Numbers the functions of both sides together. Functions of one side with one key become one; the first names it. */
function mergeFunctions(baseline: ComparedSide, comparison: ComparedSide): MergedFunctions {
  const byKey = new Map<string, number>();
  const baselineFunction = growingU32();
  const comparisonFunction = growingU32();
  baselineFunction.push(0);
  comparisonFunction.push(0);
  const number = (side: ComparedSide, own: typeof baselineFunction): Uint32Array => {
    const merged = new Uint32Array(side.functionCount);
    for (let index = 1; index < side.functionCount; index++) {
      const key = side.keyOf(index);
      let at = byKey.get(key);
      if (at === undefined) {
        baselineFunction.push(absent);
        at = comparisonFunction.push(absent);
        byKey.set(key, at);
      }
      if (own.at(at) === absent) own.set(at, index);
      merged[index] = at;
    }
    return merged;
  };
  const ofComparison = number(comparison, comparisonFunction);
  const ofBaseline = number(baseline, baselineFunction);
  return {
    ofBaseline,
    ofComparison,
    baselineFunction: baselineFunction.freeze(),
    comparisonFunction: comparisonFunction.freeze(),
  };
}

/**
 * A function's key for a comparison: its name and the last component of its file or library. Folders are left out, since
 * they hold versions that differ from deployment to deployment.
 */
export function comparisonKey(name: string, fileOrLibrary: string): string {
  const file = fileOrLibrary.slice(Math.max(fileOrLibrary.lastIndexOf('/'), fileOrLibrary.lastIndexOf('\\')) + 1);
  return `${name}\0${file.replace(/\.so\.[\d.]+$/, '.so')}`;
}
