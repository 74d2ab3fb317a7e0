import { toDepthFirst, totalsOf, type CallNodes, type CallTree } from '../profile/call-tree.js';
import { f64At, growingF64, growingU32, u32At, type GrowingF64 } from '../profile/columns.js';
import { createPairTable } from '../profile/pair-table.js';
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
  const functionIndex = growingU32(comparison.tree.nodeCount);
  const parent = growingU32(comparison.tree.nodeCount);
  const baselineSelf = growingF64(comparison.tree.nodeCount);
  const comparisonSelf = growingF64(comparison.tree.nodeCount);
  const children = createPairTable(comparison.tree.nodeCount);
  const make = (callee: number, caller: number): number => {
    baselineSelf.push(0);
    comparisonSelf.push(0);
    parent.push(caller);
    return functionIndex.push(callee);
  };
  make(0, 0);
  const add = (tree: CallTree, toMerged: Uint32Array, self: GrowingF64): void => {
    const madeOf = new Uint32Array(tree.nodeCount);
    self.add(0, f64At(tree.self, 0));
    for (let node = 1; node < tree.nodeCount; node++) {
      const caller = u32At(madeOf, u32At(tree.parent, node));
      const callee = u32At(toMerged, u32At(tree.functionIndex, node));
      let made = children.find(caller, callee);
      if (made < 0) {
        made = make(callee, caller);
        children.insert(caller, callee, made);
      }
      madeOf[node] = made;
      self.add(made, f64At(tree.self, node));
    }
  };
  add(comparison.tree, functions.ofComparison, comparisonSelf);
  add(baseline.tree, functions.ofBaseline, baselineSelf);

  const { nodes, place } = toDepthFirst(functionIndex.freeze(), parent.freeze());
  const placed = (madeSelf: Float64Array): Float64Array => {
    const self = new Float64Array(nodes.nodeCount);
    for (let made = 0; made < madeSelf.length; made++) self[u32At(place, made)] = f64At(madeSelf, made);
    return self;
  };
  const measured = [placed(baselineSelf.freeze()), placed(comparisonSelf.freeze())] as const;
  const scaling = scalingOf([baseline, comparison], measured, nodes.functionIndex, scale);
  const withTotal = (self: Float64Array): SideValues => ({ self, total: totalsOf(nodes.parent, self) });
  const before = withTotal(measured[0].map((value) => value * scaling.factor));
  const after = withTotal(measured[1]);
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
  const samples = (side: 0 | 1): Float64Array => {
    const worth = sides[side].period > 0 ? sides[side].period : sampleWorth(self[side]);
    return worth > 0 ? self[side].map((value) => value / worth) : self[side];
  };
  const inSeconds = sides[0].durationNs > 0 && sides[1].durationNs > 0;
  const bySeconds = inSeconds ? sides[1].durationNs / sides[0].durationNs : 1;
  const counts = [samples(0), samples(1)] as const;
  const found = robustReference(counts[0], counts[1], functionIndex);
  // Agents may have sampled the sides at other rates: what a sample is worth on each side belongs into the factor.
  const worth = (side: 0 | 1): number => total(self[side]) / Math.max(1, total(counts[side]));
  const reference =
    found === undefined
      ? undefined
      : { ...found, factor: (found.factor * worth(1)) / Math.max(Number.MIN_VALUE, worth(0)) };
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

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOf(one: Float64Array, other: Float64Array): Float64Array {
  return one.map((value, index) => (value + f64At(other, index)) / 2);
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
