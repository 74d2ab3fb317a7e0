/**
 * Long work in steps of some milliseconds, each of which yields the share that is done, from 0 to 1: who drives it can stop between two,
 * and let others have their turn.
 */
export type Steps<T> = Generator<number, T, undefined>;

/** Loops yield after so many turns: some milliseconds, and too rarely to be felt. A power of two, less one: a mask. */
export const turnMask = 0x3fff;

/** Does all of the work at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
