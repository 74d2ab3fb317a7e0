import type { WorkStep } from '../../contract/decoder.js';

/** How somebody who waits for long work watches it. */
export interface Watch {
  /** Ends the work; it then answers with an exception, the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told what the work is at and how far that has come, from 0 to 1; null where it cannot be told. Now and then, not evenly. */
  readonly onStep?: ((step: WorkStep, share: number | null) => void) | undefined;
}

/** A watch of one part of a step: its shares are those from `begin` to `end` of the step. */
export function watchPart(watch: Watch | undefined, begin: number, end: number): Watch | undefined {
  const onStep = watch?.onStep;
  if (onStep === undefined) return watch;
  return {
    signal: watch?.signal,
    onStep: (step, share) => {
      onStep(step, share === null ? null : begin + share * (end - begin));
    },
  };
}

/** Passes on a step at once and the shares of it about ten times a second. */
export function calmly(onStep: NonNullable<Watch['onStep']>, nowMs: () => number): NonNullable<Watch['onStep']> {
  let lastStep: WorkStep | undefined;
  let lastMs = -Infinity;
  return (step, share) => {
    const now = nowMs();
    if (step === lastStep && now - lastMs < 100) return;
    lastStep = step;
    lastMs = now;
    onStep(step, share);
  };
}
