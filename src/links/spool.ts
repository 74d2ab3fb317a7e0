import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SpooledProfile } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import { errorCode, errorText, isDiskFull } from '../engine/failures/thrown.js';

/** What the decoder takes at most, compressed or not. */
const maxBytes = 512 * 1024 * 1024;

/**
 * The folder through which profile bytes reach the decoder: `<folder>/<profileId>`. An id begins with the window that
 * holds the profile, `w3-<uuid>`, so that a links process that was killed still knows whose files lie there.
 */
export class Spool {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Keeps bytes for a window; the decoder opens them by the id. */
  async put(windowId: string, bytes: Uint8Array, title: string): Promise<Result<SpooledProfile>> {
    const profileId = `${windowId}-${randomUUID()}`;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(this.path(profileId), bytes, { mode: 0o600, flag: 'wx' });
      return ok({ profileId, byteLength: bytes.byteLength, title });
    } catch (error) {
      await rm(this.path(profileId), { force: true });
      return this.failure(error);
    }
  }

  /** Copies a file of the user's. */
  async importFile(windowId: string, path: string): Promise<Result<SpooledProfile>> {
    const name = basename(path);
    const profileId = `${windowId}-${randomUUID()}`;
    let fileKey: string;
    try {
      const facts = await stat(path);
      fileKey = `${facts.dev}-${facts.ino}-${facts.size}-${facts.mtimeMs}`;
      if (!facts.isFile()) return fail('invalid-input', `${name} is no file: choose a pprof or folded file.`);
      if (facts.size === 0) return fail('bad-profile', `${name} is empty.`);
      if (facts.size > maxBytes) {
        return fail('too-large', `${name} is larger than ${maxBytes / 1024 / 1024} MiB: export a shorter range.`);
      }
      await (await open(path, constants.O_RDONLY)).close(); // says who may not read it before the copy does
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT') return fail('not-found', `${name} is not there any more.`);
      return fail('invalid-input', `${name} cannot be read.`, errorText(error));
    }
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await copyFile(path, this.path(profileId), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      return ok({ profileId, byteLength: (await stat(this.path(profileId))).size, title: name, fileKey });
    } catch (error) {
      await rm(this.path(profileId), { force: true });
      return this.failure(error);
    }
  }

  async read(profileId: string): Promise<Result<Uint8Array>> {
    try {
      return ok(await readFile(this.path(profileId)));
    } catch (error) {
      return fail('not-found', 'The profile is no longer open: open it again.', errorText(error));
    }
  }

  async release(profileId: string): Promise<void> {
    await rm(this.path(profileId), { force: true });
  }

  /** Lets go of all that a window holds but what it keeps. */
  async releaseWindow(windowId: string, keep: readonly string[]): Promise<void> {
    let names: readonly string[];
    try {
      names = await readdir(this.folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return; // nothing was ever kept
      throw error;
    }
    const gone = names.filter((name) => isOf(windowId, name) && !keep.includes(name));
    await Promise.all(gone.map((name) => this.release(name)));
  }

  private path(profileId: string): string {
    return join(this.folder, profileId); // ids are checked by the contract: they are safe as file names
  }

  private failure(error: unknown): Result<never> {
    if (isDiskFull(error)) {
      return fail('no-space', `The disk of ${this.folder} is full: make room there and try again.`, errorText(error));
    }
    return fail('internal', `The profile could not be kept in ${this.folder}.`, errorText(error));
  }
}

/** Whether a profile is held by a window. */
export function isOf(windowId: string, profileId: string): boolean {
  return profileId.startsWith(`${windowId}-`);
}
