import { compareWindows, type WindowCounts } from '../../src/core/compare/certainty.js';
import { farthestMove, leastPairs, wideningOf } from '../../src/core/compare/earlier-pairs.js';
import { makeWindows, normal, randomFrom, type Weather } from './windows.js';

/** What was found in comparisons that were judged by earlier pairs, and by windows alone. */
export interface HistoryTally {
  alarms: number;
  alarmsAlone: number;
  found: number;
  foundAlone: number;
  abstained: number;
}

/** Compares two ranges behind 20 earlier pairs. Each range's functions have levels of their own that scatter by `levels`, which no window of it tells. */
export function historyTally(
  before: Float64Array,
  after: Float64Array,
  planted: number,
  { weather, levels }: { readonly weather: Weather; readonly levels: number },
  windows: number,
  seeds: number,
): HistoryTally {
  const result: HistoryTally = { alarms: 0, alarmsAlone: 0, found: 0, foundAlone: 0, abstained: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomFrom(seed * 4391 + windows * 23 + Math.round(levels * 1000) + planted + 2);
    const range = (shares: Float64Array): WindowCounts =>
      makeWindows(
        shares.map((share) => share * Math.exp(levels * normal(random))),
        windows,
        weather,
        random,
      );
    const moves: number[] = [];
    for (let pair = 0; pair < leastPairs; pair++)
      moves.push(farthestMove(compareWindows(range(before), range(before))));
    const [a, b] = [range(before), range(after)];
    const certain = (widening: number): readonly number[] =>
      compareWindows(a, b, { widening })
        .functions.filter((each) => each.certain)
        .map(({ functionIndex }) => functionIndex);
    const alone = certain(1);
    const judged = certain(wideningOf(moves));
    if (compareWindows(a, b).abstained !== undefined) result.abstained++;
    if (alone.some((each) => each !== planted)) result.alarmsAlone++;
    if (judged.some((each) => each !== planted)) result.alarms++;
    if (alone.includes(planted)) result.foundAlone++;
    if (judged.includes(planted)) result.found++;
  }
  return result;
}
