import { totalsOf, type CallNodes } from '../profile/call-tree.js';
import { f64At } from '../profile/columns.js';
import { findCauses, type Cause } from './causes.js';
import { leastEffectiveWindows } from './certainty.js';
import { judgeNeighbours } from './judge-neighbours.js';
import { functionCounts, type FunctionCounts, type TreeJudgement } from './judge-tree.js';
import type { Scaling } from './merge-trees.js';
import type { Neighbours, NodeWindows } from './window-counts.js';

/** A moment at which something changed for certain. Sides are the windows up to the neighbouring moments. */
export interface ChangePoint {
  /** The first window of the new. */
  readonly window: number;
  /** The first window of the side before, and one more than the last of the side behind. */
  readonly from: number;
  readonly to: number;
  readonly scaling: Scaling;
  /** What changed, without who only inherits it, the largest first; values in samples of the side behind. */
  readonly causes: readonly Cause[];
  readonly judgement: TreeJudgement;
  /** Totals by node of both sides, the one before scaled. */
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** How a search over windows may err. */
export interface ChangePointOptions {
  /** The chance that a period without a change is told to have one; default 0.05. */
  readonly familyError?: number;
  /** Called between steps; may end the search with an exception. */
  readonly onStep?: () => void;
  /** See {@link findCauses}. */
  readonly saysNothing?: (functionIndex: number) => boolean;
}

/** As many changes are looked for at most: beyond that a period is no row of levels. */
const mostMoments = 12;

/**
 * Finds the moments at which functions of a service went to another level, in its windows in the order of time.
 *
 * Where a function's share of the samples left its mean the farthest (the maximum of its CUSUM, in units of what counting alone would
 * scatter) is the candidate; there the windows before and behind are compared as two sides of a diff, with the same noise, the same
 * reference and the same rule for who only inherits, at the level 0.05 / possible moments. What is certain so is a change point;
 * both sides are then searched in turn (binary segmentation). See docs/adr/0009.
 */
export function findChangePoints(
  nodes: CallNodes,
  functionCount: number,
  windows: NodeWindows,
  { familyError = 0.05, onStep, saysNothing }: ChangePointOptions = {},
): readonly ChangePoint[] {
  const columns = functionCounts(nodes, functionCount, windows);
  const count = windows.seconds.length;
  const positions = count - 2 * leastEffectiveWindows + 1;
  if (positions < 1) return [];
  const judgedAt = (place: Neighbours): ChangePoint =>
    judged(nodes, functionCount, windows, place, {
      familyError: familyError / positions,
      ...(saysNothing === undefined ? {} : { saysNothing }),
    });
  const moments: number[] = [];
  const search = (from: number, to: number): void => {
    onStep?.();
    if (moments.length >= mostMoments) return;
    const window = farthest(columns, from, to);
    if (window === undefined) return;
    const point = judgedAt({ from, middle: window, to });
    if (point.causes.length === 0) return;
    moments.push(window);
    search(from, window);
    search(window, to);
  };
  search(0, count);
  moments.sort((a, b) => a - b);
  // Once all moments are known, each is judged by the windows that lie between its neighbours.
  return moments
    .map((middle, at) => judgedAt({ from: moments[at - 1] ?? 0, middle, to: moments[at + 1] ?? count }))
    .filter(({ causes }) => causes.length > 0);
}

/** The window in [from, to), at least eight from either end, before which some function's share changed the most. */
function farthest({ counts, width, all }: FunctionCounts, from: number, to: number): number | undefined {
  if (to - from < 2 * leastEffectiveWindows) return undefined;
  let whole = 0;
  for (let window = from; window < to; window++) whole += f64At(all, window);
  let best: number | undefined;
  let most = 0;
  for (let column = 0; column < width; column++) {
    let total = 0;
    for (let window = from; window < to; window++) total += f64At(counts, window * width + column);
    if (total <= 0 || total >= whole) continue;
    const share = total / whole;
    const unit = Math.sqrt(total * (1 - share));
    let sum = 0;
    for (let window = from; window < to - leastEffectiveWindows; window++) {
      sum += f64At(counts, window * width + column) - share * f64At(all, window);
      if (window + 1 - from < leastEffectiveWindows) continue;
      if (Math.abs(sum) / unit > most) {
        most = Math.abs(sum) / unit;
        best = window + 1;
      }
    }
  }
  return best;
}

/** Compares the windows before a moment with those behind it. */
function judged(
  nodes: CallNodes,
  functionCount: number,
  windows: NodeWindows,
  place: Neighbours,
  { familyError, saysNothing }: Pick<ChangePointOptions, 'familyError' | 'saysNothing'>,
): ChangePoint {
  const bound = familyError === undefined ? {} : { familyError };
  const { scaling, judgement, own } = judgeNeighbours(nodes, functionCount, windows, place, { by: 'auto' }, bound);
  const scaled = own[0].map((value) => value * scaling.factor);
  const [before, after] = [totalsOf(nodes.parent, scaled), totalsOf(nodes.parent, own[1])];
  const causes =
    judgement.result.abstained === undefined ? findCauses(nodes, before, after, judgement, saysNothing) : [];
  return { window: place.middle, from: place.from, to: place.to, scaling, causes, judgement, before, after };
}
