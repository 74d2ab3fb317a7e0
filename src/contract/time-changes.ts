import type { SampleType } from './decoder.js';

/** A moment of a period at which functions went to another level for certain. */
export interface TimeChange {
  /** Until here everything was the old. Unix milliseconds. */
  readonly atMs: number;
  /** The windows that it was told by: from `fromMs` to `atMs`, and on to `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Both sides as a whole, the one before scaled to be comparable. */
  readonly whole: { readonly before: number; readonly after: number };
  /** Who changed, without who only inherits it, the largest first. */
  readonly causes: readonly TimeCause[];
}

/** A function that changed at a moment. */
export interface TimeCause {
  readonly name: string;
  /** Names from below the root to where most of the change is. */
  readonly path: readonly string[];
  readonly before: number;
  readonly after: number;
  /** The 95 % interval of after - before is +- margin. */
  readonly margin: number;
}

/** What changed in a period, in the order of time. */
export interface TimeChanges {
  readonly sampleType: SampleType;
  readonly windows: number;
  /** Fewer windows than this tell nothing. */
  readonly leastWindows: number;
  readonly changes: readonly TimeChange[];
}
