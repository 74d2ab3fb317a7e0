import { describe, expect, it } from 'vitest';
import { nowhere } from '../profile/sum-up.js';
import { moveWindows, overlapsOf, sampleWorth, selfSamples, type NodeWindows } from './window-counts.js';

const windows: NodeWindows = {
  seconds: Float64Array.of(15, 15),
  rowStart: Uint32Array.of(0, 1, 3),
  node: Uint32Array.of(3, 1, 3),
  samples: Float64Array.of(2, 1, 4),
};

describe('what a sample is worth', () => {
  it('is what divides all values', () => {
    expect(sampleWorth(Float64Array.of(0, 30_927_834, 10_309_278, 206_185_560))).toBe(10_309_278);
    expect(sampleWorth(Float64Array.of(1_000, 600, 800))).toBe(200);
    expect(sampleWorth(Float64Array.of(3, 1, 7))).toBe(1);
  });

  it('is large where several rates are mixed or nothing divides them, and 0 of nothing', () => {
    expect(sampleWorth(Float64Array.of(10_309_278, 10_000_000, 30_000_001))).toBe(10_309_278);
    expect(sampleWorth(Float64Array.of(0))).toBe(0);
  });
});

describe('windows that overlap', () => {
  it('are those of a clock that was set back, and neither gaps nor what is rounded', () => {
    const lengths = new Float64Array(4).fill(15);
    expect(overlapsOf([0, 15_000, 5_000, 20_000], lengths)).toBe(1);
    expect(overlapsOf([0, 0, 0, 0], lengths)).toBe(3);
    expect(overlapsOf([0, 14_500, 29_300, 60_000], lengths)).toBe(0);
    expect(overlapsOf([NaN, 0, NaN, 0], lengths)).toBe(0);
    expect(overlapsOf([], new Float64Array(0))).toBe(0);
  });
});

describe('windows of nodes', () => {
  it('add up to what each node had itself', () => {
    expect(selfSamples(windows, 5)).toEqual(Float64Array.of(0, 1, 0, 6, 0));
  });

  it('move with their nodes, and leave out what is nowhere', () => {
    expect(moveWindows(windows, Uint32Array.of(0, nowhere, 0, 2), nowhere)).toEqual({
      seconds: windows.seconds,
      rowStart: Uint32Array.of(0, 1, 2),
      node: Uint32Array.of(2, 2),
      samples: Float64Array.of(2, 4),
    });
  });
});
