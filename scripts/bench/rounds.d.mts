/** See rounds.mjs, for benchmarks in TypeScript. */
export interface Measured {
  /** In the unit of what was measured; milliseconds of measureAlternately. */
  readonly median: number;
  /** Interquartile range. */
  readonly spread: number;
  readonly n: number;
}

export function measureAlternately(
  ways: Readonly<Record<string, () => unknown>>,
  options?: { readonly rounds?: number; readonly now?: () => number },
): Promise<Record<string, Measured>>;

/** Median and spread of what was measured. */
export function summarise(values: readonly number[]): Measured;
