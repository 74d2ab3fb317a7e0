import { addAbortSignal } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Watch } from './watch.js';

const chunkSize = 1024 * 1024;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

const absoluteCap = 2 ** 31 - 1;
/** Stacks of one service compress well, but not better than this unless somebody means harm. */
const ratioCap = 200;
/**
 * What even a tiny file may unpack to. Recordings are packed less than 200 times at any size (pprof 1.5 to 11 times, Austin's text of a
 * process that only waits, with one stack of 12 to 60 frames on each line, 116 to 147 times), so this is for text that somebody wrote:
 * whatever unpacks to so little is read as it is.
 */
const smallCap = 1024 * 1024;

/** How many bytes a compressed file may unpack to. */
export function unpackedCap(compressedLength: number): number {
  return Math.min(absoluteCap, Math.max(smallCap, compressedLength * ratioCap));
}

/** What is answered for a file that unpacks to more than its cap. */
export function unpackedTooLarge(cap: number): Result<never> {
  return fail(
    'too-large',
    `The profile unpacks to more than ${Math.floor(cap / (1024 * 1024)).toLocaleString('en')} MiB, far more than a profile of its size should. If you know where it comes from, unpack it with gunzip and open that.`,
  );
}

/** What is answered for a gzip file that is cut off or damaged. */
export function damagedGzip(detail: string): Result<never> {
  return fail('bad-profile', 'The compressed profile is cut off or damaged. Fetch or copy it again.', detail);
}

/** Unpacks gzip of any number of members, by zlib, off the main thread. A watch's signal ends it with its reason. */
export async function unpackGzip(bytes: Uint8Array, watch?: Watch): Promise<Result<Uint8Array>> {
  const { signal, onStep } = watch ?? {};
  signal?.throwIfAborted();
  const cap = unpackedCap(bytes.length);
  const unzip = createGunzip({ chunkSize });
  if (signal !== undefined) addAbortSignal(signal, unzip);
  unzip.end(bytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  onStep?.('unpacking', 0);
  try {
    for await (const chunk of unzip as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > cap) return unpackedTooLarge(cap);
      chunks.push(chunk);
      onStep?.('unpacking', Math.min(1, unzip.bytesWritten / bytes.length));
    }
  } catch (error) {
    signal?.throwIfAborted();
    return damagedGzip(String(error));
  }
  return ok(Buffer.concat(chunks, length));
}
