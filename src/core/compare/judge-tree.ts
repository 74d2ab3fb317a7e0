import type { CallNodes } from '../profile/call-tree.js';
import { totalsOf } from '../profile/call-tree.js';
import { f64At, u32At } from '../profile/columns.js';
import { compareWindows, type CertaintyResult, type WindowCounts } from './certainty.js';
import { farthestMove } from './earlier-pairs.js';
import type { Scaling } from './merge-trees.js';
import { unmoved } from './robust-reference.js';
import { selfSamples, type NodeWindows } from './window-counts.js';

/** One judged function or stack: totals of the whole sides in samples, the baseline's scaled. */
export interface Judged {
  readonly before: number;
  readonly after: number;
  readonly difference: number;
  /** The 95 % interval is difference - margin to difference + margin, for all judged ones at once. */
  readonly margin: number;
  readonly p: number;
  readonly certain: boolean;
  /** The change that would have been found in four of five tries. */
  readonly smallestFound: number;
}

/** What windows say of a tree's functions and nodes. */
export interface TreeJudgement {
  readonly result: CertaintyResult;
  /** By function index, of those with enough samples. A function's total counts recursion once. */
  readonly functions: ReadonlyMap<number, Judged>;
  /** By node, of those with enough samples. */
  readonly nodes: ReadonlyMap<number, Judged>;
  /** Windows of each side. */
  readonly windows: readonly [number, number];
  /** Samples of each side, as they were measured. */
  readonly samples: readonly [number, number];
  /** Seconds that the windows of each side are long together. */
  readonly seconds: readonly [number, number];
  /** How far the farthest of each family moved; see {@link farthestMove}. */
  readonly farthest: FamilyPair;
}

/** A number for each of the two families that are judged. */
export interface FamilyPair {
  readonly functions: number;
  readonly nodes: number;
}

/** How a tree is judged. */
export interface JudgeOptions {
  /** The bound of each family on a false alarm; default 0.05. */
  readonly familyError?: number;
  /** How many times as wide as the windows alone make the margins of each family; default 1. */
  readonly widening?: FamilyPair;
}

/** Samples that a function or node needs on both sides together. */
const leastSamples = 20;
/** More stacks than this are judged by their size: those that are left out are below any pixel. */
const mostNodes = 20_000;

/**
 * Judges every function and every stack of a tree by the windows of both sides. `scaling` is what made the sides
 * comparable: the judged differences are those that the scaled tree shows.
 *
 * Functions and stacks are two families, each with its own bound on a false alarm. Members that cannot differ, because one
 * has all samples of the other, are one test: a chain of callers does not make a bound wider.
 */
export function judgeTree(
  nodes: CallNodes,
  functionCount: number,
  sides: readonly [NodeWindows, NodeWindows],
  scaling: Scaling,
  { familyError, widening }: JudgeOptions = {},
): TreeJudgement {
  const own = [selfSamples(sides[0], nodes.nodeCount), selfSamples(sides[1], nodes.nodeCount)] as const;
  const totals = [totalsOf(nodes.parent, own[0]), totalsOf(nodes.parent, own[1])] as const;
  const family = familyOf(nodes, functionCount, totals);
  const seconds = [sumOf(sides[0].seconds), sumOf(sides[1].seconds)] as const;
  // A rate times its side's exposure is its total: the comparison's exposures sum to 1, so rates are totals.
  const measures = exposuresOf(sides, own, scaling);
  const exposures = [
    measures[0].map((each) => each / (Math.max(sumOf(measures[0]), Number.MIN_VALUE) * scaling.factor)),
    measures[1].map((each) => each / Math.max(sumOf(measures[1]), Number.MIN_VALUE)),
  ] as const;
  const columns = [columnsOf(nodes, family, sides[0]), columnsOf(nodes, family, sides[1])] as const;
  const meanCount = typicalCount(own[0], sides[0].seconds.length);
  const compare = (which: 'functions' | 'nodes'): CertaintyResult => {
    const counts = (side: 0 | 1): WindowCounts => ({ counts: columns[side][which], exposures: exposures[side] });
    const all = Math.max(1, f64At(totals[0], 0) + f64At(totals[1], 0));
    const nesting = Math.max(1, (sumOf(columns[0][which]) + sumOf(columns[1][which])) / all);
    const baselineScale = { error: scaling.error, meanCount };
    const bound = familyError === undefined ? {} : { familyError };
    const wider = widening === undefined ? {} : { widening: widening[which] };
    return compareWindows(counts(0), counts(1), { leastSamples, nesting, baselineScale, ...bound, ...wider });
  };
  const result = compare('functions');
  const nodeResult = compare('nodes');
  return {
    result,
    functions: spread(result, family.columnOfFunction),
    nodes: spread(nodeResult, family.columnOfNode),
    windows: [sides[0].seconds.length, sides[1].seconds.length],
    samples: [f64At(totals[0], 0), f64At(totals[1], 0)],
    seconds,
    farthest: { functions: farthestMove(result), nodes: farthestMove(nodeResult) },
  };
}

