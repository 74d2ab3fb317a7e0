import type { WindowCounts } from '../../src/core/compare/certainty.js';

/** Uniform numbers in (0, 1) from a seed: Mulberry32, so that every run sees the same windows. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/** A standard normal number (Box and Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/** A Poisson number: by counting below 30, above by rejection from a rounded normal-like hat (Hörmann 1993, PTRS). */
export function poisson(mean: number, random: () => number): number {
  if (mean < 30) {
    const limit = Math.exp(-mean);
    let product = random();
    let count = 0;
    for (; product > limit; count++) product *= random();
    return count;
  }
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (left <= k * Math.log(mean) - mean - lnFactorial(k)) return k;
  }
}

function lnFactorial(k: number): number {
  if (k < 10) {
    let sum = 0;
    for (let i = 2; i <= k; i++) sum += Math.log(i);
    return sum;
  }
  const x = k + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

export interface Weather {
  /** Standard deviation of the logarithm of a function's rate from window to window. */
  readonly noise: number;
  /** Correlation of that with the next window's. */
  readonly autocorrelation: number;
}

export const functionCount = 300;
/** 15 s at 97 Hz on one core. */
export const samplesAWindow = 1455;

/** Shares of a Zipf law with exponent 1.1. */
export function zipfShares(): Float64Array {
  const shares = Float64Array.from({ length: functionCount }, (_, i) => (i + 1) ** -1.1);
  const total = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / total);
}

/** Windows of functions with the given shares, each with log-AR(1) noise of its own and Poisson counts. */
export function makeWindows(
  shares: Float64Array,
  windows: number,
  weather: Weather,
  random: () => number,
): WindowCounts {
  const { noise, autocorrelation } = weather;
  const counts = new Float64Array(windows * functionCount);
  const fresh = Math.sqrt(1 - autocorrelation ** 2) * noise;
  for (let f = 0; f < functionCount; f++) {
    let state = noise * normal(random);
    for (let w = 0; w < windows; w++) {
      if (w > 0) state = autocorrelation * state + fresh * normal(random);
      const mean = samplesAWindow * (shares[f] ?? 0) * Math.exp(state - noise ** 2 / 2);
      counts[w * functionCount + f] = poisson(mean, random);
    }
  }
  return { counts, exposures: new Float64Array(windows).fill(15) };
}
