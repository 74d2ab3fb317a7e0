import { compareWindows, leastEffectiveWindows, type WindowCounts } from '../../src/core/compare/certainty.js';
import { studentQuantile } from '../../src/core/compare/distributions.js';
import { inflationOf } from '../../src/core/compare/noise.js';
import { functionCount, makeWindows, randomFrom, samplesAWindow, zipfShares, type Weather } from './windows.js';
import { historyTally } from './history.js';
import { relativeTally } from './relative.js';
import type { BenchOptions, BenchRow } from '../rows.js';

const weathers: readonly Weather[] = [
  { noise: 0, autocorrelation: 0 },
  { noise: 0.15, autocorrelation: 0 },
  { noise: 0.15, autocorrelation: 0.5 },
  { noise: 0.15, autocorrelation: 0.8 },
];
/** How much a range's level of a function scatters where no window of the range tells it. */
const levels = [0, 0.03, 0.1];
const normalDegrees = 1e6;
/** A change of share that a plain comparison of two flame graphs would call one. */
const thresholdPoints = 0.5;

/** What was found out of one cell's tries. */
interface Tally {
  tries: number;
  abstained: number;
  alarms: number;
  found: number;
  bystanders: number;
  oracle: number;
  threshold: number;
}

/**
 * Planted changes in invented windows: how often something is called certain where nothing changed, how often what
 * changed is found beside what an oracle finds that knows the variance, and how often another function is named. `peers`
 * hold the oracle and a comparison of shares with a fixed threshold. The relative rows compare with half as much load again on the other
 * side, relative to what did not move. The history rows are judged by 20 earlier pairs as well, where each range has levels of its own;
 * their peer is what windows alone would have said.
 */
export function bench({ quick, note }: BenchOptions): readonly BenchRow[] {
  const seeds = quick ? 60 : 500;
  const base = zipfShares();
  const rows: BenchRow[] = [];
  let worstAlarm = 0;
  let worstFound = 100;
  let worstPower = { ratio: Number.POSITIVE_INFINITY, spread: 0 };
  let worstBystander = 0;
  let worstAbstained = 0;
  const worstRelative = { alarm: 0, bystander: 0 };
  for (const weather of weathers) {
    for (const windows of [10, 40]) {
      const name = `noise ${weather.noise} ar ${weather.autocorrelation} n ${windows}`;
      const effective = windows / inflationOf(weather.noise === 0 ? 0 : weather.autocorrelation, windows);
      const equal = tally(base, base, -1, weather, windows, seeds);
      worstAlarm = Math.max(worstAlarm, percent(equal.alarms, seeds));
      rows.push(row(`A/A ${name} alarm`, percent(equal.alarms, seeds), seeds, percent(equal.threshold, seeds)));
      rows.push(row(`A/A ${name} abstained`, percent(equal.abstained, seeds), seeds));
      for (const share of [0.005, 0.05, 0.2]) {
        const place = nearest(base, share);
        const planted = tally(base, plant(base, place, 0.01), place, weather, windows, seeds);
        const judged = planted.tries - planted.abstained;
        const found = percent(planted.found, seeds);
        const oracle = percent(planted.oracle, seeds);
        const told = row(
          `+1 at ${percent(share, 1)} % ${name} found`,
          found,
          seeds,
          percent(planted.threshold, seeds),
          oracle,
        );
        rows.push(told);
        worstAlarm = Math.max(worstAlarm, percent(planted.bystanders, seeds));
        if (weather.noise === 0 && windows === 40 && share <= 0.05) worstFound = Math.min(worstFound, found);
        else if (oracle >= 20 && effective >= leastEffectiveWindows) {
          const ratio = judged === 0 ? 0 : found / oracle;
          if (ratio < worstPower.ratio) worstPower = { ratio, spread: told.spread / oracle };
          worstAbstained = Math.max(worstAbstained, percent(planted.abstained, seeds));
        }
        const large = tally(base, plant(base, place, 0.05), place, weather, windows, seeds);
        worstBystander = Math.max(worstBystander, percent(large.bystanders, seeds));
      }
      const place = nearest(base, 0.05);
      const idle = relativeTally(base, base, -1, weather, windows, seeds);
      const one = relativeTally(base, plant(base, place, 0.01), place, weather, windows, seeds);
      const five = relativeTally(base, plant(base, place, 0.05), place, weather, windows, seeds);
      rows.push(row(`relative A/A ${name} alarm`, percent(idle.alarms, seeds), seeds));
      rows.push(row(`relative A/A ${name} abstained`, percent(idle.abstained, seeds), seeds));
      rows.push(row(`relative +1 at 5 % ${name} found`, percent(one.found, seeds), seeds));
      rows.push(row(`relative +5 at 5 % ${name} bystander`, percent(five.bystanders, seeds), seeds));
      worstRelative.alarm = Math.max(worstRelative.alarm, percent(idle.alarms, seeds), percent(one.bystanders, seeds));
      worstRelative.bystander = Math.max(worstRelative.bystander, percent(five.bystanders, seeds));
      note(`${name}: ${windows} windows, ${effective.toFixed(1)} effective`);
    }
  }
  rows.push(row('false_alarm_percent_worst', worstAlarm, seeds));
  rows.push(row('found_percent_required', worstFound, seeds));
  rows.push({ ...row('power_of_oracle_worst', worstPower.ratio, seeds), unit: 'ratio', spread: worstPower.spread });
  rows.push(row('bystander_percent', worstBystander, seeds));
  rows.push(row('abstained_percent', worstAbstained, seeds));
  rows.push(row('relative_false_alarm_percent_worst', worstRelative.alarm, seeds));
  rows.push(row('relative_bystander_percent', worstRelative.bystander, seeds));
  rows.push(...historyRows(base, seeds, note));
  return rows;
}