/** In a window whose load is told by fewer samples, counting would be most of what is told. */
const leastReference = 30;

/**
 * How much each window measured. Relative to what did not move, that is what did not move in it: a load that wanders from
 * window to window is then no noise of every function.
 */
function exposuresOf(
  sides: readonly [NodeWindows, NodeWindows],
  own: readonly [Float64Array, Float64Array],
  scaling: Scaling,
): readonly [Float64Array, Float64Array] {
  const bySeconds = [sides[0].seconds, sides[1].seconds] as const;
  if (scaling.by !== 'relative') return bySeconds;
  const reference = unmoved(own[0], own[1], scaling.factor);
  const loads = sides.map(({ seconds, rowStart, node, samples }) =>
    seconds.map((_, row) => {
      let load = 0;
      for (let at = u32At(rowStart, row); at < u32At(rowStart, row + 1); at++) {
        if (reference[u32At(node, at)] === 1) load += f64At(samples, at);
      }
      return load;
    }),
  );
  const [before = bySeconds[0], after = bySeconds[1]] = loads;
  const told = loads.every((load) => load.every((each) => each >= leastReference));
  return told ? [before, after] : bySeconds;
}

/** Which columns of counts are tested, and which nodes and functions each stands for. */
interface Family {
  readonly columnOfNode: ReadonlyMap<number, number>;
  readonly nodeColumns: number;
  readonly columnOfFunction: ReadonlyMap<number, number>;
  readonly functionColumns: number;
}

function familyOf(nodes: CallNodes, functionCount: number, totals: readonly [Float64Array, Float64Array]): Family {
  const outermost = outermostNodes(nodes, functionCount);
  const together = totals[0].map((value, node) => value + f64At(totals[1], node));
  let least = leastSamples;
  if (together.length > mostNodes) {
    const sorted = together.slice().sort();
    least = Math.max(least, f64At(sorted, sorted.length - mostNodes));
  }
  const columnOfNode = new Map<number, number>();
  let nodeColumns = 0;
  for (let node = 0; node < nodes.nodeCount; node++) {
    if (f64At(together, node) < least) continue;
    const caller = u32At(nodes.parent, node);
    // A subset of the caller's samples with the same sum on both sides is the same set.
    const same = node > 0 && totals.every((side) => f64At(side, node) === f64At(side, caller));
    const known = same ? columnOfNode.get(caller) : undefined;
    columnOfNode.set(node, known ?? nodeColumns++);
  }
  const placesOf = new Map<number, number[]>();
  for (let node = 1; node < nodes.nodeCount; node++) {
    if (outermost[node] === 0 || f64At(together, node) === 0) continue;
    const callee = u32At(nodes.functionIndex, node);
    const places = placesOf.get(callee);
    if (places === undefined) placesOf.set(callee, [node]);
    else places.push(node);
  }
  const columnOfFunction = new Map<number, number>();
  const columnOfPlaces = new Map<string, number>();
  let functionColumns = 0;
  for (const [callee, places] of placesOf) {
    if (places.reduce((sum, node) => sum + f64At(together, node), 0) < leastSamples) continue;
    // Two functions that stand in the same stacks only are one test.
    const key = places.map((node) => columnOfNode.get(node) ?? `node ${node}`).join();
    const column = columnOfPlaces.get(key) ?? functionColumns++;
    columnOfPlaces.set(key, column);
    columnOfFunction.set(callee, column);
  }
  return { columnOfNode, nodeColumns, columnOfFunction, functionColumns };
}

