import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareWindows } from './certainty.js';
import { earlierPairs, earlierSpan, farthestMove, leastPairs, wideningOf } from './earlier-pairs.js';
import { steadyWindows, uniformFrom } from './testing/steady-windows.js';

const minuteMs = 60_000;
const every15s = (windows: number, gapsAt: readonly number[] = []) => ({
  startMs: Array.from({ length: windows }, (_, row) => {
    const gaps = gapsAt.filter((gap) => gap <= row).length;
    return row * 15_000 + gaps * 10 * minuteMs;
  }),
  seconds: new Float64Array(windows).fill(15),
});

describe('the range before both sides', () => {
  it('is long enough for 24 pairs, and ends where the earlier side begins', () => {
    const a = { startMs: 1_000 * minuteMs, endMs: 1_010 * minuteMs };
    const b = { startMs: 1_100 * minuteMs, endMs: 1_105 * minuteMs };
    const span = { startMs: (1_000 - 24 * 15) * minuteMs, endMs: 1_000 * minuteMs };
    expect(earlierSpan(a, b, 15_000)).toEqual(span);
    expect(earlierSpan(b, a, 15_000)).toEqual(span);
  });

  it('holds fewer pairs of long sides, and none where 20 would be too many windows', () => {
    const sides = (minutes: number) =>
      [
        { startMs: 10_000 * minuteMs, endMs: (10_000 + minutes) * minuteMs },
        { startMs: (10_000 + minutes) * minuteMs, endMs: (10_000 + 2 * minutes) * minuteMs },
      ] as const;
    const long = earlierSpan(...sides(35), 15_000);
    expect((10_000 * minuteMs - (long?.startMs ?? 0)) / (70 * minuteMs)).toBe(21);
    expect(earlierSpan(...sides(40), 15_000)).toBeUndefined();
    expect(earlierSpan(...sides(40), 60_000)).toBeDefined();
  });

  it('does not begin before all time', () => {
    const [a, b] = [
      { startMs: 60_000, endMs: 120_000 },
      { startMs: 120_000, endMs: 180_000 },
    ];
    expect(earlierSpan(a, b, 15_000)).toEqual({ startMs: 0, endMs: 60_000 });
    expect(earlierSpan({ ...a, startMs: 0 }, b, 15_000)).toBeUndefined();
  });
});

describe('earlier pairs', () => {
  it('lie next to each other, the latest first', () => {
    expect(earlierPairs(every15s(8), { windows: [2, 1], windowSeconds: 15, beforeMs: 8 * 15_000 })).toEqual([
      { from: 5, middle: 7, to: 8 },
      { from: 2, middle: 4, to: 5 },
    ]);
  });

  it('leave out what lies in a side, gaps, and windows of another length', () => {
    const like = { windows: [2, 2], windowSeconds: 15, beforeMs: 12 * 15_000 } as const;
    expect(earlierPairs(every15s(16), like).map(({ to }) => to)).toEqual([12, 8, 4]);
    const gap = earlierPairs(every15s(12, [6]), { ...like, beforeMs: Infinity });
    expect(gap.map(({ from, to }) => [from, to])).toEqual([
      [8, 12],
      [2, 6],
    ]);
    const odd = every15s(12);
    odd.seconds[9] = 5;
    expect(earlierPairs(odd, { ...like, beforeMs: Infinity }).map(({ from, to }) => [from, to])).toEqual([
      [5, 9],
      [1, 5],
    ]);
  });

  it('are as long as the sides, apart, and before both, whatever was measured', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.nat(60_000), seconds: fc.constantFrom(15, 15, 15, 4) }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(3_000_000),
        (windows, first, second, beforeMs) => {
          let now = 0;
          const startMs = windows.map(({ wait, seconds }) => {
            const at = now + (wait > 55_000 ? wait : 0);
            now = at + seconds * 1000;
            return at;
          });
          const seconds = Float64Array.from(windows, (window) => window.seconds);
          const pairs = earlierPairs({ startMs, seconds }, { windows: [first, second], windowSeconds: 15, beforeMs });
          let end = windows.length;
          for (const { from, middle, to } of pairs) {
            expect([middle - from, to - middle]).toEqual([first, second]);
            expect(to).toBeLessThanOrEqual(end);
            expect(Array.from(seconds.subarray(from, to)).every((each) => each === 15)).toBe(true);
            expect((startMs[to - 1] ?? 0) + 15_000).toBeLessThanOrEqual(beforeMs + 1);
            end = from;
          }
          expect(pairs.length).toBeLessThanOrEqual(24);
        },
      ),
    );
  });
});

