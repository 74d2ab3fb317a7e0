/** See rounds.mjs, for benchmarks in TypeScript. */
export interface Measured {
  /** Milliseconds. */
  readonly median: number;
  /** Interquartile range. */
  readonly spread: number;
  readonly n: number;
}

export function measureAlternately(
  ways: Readonly<Record<string, () => unknown>>,
  options?: { readonly rounds?: number; readonly now?: () => number },
): Promise<Record<string, Measured>>;
