import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A new name beside a file; it holds what is not yet whole. */
function partBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.part`);
}

/** Rejects when `replaceFile` would: for those who work long for what they write. Leaves nothing. */
export async function tryToReplace(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
    throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
  }
  const part = partBeside(path);
  await (await open(part, 'wx', 0o600)).close();
  await rm(part);
}

/** What a file is written from: pieces, so that no large file has to be one buffer. */
export type Content = Iterable<string | Uint8Array>;

/**
 * Writes a file as a whole or not at all: into a new file beside it, which then takes its name. Answers its size. Rejects
 * on failure; what was there before stays then.
 */
export async function replaceFile(path: string, content: Content, mode: number): Promise<number> {
  const part = partBeside(path);
  let byteLength = 0;
  try {
    const file = await open(part, 'wx', mode);
    try {
      for (const piece of content) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
        await file.writeFile(bytes);
        byteLength += bytes.length;
      }
      await file.sync(); // before the rename, or a power cut leaves an empty file under the final name
    } finally {
      await file.close();
    }
    await rename(part, path);
    return byteLength;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Writes a file of the app's own as a whole or not at all, mode 0600; its folder is made when it is not there. */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceFile(path, [content], 0o600);
}
