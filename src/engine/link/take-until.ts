import type { Readable } from 'node:stream';

const maxBytes = 1024 * 1024;

/**
 * Reads a stream up to and with `end`, and answers what came before that; what follows stays in the stream. Undefined: the
 * stream ended, it was given up, or a megabyte held no such end.
 */
export function takeUntil(stream: Readable, end: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const settle = (taken: Buffer | undefined): void => {
      signal.removeEventListener('abort', onEnd);
      stream.removeListener('readable', onReadable);
      stream.removeListener('end', onEnd);
      stream.removeListener('close', onEnd);
      resolve(taken);
    };
    const onEnd = (): void => {
      settle(undefined);
    };
    const onReadable = (): void => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf(end);
        if (at >= 0) {
          const rest = seen.subarray(at + end.length);
          settle(seen.subarray(0, at));
          if (rest.length > 0) stream.unshift(rest);
          return;
        }
        if (seen.length > maxBytes) {
          settle(undefined);
          return;
        }
      }
    };
    stream.on('readable', onReadable);
    stream.once('end', onEnd);
    stream.once('close', onEnd);
    signal.addEventListener('abort', onEnd, { once: true });
    if (signal.aborted || stream.destroyed || stream.readableEnded) onEnd();
  });
}