/** Samples of functions by window, for those with enough of them; functions that stand in the same stacks only are one column. */
export interface FunctionCounts {
  /** Window by window, a value a column. */
  readonly counts: Float64Array;
  readonly width: number;
  /** All samples by window. */
  readonly all: Float64Array;
}

/** Counts each sample for its function and all that called it, once a function. */
export function functionCounts(nodes: CallNodes, functionCount: number, windows: NodeWindows): FunctionCounts {
  const totals = totalsOf(nodes.parent, selfSamples(windows, nodes.nodeCount));
  const family = familyOf(nodes, functionCount, [totals, new Float64Array(nodes.nodeCount)]);
  const all = Float64Array.from(windows.seconds, (_, row) => {
    let sum = 0;
    for (let at = u32At(windows.rowStart, row); at < u32At(windows.rowStart, row + 1); at++) {
      sum += f64At(windows.samples, at);
    }
    return sum;
  });
  return { counts: columnsOf(nodes, family, windows).functions, width: family.functionColumns, all };
}

/** Marks the nodes whose function does not call itself, directly or not, to get there. */
export function outermostNodes(nodes: CallNodes, functionCount: number): Uint8Array {
  const openUntil = new Uint32Array(functionCount);
  const outermost = new Uint8Array(nodes.nodeCount);
  for (let node = 0; node < nodes.nodeCount; node++) {
    const callee = u32At(nodes.functionIndex, node);
    if (node < u32At(openUntil, callee)) continue;
    openUntil[callee] = u32At(nodes.subtreeEnd, node);
    outermost[node] = 1;
  }
  return outermost;
}

/** Counts of the columns by window: each sample counts for its node and all callers, once a column. */
function columnsOf(
  nodes: CallNodes,
  family: Family,
  windows: NodeWindows,
): { readonly functions: Float64Array; readonly nodes: Float64Array } {
  const rows = windows.seconds.length;
  const byNode = new Float64Array(rows * family.nodeColumns);
  const byFunction = new Float64Array(rows * family.functionColumns);
  // Columns that a node adds to, for itself and all its callers: found once a node, used in every window.
  const known = new Map<number, { readonly nodes: Uint32Array; readonly functions: Uint32Array }>();
  const columnsOfNode = (node: number): { readonly nodes: Uint32Array; readonly functions: Uint32Array } => {
    const found = known.get(node);
    if (found !== undefined) return found;
    const own = new Set<number>();
    const called = new Set<number>();
    for (let at = node; ; at = u32At(nodes.parent, at)) {
      const column = family.columnOfNode.get(at);
      if (column !== undefined) own.add(column);
      const callee = at === 0 ? undefined : family.columnOfFunction.get(u32At(nodes.functionIndex, at));
      if (callee !== undefined) called.add(callee);
      if (at === 0) break;
    }
    const made = { nodes: Uint32Array.from(own), functions: Uint32Array.from(called) };
    known.set(node, made);
    return made;
  };
  for (let row = 0; row < rows; row++) {
    for (let at = u32At(windows.rowStart, row); at < u32At(windows.rowStart, row + 1); at++) {
      const samples = f64At(windows.samples, at);
      const columns = columnsOfNode(u32At(windows.node, at));
      for (const column of columns.nodes) add(byNode, row * family.nodeColumns + column, samples);
      for (const column of columns.functions) add(byFunction, row * family.functionColumns + column, samples);
    }
  }
  return { functions: byFunction, nodes: byNode };
}

/** Samples a window of the stack that a typical sample is of. */
function typicalCount(self: Float64Array, windows: number): number {
  const squares = self.reduce((sum, value) => sum + value * value, 0);
  return squares / Math.max(1, sumOf(self)) / Math.max(1, windows);
}

function add(values: Float64Array, index: number, value: number): void {
  values[index] = f64At(values, index) + value;
}

function spread(result: CertaintyResult, columnOf: ReadonlyMap<number, number>): ReadonlyMap<number, Judged> {
  const byColumn = new Map(
    result.functions.map(({ functionIndex, baseline, comparison, ...rest }) => [
      functionIndex,
      { before: baseline, after: comparison, ...rest },
    ]),
  );
  const judged = new Map<number, Judged>();
  for (const [member, column] of columnOf) {
    const of = byColumn.get(column);
    if (of !== undefined) judged.set(member, of);
  }
  return judged;
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
