import { describe, expect, it } from 'vitest';
import {
  binomialTwoSided,
  digamma,
  incompleteBeta,
  lnGamma,
  studentQuantile,
  studentTwoSided,
  trigamma,
  trigammaInverse,
} from './distributions.js';

// Values of R 4.2 (pt, qt, pbinom, digamma, trigamma) and of DLMF where a closed form exists.
describe('distributions', () => {
  it('knows the gamma function and its derivatives', () => {
    expect(lnGamma(1)).toBeCloseTo(0, 12);
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(lnGamma(10)).toBeCloseTo(Math.log(362880), 10);
    expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 8);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 7);
    for (const x of [0.3, 1, 7, 150]) expect(trigammaInverse(trigamma(x)) / x).toBeCloseTo(1, 5);
  });

  it('knows the incomplete beta function on both sides of its mean', () => {
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 12);
    expect(incompleteBeta(0.25, 2, 3)).toBeCloseTo(0.26171875, 12);
    expect(incompleteBeta(0.9, 2, 3)).toBeCloseTo(0.9963, 10);
    expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  });

  it("knows Student's t, far out as well", () => {
    // With one degree of freedom it is Cauchy's, with two there is a closed form.
    expect(studentTwoSided(1, 1)).toBeCloseTo(0.5, 12);
    expect(studentTwoSided(3, 2)).toBeCloseTo(1 - 3 / Math.sqrt(11), 12);
    expect(studentQuantile(0.05, 1e6)).toBeCloseTo(1.95996, 4);
    expect(studentQuantile(0.05, 10)).toBeCloseTo(2.228139, 5);
    expect(studentTwoSided(studentQuantile(1e-9, 30), 30)).toBeCloseTo(1e-9, 15);
  });

  it('compares two counts exactly', () => {
    // 2 x P(at most 2 of 10 at one half) = 2 x 56/1024
    expect(binomialTwoSided(2, 10, 0.5)).toBeCloseTo(112 / 1024, 12);
    expect(binomialTwoSided(8, 10, 0.5)).toBeCloseTo(112 / 1024, 12);
    expect(binomialTwoSided(0, 10, 0.5)).toBeCloseTo(2 / 1024, 12);
    expect(binomialTwoSided(5, 10, 0.5)).toBe(1);
    expect(binomialTwoSided(0, 0, 0.5)).toBe(1);
  });
});