/** Twenty pairs a try make these the slow part: fewer tries. */
function historyRows(base: Float64Array, seeds: number, note: BenchOptions['note']): readonly BenchRow[] {
  const tries = Math.ceil(seeds / 2.5);
  const rows: BenchRow[] = [];
  let worst = 0;
  const alone = (value: number): Pick<BenchRow, 'peers'> => ({ peers: { 'windows-alone': percent(value, tries) } });
  for (const weather of [weathers[0], weathers[1]]) {
    if (weather === undefined) continue;
    for (const level of levels) {
      for (const windows of [10, 40]) {
        const name = `history levels ${level} noise ${weather.noise} n ${windows}`;
        const place = nearest(base, 0.05);
        const idle = historyTally(base, base, -1, { weather, levels: level }, windows, tries);
        const five = historyTally(base, plant(base, place, 0.05), place, { weather, levels: level }, windows, tries);
        rows.push({ ...row(`${name} A/A alarm`, percent(idle.alarms, tries), tries), ...alone(idle.alarmsAlone) });
        rows.push({ ...row(`${name} +5 at 5 % found`, percent(five.found, tries), tries), ...alone(five.foundAlone) });
        worst = Math.max(worst, percent(idle.alarms, tries));
        note(`${name}: done`);
      }
    }
  }
  rows.push(row('history_false_alarm_percent_worst', worst, tries));
  return rows;
}

function tally(
  before: Float64Array,
  after: Float64Array,
  planted: number,
  weather: Weather,
  windows: number,
  seeds: number,
): Tally {
  const result: Tally = { tries: seeds, abstained: 0, alarms: 0, found: 0, bystanders: 0, oracle: 0, threshold: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomFrom(seed * 7919 + windows * 31 + Math.round(weather.autocorrelation * 100) + planted + 2);
    const a = makeWindows(before, windows, weather, random);
    const b = makeWindows(after, windows, weather, random);
    const compared = compareWindows(a, b);
    const certain = compared.functions.filter((each) => each.certain).map((each) => each.functionIndex);
    if (compared.abstained !== undefined) result.abstained++;
    if (certain.length > 0) result.alarms++;
    if (certain.includes(planted)) result.found++;
    if (certain.some((each) => each !== planted)) result.bystanders++;
    if (planted >= 0 && oracleFinds(a, b, [before, after], planted, weather, windows)) result.oracle++;
    const shares = [shareOf(a), shareOf(b)] as const;
    const moved = Array.from({ length: functionCount }, (_, f) =>
      Math.abs((shares[1][f] ?? 0) - (shares[0][f] ?? 0)) * 100 >= thresholdPoints ? f : -1,
    ).filter((f) => f >= 0);
    if (planted < 0 ? moved.length > 0 : moved.includes(planted)) result.threshold++;
  }
  return result;
}

/** Knows shares, noise and autocorrelation of both sides, and so the variance of the difference; shares the Bonferroni bound. */
function oracleFinds(
  a: WindowCounts,
  b: WindowCounts,
  shares: readonly [Float64Array, Float64Array],
  planted: number,
  { noise, autocorrelation }: Weather,
  windows: number,
): boolean {
  const totals = [totalsOf(a), totalsOf(b)] as const;
  let judged = 0;
  for (let f = 0; f < functionCount; f++) if ((totals[0][f] ?? 0) + (totals[1][f] ?? 0) >= 20) judged++;
  const variance = shares.reduce((sum, side) => {
    const mean = samplesAWindow * (side[planted] ?? 0);
    const beyond = (Math.exp(noise ** 2) - 1) * mean ** 2 * inflationOf(autocorrelation, windows);
    return sum + (mean + beyond) / windows;
  }, 0);
  const difference = Math.abs((totals[1][planted] ?? 0) - (totals[0][planted] ?? 0)) / windows;
  return difference / Math.sqrt(variance) > studentQuantile(0.05 / judged, normalDegrees);
}

function totalsOf(side: WindowCounts): Float64Array {
  const totals = new Float64Array(functionCount);
  side.counts.forEach((count, i) => {
    totals[i % functionCount] = (totals[i % functionCount] ?? 0) + count;
  });
  return totals;
}

function shareOf(side: WindowCounts): Float64Array {
  const totals = totalsOf(side);
  const all = totals.reduce((x, y) => x + y, 0);
  return totals.map((total) => total / all);
}

function plant(shares: Float64Array, place: number, points: number): Float64Array {
  return shares.map((share, f) => (f === place ? share + points : share));
}

function nearest(shares: Float64Array, share: number): number {
  let best = 0;
  shares.forEach((each, f) => {
    if (Math.abs(each - share) < Math.abs((shares[best] ?? 0) - share)) best = f;
  });
  return best;
}

function percent(part: number, whole: number): number {
  return (100 * part) / whole;
}

/** A row in percent; its spread is half the Wilson interval of 95 %. */
function row(id: string, ours: number, n: number, threshold?: number, oracle?: number): BenchRow {
  const p = Math.min(1, Math.max(0, ours / 100));
  const z = 1.96;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  const peers = {
    ...(oracle === undefined ? {} : { oracle }),
    ...(threshold === undefined ? {} : { 'share-threshold': threshold }),
  };
  return { id, ours, unit: '%', peers, n, spread: 100 * half };
}
