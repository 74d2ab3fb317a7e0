import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterIncrease, isPlainSelector, type CounterPoint } from './counter-increase.js';

const range = { startMs: 0, endMs: 100_000 };
const single = { single: true, slackMs: 20_000 };
const sum = { single: false, slackMs: 20_000 };
/** Values every 10 s. */
const points = (...values: number[]): readonly CounterPoint[] =>
  values.map((value, at) => ({ timeMs: 10_000 * at, value }));

describe('the increase of a counter', () => {
  it('is what was added, also behind a restart of a single one', () => {
    const values = points(10, 14, 14, 20, 20, 20, 25, 30, 30, 31, 40);
    expect(counterIncrease(values, range, sum)).toEqual({ kind: 'counted', increase: 30, restarts: 0 });
    const restarted = points(10, 14, 2, 5, 5, 5, 5, 5, 5, 5, 5);
    expect(counterIncrease(restarted, range, single)).toEqual({ kind: 'counted', increase: 9, restarts: 1 });
    expect(counterIncrease(restarted, range, sum)).toEqual({ kind: 'fell', atMs: 20_000, from: 14, to: 2 });
  });

  it('is not told of nothing, of what is no number, and of a part of the range', () => {
    expect(counterIncrease([], range, single)).toEqual({ kind: 'nothing' });
    expect(counterIncrease(points(1, Number.NaN, 3, 4, 5, 6, 7, 8, 9, 10, 11), range, single)).toEqual({
      kind: 'no-number',
      atMs: 10_000,
    });
    expect(counterIncrease(points(1, Infinity), range, single)).toMatchObject({ kind: 'no-number' });
    expect(counterIncrease(points(1, 2, 3), range, single)).toEqual({ kind: 'incomplete', fromMs: 0, toMs: 20_000 });
    const late = points(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).slice(4);
    expect(counterIncrease(late, range, single)).toEqual({ kind: 'incomplete', fromMs: 40_000, toMs: 100_000 });
  });

  it('is the sum of what was added, whenever it was looked at and began anew', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ add: fc.nat(1000), anew: fc.boolean() }), { minLength: 1 }), (steps) => {
        let value = 0;
        let added = 0;
        let restarts = 0;
        const seen: CounterPoint[] = [{ timeMs: 0, value }];
        steps.forEach(({ add, anew }, at) => {
          // Anew and above what was before it looks like no restart, to Prometheus as well.
          const begins = anew && add < value;
          restarts += begins ? 1 : 0;
          value = begins ? add : value + add;
          added += add;
          seen.push({ timeMs: at + 1, value });
        });
        const told = counterIncrease(seen, { startMs: 0, endMs: steps.length }, single);
        expect(told).toEqual({ kind: 'counted', increase: added, restarts });
      }),
    );
  });
});

describe('a plain selector', () => {
  it('is told from an expression that computes', () => {
    for (const query of [
      'http_requests_total',
      ' job:requests:total{code="200"} ',
      'x{a="sum(b)", c=~"{}|\\"}"}',
      '{__name__="x"}',
    ]) {
      expect(isPlainSelector(query), query).toBe(true);
    }
    for (const query of ['sum(x)', 'x + y', 'x{a="b"} + x{a="c"}', 'x[5m]', 'x offset 5m', '1', '', '{}', 'x{']) {
      expect(isPlainSelector(query), query).toBe(false);
    }
  });
});
