import { setTimeout as sleep } from 'node:timers/promises';

/** How long and how often to look. Times are milliseconds. */
export interface Patience {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `look` returns something other than undefined, and returns that.
 * When `look` throws, it is asked again; its last error is the cause of the time-out's.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  patience: Patience,
): Promise<T> {
  const deadline = performance.now() + patience.timeoutMs;
  let lastError: unknown;
  for (;;) {
    patience.signal?.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${patience.timeoutMs} ms for ${what} in vain`, { cause: lastError });
    }
    await sleep(patience.everyMs ?? 50);
  }
}
