import { describe, expect, it } from 'vitest';
import { compareWindows, type WindowCounts } from './certainty.js';
import { steadyWindows as steady } from './testing/steady-windows.js';

const means = Array.from({ length: 60 }, (_, f) => 400 / (f + 1));

describe('what differs for certain', () => {
  it('is next to nothing between equal sides', () => {
    // 5 of 100 families may hold an alarm, so 2 of these 40 are expected; 6 would be a chance of 1 in 70.
    const alarms = Array.from({ length: 40 }, (_, seed) => {
      const result = compareWindows(steady(means, 20, seed * 31 + 1), steady(means, 20, seed * 57 + 1000));
      expect(result.abstained).toBeUndefined();
      return result.functions.some((each) => each.certain);
    });
    expect(alarms.filter(Boolean).length).toBeLessThan(6);
  });

  it('is the function that changed, with its difference inside the interval', () => {
    const changed = means.map((mean, f) => (f === 7 ? mean * 1.6 : mean));
    const result = compareWindows(steady(means, 20, 1), steady(changed, 20, 2));
    expect(result.functions.filter((each) => each.certain).map((each) => each.functionIndex)).toEqual([7]);
    const [first] = result.functions;
    expect(first?.functionIndex).toBe(7);
    // 50 more to 80 a window of 15 s.
    expect(Math.abs((first?.difference ?? 0) - 30 / 15)).toBeLessThan(first?.margin ?? 0);
    expect(first?.p).toBeLessThan(0.05 / 60);
  });

  it('is a new function and one that is gone', () => {
    const result = compareWindows(steady([100, 30, 0], 12, 1), steady([100, 0, 30], 12, 2));
    const certain = result.functions.filter((each) => each.certain);
    expect(certain.map((each) => [each.functionIndex, Math.sign(each.difference)]).sort()).toEqual([
      [1, -1],
      [2, 1],
    ]);
  });

  it('takes another exposure for no difference', () => {
    const long = steady(
      means.map((mean) => 2 * mean),
      20,
      3,
    );
    const result = compareWindows(steady(means, 20, 1), { ...long, exposures: new Float64Array(20).fill(30) });
    expect(result.functions.filter((each) => each.certain)).toEqual([]);
  });

  it('needs more where windows scatter more than counting does', () => {
    const calm = compareWindows(steady(means, 20, 1), steady(means, 20, 2));
    const rough = compareWindows(steady(means, 20, 1, 0.2), steady(means, 20, 2, 0.2));
    const marginOf = (result: typeof calm): number =>
      result.functions.find((each) => each.functionIndex === 0)?.margin ?? 0;
    expect(marginOf(rough)).toBeGreaterThan(2 * marginOf(calm));
    expect(Math.sqrt(rough.noise.excess)).toBeCloseTo(0.2, 1);
  });

  it('abstains where windows are too alike to count', () => {
    const result = compareWindows(steady(means, 12, 1, 0.3, 0.8), steady(means, 12, 2, 0.3, 0.8));
    expect(result.abstained).toBe('autocorrelated');
    expect(result.functions.some((each) => each.certain)).toBe(false);
    expect(result.noise.cautiousInflation).toBeGreaterThan(1.5);
  });

  it('abstains on few windows and on none, and judges nothing that has few samples', () => {
    expect(compareWindows(steady(means, 1, 1), steady(means, 30, 2)).abstained).toBe('few-windows');
    expect(compareWindows(steady(means, 5, 1), steady(means, 5, 2)).abstained).toBe('few-windows');
    expect(compareWindows(steady(means, 5, 1, 0.3, 0.8), steady(means, 30, 2, 0.3, 0.8)).abstained).toBe('few-windows');
    const empty: WindowCounts = { counts: new Float64Array(0), exposures: new Float64Array(0) };
    expect(compareWindows(empty, empty)).toMatchObject({ abstained: 'few-windows', functions: [] });
    expect(compareWindows(steady([0.1], 10, 1), steady([0.1], 10, 2)).functions).toEqual([]);
  });

  it('says the same of swapped sides, with the sign turned', () => {
    const a = steady(means, 15, 1);
    const b = steady(
      means.map((mean, f) => (f === 3 ? mean * 1.5 : mean)),
      15,
      2,
    );
    const forward = compareWindows(a, b).functions;
    const backward = compareWindows(b, a).functions;
    for (const each of forward) {
      const other = backward.find((one) => one.functionIndex === each.functionIndex);
      expect(other?.difference).toBeCloseTo(-each.difference, 9);
      expect(other?.margin).toBeCloseTo(each.margin, 9);
      expect(other?.p).toBeCloseTo(each.p, 9);
    }
  });
});
