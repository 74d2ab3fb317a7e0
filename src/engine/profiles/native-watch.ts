import type { WorkStep } from '../../contract/decoder.js';
import type { Watch } from './watch.js';

/**
 * What a thread of the addon and this one share while it works; see WorkWatch of src/native/work_watch.h: word 0 is set to 1 by who
 * gives up, word 1 holds the thousandths that are done.
 */
export type WorkControl = Int32Array;

/** How often the control words are looked at, milliseconds. */
const lookMs = 50;

/** Runs work of the addon under a watch. Ends with the signal's reason as an exception when that aborts, whatever was answered. */
export async function watchNatively<T>(
  watch: Watch | undefined,
  step: WorkStep,
  work: (control: WorkControl) => Promise<T>,
): Promise<T> {
  const { signal, onStep } = watch ?? {};
  signal?.throwIfAborted();
  const control: WorkControl = new Int32Array(2);
  const giveUp = (): void => {
    Atomics.store(control, 0, 1);
  };
  const tell = (): void => {
    onStep?.(step, Atomics.load(control, 1) / 1000);
  };
  signal?.addEventListener('abort', giveUp);
  const timer = onStep === undefined ? undefined : setInterval(tell, lookMs);
  if (onStep !== undefined) tell();
  try {
    const answer = await work(control);
    signal?.throwIfAborted();
    return answer;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

/** What work answers, or the signal's reason as an exception as soon as that aborts: the work itself goes on, and its answer is let go. */
export function unlessGivenUp<T>(work: Promise<T>, watch: Watch | undefined): Promise<T> {
  const signal = watch?.signal;
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('given up', { cause: signal.reason }));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    // It never fails: both ends of the work are taken.
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp);
    });
  });
}
