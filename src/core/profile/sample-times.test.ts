import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinSpans, timesOfSets, withinSpans } from './sample-times.js';

describe('times of samples', () => {
  it('are read from the sets that hold one, whatever else stands there', () => {
    const labels = {
      key: Uint32Array.of(0, 1, 2, 1),
      text: Uint32Array.of(0, 0, 5, 0),
      number: BigInt64Array.of(0n, 1_772_625_600_123_456_789n, 0n, 1_772_625_601_000_000_000n),
      unit: Uint32Array.of(0, 0, 0, 0),
      // {}, {1}, {1, 2}, {2}, {2, 3}
      setPrefix: Uint32Array.of(0, 0, 1, 0, 3),
      setLabel: Uint32Array.of(0, 1, 2, 2, 3),
    };
    const [none, first, longer, other, second] = timesOfSets(labels, Uint8Array.of(0, 1, 0, 1));
    expect(none).toBeNaN();
    expect(first).toBeCloseTo(1_772_625_600_123.457, 3);
    expect(longer).toBe(first);
    expect(other).toBeNaN();
    expect(second).toBe(1_772_625_601_000);
  });

  it('lie in spans whichever way those are told', () => {
    const span = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 }))
      .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), (spans) => {
        const times = Float64Array.from({ length: 81 }, (_, index) => (index === 80 ? NaN : index));
        const expected = Array.from(times, (time) =>
          spans.some(({ fromMs, toMs }) => fromMs <= time && time < toMs) ? 1 : 0,
        );
        expect(Array.from(withinSpans(times, spans))).toEqual(expected);
      }),
    );
  });

  it('of spans that meet are one span', () => {
    const spans = [
      { fromMs: 30, toMs: 40 },
      { fromMs: 0, toMs: 20 },
      { fromMs: 10, toMs: 15 },
      { fromMs: 20, toMs: 25 },
    ];
    expect(joinSpans(spans)).toEqual([
      { fromMs: 0, toMs: 25 },
      { fromMs: 30, toMs: 40 },
    ]);
  });
});
