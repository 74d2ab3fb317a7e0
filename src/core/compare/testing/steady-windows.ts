import type { WindowCounts } from '../certainty.js';

/** Uniform numbers in (0, 1) from a seed: Mulberry32. */
export function uniformFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/**
 * Windows of functions with these mean counts, scattered as counting would: the sum of 12 uniform numbers is near enough to a normal one.
 * `wobble` is how much rates scatter beyond that, `memory` how much of it the next window has as well.
 */
export function steadyWindows(
  means: readonly number[],
  windows: number,
  seed: number,
  wobble = 0,
  memory = 0,
): WindowCounts {
  const uniform = uniformFrom(seed);
  const normal = (): number => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b, -6);
  const counts = new Float64Array(windows * means.length);
  means.forEach((mean, f) => {
    let drift = normal();
    for (let w = 0; w < windows; w++) {
      drift = memory * drift + Math.sqrt(1 - memory ** 2) * normal();
      const rate = mean * Math.exp(wobble * drift);
      counts[w * means.length + f] = Math.max(0, Math.round(rate + Math.sqrt(rate) * normal()));
    }
  });
  return { counts, exposures: new Float64Array(windows).fill(15) };
}
