import { describe, expect, it } from 'vitest';
import { countingEvidence, countingInterval, mixtureQuantile } from './confidence.js';

const evidence = Math.log(20);

describe('the mixture boundary', () => {
  it('asks for more than one look would, and for ever more as looks go on', () => {
    const asked = [10, 100, 1000, 10_000].map((windows) => mixtureQuantile(evidence, windows, 1e6));
    expect(asked[1]).toBeCloseTo(3.27, 1);
    for (const [index, each] of asked.entries())
      expect(each).toBeGreaterThan(index === 0 ? 1.96 : (asked[index - 1] ?? 0));
  });

  it('asks for more where the variance is hardly known, and for the impossible where it is not', () => {
    expect(mixtureQuantile(evidence, 100, 10)).toBeGreaterThan(mixtureQuantile(evidence, 100, 100));
    expect(mixtureQuantile(Math.log(1e9), 100, 2)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('counting', () => {
  it('finds the rate of its own mean the least unlikely', () => {
    const at = (rate: number): number => countingEvidence(50, 1000, rate, 0.05);
    expect(at(0.05)).toBeLessThan(0);
    expect(at(0.03)).toBeGreaterThan(at(0.04));
    expect(at(0.09)).toBeGreaterThan(at(0.07));
  });

  it('has an interval whose ends are as unlikely as the error', () => {
    const { mean, low, high } = countingInterval(50, 1000, 0.05, evidence);
    expect(mean).toBe(0.05);
    expect(countingEvidence(50, 1000, low, 0.05)).toBeCloseTo(evidence, 6);
    expect(countingEvidence(50, 1000, high, 0.05)).toBeCloseTo(evidence, 6);
    expect(low).toBeLessThan(mean);
    expect(high).toBeGreaterThan(mean);
  });

  it('begins at nothing where nothing was seen', () => {
    const { low, high } = countingInterval(0, 1000, 0.05, evidence);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(0.001);
    expect(high).toBeLessThan(0.02);
  });
});
