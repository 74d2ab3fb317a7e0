import { describe, expect, it } from 'vitest';
import { clampRange, extentOf, rangeBefore, sameRange, snapRange, stepFor } from './time-range.js';

const bounds = { startMs: 1_000_000, endMs: 2_000_000 };

describe('time ranges', () => {
  it('spans the preset up to the end', () => {
    expect(extentOf('5m', 900_000, null)).toEqual({ startMs: 600_000, endMs: 900_000 });
    expect(extentOf('all', 90_000_000, 1_000_000)).toEqual({ startMs: 1_000_000, endMs: 90_000_000 });
    expect(extentOf('all', 90_000_000, null)).toEqual({ startMs: 86_400_000, endMs: 90_000_000 });
  });

  it('never spans less than a minute, even when the first window is just in', () => {
    expect(extentOf('all', 1_000_000, 999_000)).toEqual({ startMs: 940_000, endMs: 1_000_000 });
  });

  it('keeps a timeline at 240 buckets or fewer', () => {
    for (const hours of [0.1, 0.25, 1, 5, 30, 700, 20_000]) {
      const extent = { startMs: 0, endMs: hours * 3_600_000 };
      expect(extent.endMs / stepFor(extent)).toBeLessThanOrEqual(240);
      expect(stepFor(extent)).toBeGreaterThanOrEqual(15_000);
    }
  });

  it('clamps, orders and widens what was dragged', () => {
    expect(clampRange({ startMs: 1_500_000, endMs: 1_200_000 }, bounds, 15_000)).toEqual({
      startMs: 1_200_000,
      endMs: 1_500_000,
    });
    expect(clampRange({ startMs: 0, endMs: 9_000_000 }, bounds, 15_000)).toEqual(bounds);
    expect(clampRange({ startMs: 1_999_999, endMs: 1_999_999 }, bounds, 15_000)).toEqual({
      startMs: 1_985_000,
      endMs: 2_000_000,
    });
  });

  it('lets ranges that touch share an edge and no bucket', () => {
    for (let edge = 60_000; edge < 90_000; edge += 1000) {
      const before = snapRange({ startMs: 0, endMs: edge }, 15_000);
      const after = snapRange({ startMs: edge, endMs: 200_000 }, 15_000);
      expect(after.startMs).toBe(before.endMs);
    }
  });

  it('snaps to buckets and finds the range before', () => {
    expect(snapRange({ startMs: 31_000, endMs: 44_000 }, 15_000)).toEqual({ startMs: 30_000, endMs: 45_000 });
    expect(snapRange({ startMs: 38_000, endMs: 67_000 }, 15_000)).toEqual({ startMs: 45_000, endMs: 60_000 });
    expect(snapRange({ startMs: 46_000, endMs: 49_000 }, 15_000)).toEqual({ startMs: 45_000, endMs: 60_000 });
    expect(snapRange({ startMs: 41_000, endMs: 44_000 }, 15_000)).toEqual({ startMs: 30_000, endMs: 45_000 });
    expect(rangeBefore({ startMs: 100, endMs: 150 })).toEqual({ startMs: 50, endMs: 100 });
    expect(sameRange(null, null)).toBe(true);
    expect(sameRange({ startMs: 1, endMs: 2 }, { startMs: 1, endMs: 2 })).toBe(true);
    expect(sameRange({ startMs: 1, endMs: 2 }, null)).toBe(false);
  });
});
