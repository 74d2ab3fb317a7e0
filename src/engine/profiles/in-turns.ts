import { setImmediate as turn } from 'node:timers/promises';
import type { WorkStep } from '../../contract/decoder.js';
import type { Steps } from '../../core/profile/steps.js';
import type { Watch } from './watch.js';

/** How work is shared with others. */
export interface Turns {
  /** What a watch is told that the work is at; decoding unless it says otherwise. */
  readonly step?: WorkStep;
  /** Work goes on for so long before others have their turn: a request that waits for it is not felt. */
  readonly turnMs?: number;
  /** What it waits for before it goes on, beyond the others' turn. */
  readonly before?: () => Promise<void>;
}

/** Drives steps of work, each of which yields the share that is done, to their end. A watch's signal ends them with its reason. */
export async function inTurns<T>(
  steps: Steps<T>,
  watch: Watch | undefined,
  { step: at = 'decoding', turnMs = 20, before }: Turns = {},
): Promise<T> {
  watch?.signal?.throwIfAborted();
  watch?.onStep?.(at, 0);
  let endMs = performance.now() + turnMs;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < endMs) continue;
    watch?.onStep?.(at, step.value);
    await turn();
    await before?.();
    watch?.signal?.throwIfAborted();
    endMs = performance.now() + turnMs;
  }
}
