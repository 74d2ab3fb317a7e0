import type { Duplex } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';

interface Opening {
  /** What the stream emits when it is open. */
  readonly event: 'connect' | 'secureConnect';
  readonly timeoutMs: number;
  /** What is said of a stream that is not open in time. */
  readonly lateMessage: string;
  readonly failed: (error: unknown) => Result<never>;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until a stream that connects is open. Of one that is not, or was given up ("cancelled"), nothing stays. */
export function opened<T extends Duplex>(
  stream: T,
  { event, timeoutMs, lateMessage, failed, signal }: Opening,
): Promise<Result<T>> {
  return new Promise((resolve) => {
    const settle = (result: Result<T>): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stream.removeListener('error', onError);
      stream.removeListener(event, onOpen);
      if (!result.ok) {
        stream.on('error', () => undefined); // it was given up; nobody is left to be told
        stream.destroy();
      }
      resolve(result);
    };
    const onAbort = (): void => {
      settle(fail('cancelled', 'Cancelled.'));
    };
    const onError = (error: unknown): void => {
      settle(failed(error));
    };
    const onOpen = (): void => {
      settle(ok(stream));
    };
    const timer = setTimeout(() => {
      settle(fail('timeout', lateMessage));
    }, timeoutMs);
    stream.once('error', onError);
    stream.once(event, onOpen);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}
