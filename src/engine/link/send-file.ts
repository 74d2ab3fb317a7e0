import { open, type FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Eight packets of SSH. */
const pieceBytes = 256 * 1024;

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Told of the bytes that the stream has taken so far. */
  readonly onTaken: (bytes: number) => void;
}

/**
 * Writes a file to a stream and ends that; the next piece is read meanwhile. Rejects, with the stream destroyed, where the file cannot
 * be read, the stream closes before its end, or the signal comes.
 *
 * Two pieces of memory do for the whole file: in Electron new memory for each piece is made of page faults (see `connectNetwork`), a
 * fifth of an upload's time. So `to` is to keep nothing of what it has called back for, as zlib and the channels of a link do.
 */
export async function sendFile(path: string, to: Writable, { signal, onTaken }: SendOptions): Promise<void> {
  const over = finished(to, { readable: false, signal });
  over.catch(() => undefined); // waited for below, unless the file is what failed
  let file: FileHandle | undefined;
  let next: ReturnType<typeof readPiece> | undefined;
  try {
    file = await open(path);
    let spare: Buffer = Buffer.allocUnsafeSlow(pieceBytes);
    next = readPiece(file, Buffer.allocUnsafeSlow(pieceBytes));
    for (let takenBytes = 0; ;) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) break;
      next = readPiece(file, spare);
      await Promise.race([over, written(to, buffer.subarray(0, bytesRead))]);
      spare = buffer;
      takenBytes += bytesRead;
      onTaken(takenBytes);
    }
    to.end();
    await over;
  } catch (error) {
    to.destroy();
    throw error;
  } finally {
    await next?.catch(() => undefined); // memory of ours is written to until then; what failed was thrown
    await file?.close();
  }
}

function readPiece(file: FileHandle, into: Buffer): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }> {
  return file.read(into, 0, into.length);
}

function written(to: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(piece, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
