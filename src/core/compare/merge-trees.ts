import { toDepthFirst, totalsOf, type CallNodes, type CallTree } from '../profile/call-tree.js';
import { f64At, growingF64, growingU32, u32At, type GrowingF64 } from '../profile/columns.js';
import { createPairTable } from '../profile/pair-table.js';

/** How the sides are made comparable; see {@link mergeTrees}. */
export type Normalisation = 'absolute' | 'share' | 'measured';

/** One side of a comparison. */
export interface ComparedSide {
  readonly tree: CallTree;
  readonly functionCount: number;
  /** What makes functions of the two sides the same one. Function 0, the root, is the same by itself. */
  readonly keyOf: (functionIndex: number) => string;
  /** Length of the range that was measured, 0 when unknown. */
  readonly durationNs: number;
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
  /** What baseline values were multiplied with. */
  readonly baselineFactor: number;
}

/** In place of a function index: the side does not have the function. */
export const absent = 0xffffffff;

/**
 * Merges by stack: nodes are the same when all their callers are. The comparison stays as it was measured and the
 * baseline is scaled to it, so that numbers keep their unit:
 * 'absolute' to the same length of time (as they are, when a length is unknown); 'share' to the same total; 'measured'
 * leaves both as they are.
 */
export function mergeTrees(baseline: ComparedSide, comparison: ComparedSide, normalisation: Normalisation): DiffTree {
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
  const add = (tree: CallTree, toMerged: Uint32Array, self: GrowingF64, factor: number): void => {
    const madeOf = new Uint32Array(tree.nodeCount);
    self.add(0, f64At(tree.self, 0) * factor);
    for (let node = 1; node < tree.nodeCount; node++) {
      const caller = u32At(madeOf, u32At(tree.parent, node));
      const callee = u32At(toMerged, u32At(tree.functionIndex, node));
      let made = children.find(caller, callee);
      if (made < 0) {
        made = make(callee, caller);
        children.insert(caller, callee, made);
      }
      madeOf[node] = made;
      self.add(made, f64At(tree.self, node) * factor);
    }
  };
  const baselineFactor = factorOf(baseline, comparison, normalisation);
  add(comparison.tree, functions.ofComparison, comparisonSelf, 1);
  add(baseline.tree, functions.ofBaseline, baselineSelf, baselineFactor);

  const { nodes, place } = toDepthFirst(functionIndex.freeze(), parent.freeze());
  const sideOf = (madeSelf: Float64Array): SideValues => {
    const self = new Float64Array(nodes.nodeCount);
    for (let made = 0; made < madeSelf.length; made++) self[u32At(place, made)] = f64At(madeSelf, made);
    return { self, total: totalsOf(nodes.parent, self) };
  };
  const before = sideOf(baselineSelf.freeze());
  const after = sideOf(comparisonSelf.freeze());
  return {
    ...nodes,
    self: meanOf(before.self, after.self),
    total: meanOf(before.total, after.total),
    baseline: before,
    comparison: after,
    baselineFunction: functions.baselineFunction,
    comparisonFunction: functions.comparisonFunction,
    baselineFactor,
  };
}

function factorOf(baseline: ComparedSide, comparison: ComparedSide, normalisation: Normalisation): number {
  if (normalisation === 'measured') return 1;
  const [before, after] =
    normalisation === 'share'
      ? [f64At(baseline.tree.total, 0), f64At(comparison.tree.total, 0)]
      : [baseline.durationNs, comparison.durationNs];
  return before > 0 && after > 0 ? after / before : 1;
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
