/** What ends something when its time is over, or sooner. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Whether it was the time that ended it. */
  readonly expired: () => boolean;
  /** What was limited has ended: the clock is stopped. To be called always. */
  readonly release: () => void;
}

/**
 * A signal that comes after a time, or with another signal if that comes first.
 *
 * `AbortSignal.any([signal, AbortSignal.timeout(ms)])` is not that: in Node 20, on which Electron's processes run as well, only weak
 * references lead from the one that is waited on to the one that counts the time, so a collection of garbage takes that away
 * and the time is never over (nodejs/node#57736).
 */
export function timeLimit(ms: number, earlier?: AbortSignal): TimeLimit {
  const limit = new AbortController();
  let expired = false;
  const release = (): void => {
    clearTimeout(timer);
    earlier?.removeEventListener('abort', onEarlier);
  };
  const onEarlier = (): void => {
    release();
    limit.abort(earlier?.reason);
  };
  const timer = setTimeout(() => {
    expired = true;
    release();
    limit.abort(new DOMException('The time is over.', 'TimeoutError'));
  }, ms);
  // As with AbortSignal.timeout: nothing lives on for the sake of a limit.
  timer.unref();
  earlier?.addEventListener('abort', onEarlier, { once: true });
  if (earlier?.aborted === true) onEarlier();
  return { signal: limit.signal, expired: () => expired, release };
}
