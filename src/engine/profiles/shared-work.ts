import type { WorkStep } from '../../contract/decoder.js';
import type { Watch } from './watch.js';

/**
 * How long work goes on for which nobody waits any more, milliseconds: a request that supersedes another one gives that up first, and
 * often wants the same.
 */
const graceMs = 100;

/**
 * Long work that several may wait for, each with a watch of its own: it is begun with the first, and ended once the last one gave up.
 */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #promise: Promise<T>;
  readonly #told = new Set<NonNullable<Watch['onStep']>>();
  readonly #onLeft: (ended: boolean) => void;
  #waiting = 0;
  #settled = false;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #at: { readonly step: WorkStep; readonly share: number | null } | undefined;

  /** `onLeft`: the last one gave up a moment ago. `ended`: before the work was done, so that it was ended, and who comes later begins anew. */
  constructor(run: (watch: Watch) => Promise<T>, onLeft: (ended: boolean) => void) {
    this.#onLeft = onLeft;
    this.#promise = run({
      signal: this.#controller.signal,
      onStep: (step, share) => {
        this.#at = { step, share };
        for (const tell of this.#told) tell(step, share);
      },
    }).finally(() => {
      this.#settled = true;
    });
    // Who gave up does not look at how it ended.
    this.#promise.catch(() => undefined);
  }

  /** Whether it still runs. */
  get running(): boolean {
    return !this.#settled && !this.#controller.signal.aborted;
  }

  /** What the work comes to; throws the reason of the watch's signal when that ends first. */
  async wait({ signal, onStep }: Watch = {}): Promise<T> {
    signal?.throwIfAborted();
    clearTimeout(this.#grace);
    this.#waiting += 1;
    if (onStep !== undefined) {
      this.#told.add(onStep);
      if (this.#at !== undefined && !this.#settled) onStep(this.#at.step, this.#at.share);
    }
    let giveUp = (): void => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = () => {
        reject(signal?.reason as Error);
      };
    });
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([this.#promise, givenUp]);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      if (onStep !== undefined) this.#told.delete(onStep);
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#settled) this.#grace = setTimeout(this.#leave, graceMs).unref();
    }
  }

  readonly #leave = (): void => {
    if (this.#waiting > 0) return;
    const ended = !this.#settled;
    if (ended) this.#controller.abort();
    this.#onLeft(ended);
  };
}
