import { fourOfFive, leastEffectiveWindows, type CertaintyResult } from './certainty.js';
import type { Scaling } from './merge-trees.js';
import type { Judged, TreeJudgement } from './judge-tree.js';

/** What these data could have shown, and how much more of them would show more. */
export interface Outlook {
  /** The smallest change of a function of 5 % that would have been found in four of five tries, as a share of all. */
  readonly smallestShare: number;
  /** How many more seconds on each side would show a change of 1 % of all; 0 when these do. */
  readonly secondsToSeeOnePercent: number;
}

/** A function of this share is what {@link Outlook} speaks of. */
export const typicalShare = 0.05;
const askedShare = 0.01;

/** Tells from the noise that was seen what a function of a typical size would have had to change. */
export function outlookOf(judgement: TreeJudgement, scaling: Scaling): Outlook {
  const { result, windows, samples, seconds } = judgement;
  const { noise, critical, widening } = result;
  const factors = [scaling.factor, 1] as const;
  const all = (samples[0] * scaling.factor + samples[1]) / 2;
  if (all <= 0 || Math.min(...windows) === 0) return { smallestShare: 1, secondsToSeeOnePercent: Infinity };
  const variance = ([0, 1] as const).reduce(
    (sum, side) => {
      const mean = (typicalShare * samples[side]) / windows[side];
      const ofSum = windows[side] * (mean + noise.excess * mean * mean * noise.inflation);
      return sum + ofSum * factors[side] ** 2;
    },
    (typicalShare * all * scaling.error) ** 2,
  );
  const smallestShare = (widening * (critical + fourOfFive) * Math.sqrt(variance)) / all;
  const times = Math.max((smallestShare / askedShare) ** 2, timesToJudge(result));
  return { smallestShare, secondsToSeeOnePercent: Math.max(0, times - 1) * Math.min(...seconds) };
}

/** How many more seconds on each side would make a difference certain, if it stayed what it is. */
export function secondsToTell(judgement: TreeJudgement, { difference, margin }: Judged): number {
  if (difference === 0) return Infinity;
  const times = Math.max((margin / difference) ** 2, timesToJudge(judgement.result));
  return Math.max(0, times - 1) * Math.min(...judgement.seconds);
}

/** How many times as long the sides have to be for anything to be judged. */
function timesToJudge({ noise }: CertaintyResult): number {
  return leastEffectiveWindows / Math.max(Math.min(...noise.cautiousEffectiveWindows), 0.1);
}
