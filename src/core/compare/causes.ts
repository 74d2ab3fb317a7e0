import type { CallNodes } from '../profile/call-tree.js';
import { f64At, u32At } from '../profile/columns.js';
import type { Judged, TreeJudgement } from './judge-tree.js';

/** A function that changed for certain, and where. */
export interface Cause {
  readonly functionIndex: number;
  /** The node at which most of the change is. */
  readonly node: number;
  readonly judged: Judged;
  /** Callers on the way from the root to `node` that changed for certain only because this did, innermost first. */
  readonly inheritedBy: readonly number[];
  /** Where else the change is, in nodes of the same function. */
  readonly otherNodes: readonly number[];
}

/** A node explains the change of its caller when its own is at least this part of it. */
const explains = 0.8;
/** How much more of what they cost must have changed in callees than in the caller, to be named instead of it. */
const sharper = 1.05;
/** How much of that must have changed in a caller that is named for a callee that says nothing. */
const blunt = 0.5;

/**
 * What changed, without those who only inherit: where a caller's certain change lies in callees that changed for certain
 * and of which a larger part changed, the callees are named; where the change goes on as sharp as it is, as below a function
 * that is called more often, the topmost is. The largest change first.
 *
 * Example: request 100 -> 150, render 30 -> 80 in it, sql 5 -> 40 and text 5 -> 20 in that:
 *   render is sharper than request (0.63 of it changed, 0.33 of request), and sql and text (0.83) are sharper than render:
 *   named are sql and text. If render had gone from 5 to 55 with all it calls, its callees are no sharper: named is render.
 *
 * Functions that say nothing to who reads it, as an interpreter's own, are named only where nobody else can be: what they call
 * stands for them, or else who calls them, if as much of that changed.
 *
 * `before` and `after` are totals by node, scaled.
 */
export function findCauses(
  nodes: CallNodes,
  before: Float64Array,
  after: Float64Array,
  judgement: Pick<TreeJudgement, 'nodes' | 'functions'>,
  saysNothing: (functionIndex: number) => boolean = () => false,
): readonly Cause[] {
  const difference = (node: number): number => f64At(after, node) - f64At(before, node);
  const size = (node: number): number => Math.max(f64At(before, node), f64At(after, node));
  // Children have larger numbers than their callers: from the last node on, all that a node calls is known when its turn comes.
  const found: (readonly number[] | undefined)[] = [];
  const named = (node: number): readonly number[] => found[node] ?? [];
  const sumOf = (places: readonly number[]): number => places.reduce((sum, place) => sum + difference(place), 0);
  const part = (places: readonly number[]): number =>
    Math.abs(sumOf(places)) /
    Math.max(
      places.reduce((sum, place) => sum + size(place), 0),
      Number.MIN_VALUE,
    );
  const silent = (node: number): boolean => saysNothing(u32At(nodes.functionIndex, node));
  /** What stands for a node: itself or causes below it. */
  const standFor = (node: number, below: readonly number[]): readonly number[] => {
    const causes = below.flatMap(named);
    if (sumOf(below) / difference(node) < explains) return node === 0 ? causes : [node];
    if (node === 0 || (silent(node) && causes.length > 0)) return causes;
    if (part(causes) <= sharper * part([node])) return [node];
    const telling = causes.filter((cause) => !silent(cause));
    const told = telling.length === causes.length || sumOf(telling) / difference(node) >= explains;
    return !told && part([node]) >= blunt * part(causes) ? [node] : causes;
  };
  const callees = new Map<number, number[]>();
  const certain = [...judgement.nodes].filter(([, each]) => each.certain).map(([node]) => node);
  for (const node of certain.sort((a, b) => b - a)) {
    const below = callees.get(node) ?? [];
    const sameWay = below.filter((callee) => Math.sign(difference(callee)) === Math.sign(difference(node)));
    const others = below.filter((callee) => !sameWay.includes(callee)).flatMap(named);
    found[node] = [...standFor(node, sameWay), ...others];
    if (node > 0) {
      const caller = certainCaller(nodes, node, judgement.nodes);
      callees.set(caller, [...(callees.get(caller) ?? []), node]);
    }
  }
  // What hangs on no certain node hangs on the root.
  const tops = judgement.nodes.get(0)?.certain === true ? named(0) : (callees.get(0) ?? []).flatMap(named);
  const byFunction = new Map<number, number[]>();
  for (const node of tops) {
    const callee = u32At(nodes.functionIndex, node);
    byFunction.set(callee, [...(byFunction.get(callee) ?? []), node]);
  }
  const causes: Cause[] = [];
  for (const [functionIndex, places] of byFunction) {
    const judged = judgement.functions.get(functionIndex);
    // A function that is called from elsewhere than before has not changed.
    if (judged?.certain !== true) continue;
    const [node = 0, ...otherNodes] = places.sort((a, b) => Math.abs(difference(b)) - Math.abs(difference(a)));
    causes.push({
      functionIndex,
      node,
      judged: atPlaces(places, judged, judgement.nodes),
      otherNodes,
      inheritedBy: inheritors(nodes, node, judgement),
    });
  }
  return causes.sort((a, b) => Math.abs(b.judged.difference) - Math.abs(a.judged.difference));
}

/** All of a function's change is at its places, or another cause has a part of it: then only what is there is told. */
const nearlyAll = 0.9;

function atPlaces(places: readonly number[], whole: Judged, judged: ReadonlyMap<number, Judged>): Judged {
  const parts = places.map((node) => judged.get(node)).filter((each) => each !== undefined);
  const sum = (pick: (each: Judged) => number): number => parts.reduce((total, each) => total + pick(each), 0);
  const difference = sum((each) => each.difference);
  if (Math.abs(difference) >= nearlyAll * Math.abs(whole.difference)) return whole;
  return {
    before: sum(({ before }) => before),
    after: sum(({ after }) => after),
    difference,
    margin: Math.sqrt(sum(({ margin }) => margin ** 2)),
    p: Math.max(...parts.map(({ p }) => p)),
    certain: true,
    smallestFound: Math.sqrt(sum(({ smallestFound }) => smallestFound ** 2)),
  };
}

function certainCaller(nodes: CallNodes, node: number, judged: ReadonlyMap<number, Judged>): number {
  let at = u32At(nodes.parent, node);
  while (at !== 0 && judged.get(at)?.certain !== true) at = u32At(nodes.parent, at);
  return at;
}

function inheritors(
  nodes: CallNodes,
  node: number,
  judgement: Pick<TreeJudgement, 'nodes' | 'functions'>,
): readonly number[] {
  const callers = new Set<number>();
  for (let at = u32At(nodes.parent, node); at !== 0; at = u32At(nodes.parent, at)) {
    const caller = u32At(nodes.functionIndex, at);
    if (judgement.nodes.get(at)?.certain === true && judgement.functions.get(caller)?.certain === true)
      callers.add(caller);
  }
  callers.delete(u32At(nodes.functionIndex, node));
  return [...callers];
}
