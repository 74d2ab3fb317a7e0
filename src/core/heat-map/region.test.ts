import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { besideSpans, regionPieces, spanOfTimes, type RegionPiece } from './region.js';

const lengthOf = (pieces: readonly RegionPiece[]): number => pieces.reduce((sum, { lengthMs }) => sum + lengthMs, 0);

describe('a region against the rest', () => {
  it('is cut into seconds', () => {
    const spans = [
      { fromMs: 10_200, toMs: 10_400 },
      { fromMs: 11_200, toMs: 11_400 },
    ];
    expect(regionPieces({ fromMs: 10_000, toMs: 12_000 }, spans)).toEqual({
      region: [
        { secondMs: 10_000, lengthMs: 200 },
        { secondMs: 11_000, lengthMs: 200 },
      ],
      rest: [
        { secondMs: 10_000, lengthMs: 800 },
        { secondMs: 11_000, lengthMs: 800 },
      ],
    });
  });

  it('has whole seconds where a run holds them, and none beside', () => {
    const { rest, region } = regionPieces({ fromMs: 9_500, toMs: 13_200 }, [{ fromMs: 10_500, toMs: 12_000 }]);
    expect(region).toEqual([
      { secondMs: 10_000, lengthMs: 500 },
      { secondMs: 11_000, lengthMs: 1000 },
    ]);
    expect(rest.map(({ secondMs }) => secondMs)).toEqual([9_000, 10_000, 12_000, 13_000]);
  });

  it('shares the recording out, whatever is brushed', () => {
    const time = fc.integer({ min: 0, max: 20_000 });
    const span = fc.tuple(time, time).map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }));
    fc.assert(
      fc.property(span, fc.array(span, { maxLength: 12 }), (recording, spans) => {
        const { rest, region } = regionPieces(recording, spans);
        expect(lengthOf(rest) + lengthOf(region)).toBeCloseTo(recording.toMs - recording.fromMs, 0);
        for (const { lengthMs } of [...rest, ...region]) {
          expect(lengthMs).toBeGreaterThan(0);
          expect(lengthMs).toBeLessThanOrEqual(1000);
        }
        const inside = Array.from(
          { length: recording.toMs - recording.fromMs },
          (_, ms) => recording.fromMs + ms + 0.5,
        );
        const held = inside.filter((ms) => spans.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs)).length;
        expect(lengthOf(region)).toBeCloseTo(held, 0);
      }),
    );
  });

  it('knows what lies beside it, and leaves out what has no time', () => {
    const times = Float64Array.of(1, 5, Number.NaN, 9);
    expect([...besideSpans(times, [{ fromMs: 4, toMs: 6 }])]).toEqual([1, 0, 0, 1]);
    expect(spanOfTimes(times)).toMatchObject({ fromMs: 1 });
    expect(spanOfTimes(times)?.toMs).toBeGreaterThan(9);
    expect(spanOfTimes(Float64Array.of(Number.NaN))).toBeUndefined();
  });
});