describe('widening', () => {
  it('is 1 where earlier pairs stayed within their margins', () => {
    expect(wideningOf([])).toBe(1);
    expect(wideningOf([5])).toBe(1);
    expect(wideningOf(Array.from({ length: 24 }, (_, pair) => 0.6 + 0.01 * (pair % 5)))).toBe(1);
  });

  it('leaves 5 of 100 outside when it is told by 20 pairs', () => {
    const random = uniformFrom(3);
    // Maxima of many, and moves that are far more alike or unlike than those.
    const shapes = [() => 2 - Math.log(-Math.log(random())) / 4, () => 1 + random(), () => 1.5 * Math.exp(random())];
    for (const move of shapes) {
      let beyond = 0;
      const tries = 4000;
      for (let time = 0; time < tries; time++) {
        const widening = wideningOf(Array.from({ length: leastPairs }, move));
        if (move() > widening) beyond++;
      }
      expect(beyond / tries).toBeLessThan(0.055);
    }
  });

  it('is not ruled by one pair in which something did change', () => {
    const calm = Array.from({ length: 24 }, (_, pair) => 0.7 + 0.01 * (pair % 7));
    expect(wideningOf([...calm.slice(1), 9])).toBe(1);
    expect(wideningOf([...calm.slice(3), 9, 8, 9])).toBeGreaterThan(3);
  });
});

describe('judged by earlier pairs', () => {
  const means = Array.from({ length: 15 }, (_, f) => 120 / (f + 1));
  const windows = 12;
  const random = uniformFrom(99);
  /** A side of windows whose functions each went to a level of their own for it: what its windows cannot tell. */
  const levelled = (levels: number) =>
    steadyWindows(
      means.map((mean) => mean * (1 + levels * (random() + random() + random() - 1.5) * 2)),
      windows,
      Math.floor(random() * 4e9),
    );
  const alarms = (levels: number) => {
    const found = { alone: 0, judged: 0 };
    const tries = 100;
    for (let time = 0; time < tries; time++) {
      const moves = Array.from({ length: leastPairs }, () =>
        farthestMove(compareWindows(levelled(levels), levelled(levels))),
      );
      const sides = [levelled(levels), levelled(levels)] as const;
      const certain = (widening: number): boolean =>
        compareWindows(...sides, { widening }).functions.some((each) => each.certain);
      if (certain(1)) found.alone++;
      if (certain(wideningOf(moves))) found.judged++;
    }
    return { alone: (100 * found.alone) / tries, judged: (100 * found.judged) / tries };
  };

  it('nothing is called certain that differs as much without a change', () => {
    const { alone, judged } = alarms(0.1);
    expect(alone).toBeGreaterThan(20);
    // 5 are allowed; more than 9 of 100 would be a chance of 1 in 35.
    expect(judged).toBeLessThanOrEqual(9);
  });

  it('margins hardly grow where windows tell all that there is', () => {
    const { alone, judged } = alarms(0);
    expect(judged).toBeLessThanOrEqual(alone);
    const moves = Array.from({ length: 24 }, () => farthestMove(compareWindows(levelled(0), levelled(0))));
    expect(wideningOf(moves)).toBeLessThan(1.4);
  });

  it('a margin that is wider is wider for all that is told of it', () => {
    const changed = means.map((mean, f) => (f === 1 ? 1.4 * mean : mean));
    const [a, b] = [steadyWindows(means, windows, 1), steadyWindows(changed, windows, 2)];
    const [plain, wide] = [compareWindows(a, b), compareWindows(a, b, { widening: 2 })];
    const of = (result: typeof plain) => result.functions.find(({ functionIndex }) => functionIndex === 1);
    expect(of(wide)?.margin).toBeCloseTo(2 * (of(plain)?.margin ?? 0), 9);
    expect(of(wide)?.smallestFound).toBeCloseTo(2 * (of(plain)?.smallestFound ?? 0), 9);
    expect(of(wide)?.difference).toBe(of(plain)?.difference);
    expect(of(plain)?.certain).toBe(true);
    expect(compareWindows(a, b, { widening: 20 }).functions.some(({ certain }) => certain)).toBe(false);
    // Never less than windows alone want.
    expect(of(compareWindows(a, b, { widening: 0.1 }))?.margin).toBe(of(plain)?.margin);
  });
});
