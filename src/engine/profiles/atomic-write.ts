import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ok, type Result } from '../../contract/result.js';
import { writeFailure } from './failures.js';

/** What a file is written from: pieces, so that no large file has to be one buffer. */
export type Content = Iterable<string | Uint8Array>;

/**
 * Writes a file as a whole or not at all: into a new file beside it, which then takes its name. Answers its size. What
 * was there before stays when writing fails.
 */
export async function writeAtomically(path: string, content: Content): Promise<Result<{ byteLength: number }>> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.part`);
  let byteLength = 0;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      for (const piece of content) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
        await file.writeFile(bytes);
        byteLength += bytes.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok({ byteLength });
  } catch (error) {
    await rm(temporary, { force: true });
    return writeFailure(error, path);
  }
}
