import { lnGamma } from '../compare/distributions.js';

/** A mean with the interval that holds at every look at once. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The mixture bets on a change of about one standard deviation of a window: as if so many windows had said so before. */
const priorWindows = 1;

/**
 * How many standard errors a mean of `windows` may be away from the truth at any look: the boundary of the normal mixture (Robbins, Ann.
 * Math. Stat. 41, 1970; Howard, Ramdas, McAuliffe and Sekhon, Ann. Stat. 49, 2021, section 3), with Student's t in place of the normal because
 * the standard error is estimated. `evidence` is the logarithm of 1 / error. Infinite where so few degrees of freedom cannot say so much.
 *
 * Example: evidence ln 20 after 100 windows with a well known variance is 2.8, where one look alone would ask for 1.96.
 */
export function mixtureQuantile(evidence: number, windows: number, degrees: number): number {
  const kept = priorWindows / (windows + priorWindows);
  const growth = Math.exp((2 / (degrees + 1)) * (evidence - 0.5 * Math.log(kept)));
  const rest = 1 - kept * growth;
  return rest <= 0 ? Number.POSITIVE_INFINITY : Math.sqrt((degrees * (growth - 1)) / rest);
}

/**
 * The logarithm of what a gambler has who bet against a rate with Poisson counts, staking as if rates were exponential around `guess`. By
 * Ville's inequality it exceeds the logarithm of 1 / error with at most that chance, ever: exact for counting, however few the samples.
 */
export function countingEvidence(count: number, exposure: number, rate: number, guess: number): number {
  const seen = count > 0 ? count * Math.log(rate) : 0;
  return lnGamma(count + 1) - Math.log(guess) - (count + 1) * Math.log(1 / guess + exposure) - seen + rate * exposure;
}

/** The rates that such a gambler has not ruined. */
export function countingInterval(count: number, exposure: number, guess: number, evidence: number): Interval {
  const mean = count / exposure;
  const isKept = (rate: number): boolean => countingEvidence(count, exposure, rate, guess) < evidence;
  const edge = (inside: number, outside: number): number => {
    let [kept, lost] = [inside, outside];
    for (let round = 0; round < 50; round++) {
      const middle = (kept + lost) / 2;
      if (isKept(middle)) kept = middle;
      else lost = middle;
    }
    return kept;
  };
  let above = mean + (count + 1) / exposure;
  while (isKept(above)) above *= 2;
  return { mean, low: count === 0 ? 0 : edge(mean, 0), high: edge(mean, above) };
}
