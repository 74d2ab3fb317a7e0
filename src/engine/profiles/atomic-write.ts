import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ok, type Result } from '../../contract/result.js';
import { writeFailure } from './failures.js';

/** What a file is written from: pieces, so that no large file has to be one buffer. */
export type Content = Iterable<string | Uint8Array>;

/** A new name beside a file; it holds what is not yet whole. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.part`);
}

/** Whether a file could be written: for those who work long for what they write. Leaves nothing. */
export async function checkWritable(path: string): Promise<Result<null>> {
  const temporary = temporaryBeside(path);
  try {
    if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
      throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
    }
    await (await open(temporary, 'wx', 0o644)).close();
    await rm(temporary);
    return ok(null);
  } catch (error) {
    return writeFailure(error, path);
  }
}

/**
 * Writes a file as a whole or not at all: into a new file beside it, which then takes its name. Answers its size. What
 * was there before stays when writing fails.
 */
export async function writeAtomically(path: string, content: Content): Promise<Result<{ byteLength: number }>> {
  const temporary = temporaryBeside(path);
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
