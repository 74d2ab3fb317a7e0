import type { Agreement } from '../core/compare/agreement.js';

/** How well the agent and py-spy agree about a Python service, and what else is known of the run. */
export interface Verification {
  readonly agreement: Agreement;
  /** How long py-spy sampled. */
  readonly seconds: number;
  /** Names of the containers, or of programs with their pids, that both looked at. Hostile text. */
  readonly lookedAt: readonly string[];
  /** For people: what one of the two could not see or do. */
  readonly notes: readonly string[];
}

/** How far a run is. */
export interface VerifyProgress {
  readonly step: 'preparing' | 'sampling' | 'comparing';
  /** Of the sampling. */
  readonly seconds: number;
  readonly of: number;
}

/** How long both sample. */
export const verifySeconds = 20;

/** The longest recording with the time of each sample; the agent has the same bound. */
export const longestTimedSeconds = 600;
