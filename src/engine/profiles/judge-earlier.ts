import type { HistoryEvidence } from '../../contract/certainty.js';
import { earlierPairs, leastPairs, wideningOf } from '../../core/compare/earlier-pairs.js';
import { judgeNeighbours } from '../../core/compare/judge-neighbours.js';
import type { FamilyPair } from '../../core/compare/judge-tree.js';
import type { Scaling } from '../../core/compare/merge-trees.js';
import type { NodeWindows } from '../../core/compare/window-counts.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { CallNodes } from '../../core/profile/call-tree.js';
import type { LaidWindows } from './lay-windows.js';

/** What earlier pairs say of a comparison. */
export interface EarlierJudgement {
  readonly evidence: HistoryEvidence;
  /** What the margins of the comparison are to be widened by; 1 where the pairs were not used. */
  readonly widening: FamilyPair;
}

const asTheyAre: FamilyPair = { functions: 1, nodes: 1 };
/** A pair with a smaller part of the quieter side's samples a window is of another time of day: who idles scatters as counting does. */
const leastBusy = 0.5;

/** Compares earlier ranges of the same service as the sides are compared, pair by pair, and tells how far they move without a change. */
export async function judgeEarlier(
  nodes: CallNodes,
  functionCount: number,
  sides: readonly LaidWindows[],
  earlier: LaidWindows,
  by: Scaling['by'],
  signal: AbortSignal,
): Promise<EarlierJudgement> {
  if (by === 'work') return { evidence: { used: false, why: 'work', pairs: 0 }, widening: asTheyAre };
  // Samples of another rate count for as much time.
  const rate = (earlier.worth || 1) / (sides.find(({ worth }) => worth > 0)?.worth ?? 1);
  const [first, second] = sides.map(({ windows }) => windows.seconds.length);
  // The side that did less: a regression is no reason to be judged by busy times alone.
  const aWindow = Math.min(
    ...sides.map(({ windows }) => samplesBetween(windows) / Math.max(1, windows.seconds.length)),
  );
  const pairs = earlierPairs(
    { startMs: earlier.startMs, seconds: earlier.windows.seconds },
    {
      windows: [first ?? 0, second ?? 0],
      windowSeconds: middle(sides.flatMap(({ windows }) => [...windows.seconds])),
      beforeMs: Math.min(...sides.map(({ startMs }) => startMs[0] ?? 0)),
    },
  ).filter(({ from, to }) => samplesBetween(earlier.windows, from, to) * rate >= leastBusy * aWindow * (to - from));
  if (pairs.length < leastPairs) {
    return { evidence: { used: false, why: 'few-pairs', pairs: pairs.length }, widening: asTheyAre };
  }
  const moves: FamilyPair[] = [];
  for (const pair of pairs) {
    // A pair takes as long as the comparison itself: other calls are not to wait for all of them.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    signal.throwIfAborted();
    const scale = { by: by === 'relative' ? 'relative' : 'absolute' } as const;
    const { judgement } = judgeNeighbours(nodes, functionCount, earlier.windows, pair, scale);
    moves.push(judgement.farthest);
  }
  const widening = {
    functions: wideningOf(moves.map(({ functions }) => functions)),
    nodes: wideningOf(moves.map((each) => each.nodes)),
  };
  return { evidence: { used: true, pairs: pairs.length, widening: widening.functions }, widening };
}

/** Samples of windows [from, to). */
function samplesBetween({ rowStart, samples }: NodeWindows, from = 0, to = rowStart.length - 1): number {
  let sum = 0;
  for (let at = u32At(rowStart, from); at < u32At(rowStart, to); at++) sum += f64At(samples, at);
  return sum;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
