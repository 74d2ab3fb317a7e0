import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { CodeFolder } from '../../contract/code.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { cleanPrefix } from '../../core/source/paths.js';
import { writeAtomic } from '../files/atomic-write.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';

const mostFolders = 256;

/** code-folders.json. Version 1. Changes: none yet. */
const Content = v.object({ version: v.literal(1), folders: v.pipe(v.array(CodeFolder), v.maxLength(mostFolders)) });

/** The folders of this computer in which code may be looked for, and the paths that they stand for. Chosen in a dialog only. */
export class CodeFolders {
  readonly #path: string;
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async list(): Promise<Result<readonly CodeFolder[]>> {
    let json: unknown;
    try {
      json = JSON.parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return ok([]);
      return fail('internal', `The folders of code in ${this.#path} cannot be read.`, errorText(error));
    }
    const parsed = v.safeParse(Content, json);
    return parsed.success
      ? ok(parsed.output.folders)
      : fail(
          'unsupported',
          `The folders of code in ${this.#path} are not of this version.`,
          v.summarize(parsed.issues),
        );
  }

  /** Adds a folder for a prefix; the one that stood for it before is no longer there. */
  add(folder: string, prefix: string): Promise<Result<readonly CodeFolder[]>> {
    const added = { folderId: `f-${randomUUID()}`, folder, prefix: cleanPrefix(prefix) };
    return this.#change((folders) => [
      ...folders.filter((each) => each.prefix !== added.prefix || (added.prefix === '' && each.folder !== folder)),
      added,
    ]);
  }

  /** The folder stands for another prefix; what stood for that one stands for none. */
  setPrefix(folderId: string, prefix: string): Promise<Result<readonly CodeFolder[]>> {
    const wanted = cleanPrefix(prefix);
    return this.#change((folders) =>
      folders.map((each) => {
        if (each.folderId === folderId) return { ...each, prefix: wanted };
        return each.prefix === wanted ? { ...each, prefix: '' } : each;
      }),
    );
  }

  /** Forgets a folder; nothing in it is touched. */
  forget(folderId: string): Promise<Result<readonly CodeFolder[]>> {
    return this.#change((folders) => folders.filter((each) => each.folderId !== folderId));
  }

  #change(changed: (folders: readonly CodeFolder[]) => readonly CodeFolder[]): Promise<Result<readonly CodeFolder[]>> {
    const run = async (): Promise<Result<readonly CodeFolder[]>> => {
      const known = await this.list();
      if (!known.ok) return known;
      const folders = changed(known.value);
      if (folders.length > mostFolders) return fail('too-large', 'So many folders cannot be kept: forget some first.');
      try {
        await writeAtomic(this.#path, `${JSON.stringify({ version: 1, folders }, undefined, 2)}\n`);
      } catch (error) {
        return isDiskFull(error)
          ? fail('no-space', `The disk of ${this.#path} is full: make room there.`, errorText(error))
          : fail('internal', `${this.#path} cannot be written.`, errorText(error));
      }
      return ok(folders);
    };
    const done = this.#changing.then(run);
    this.#changing = done;
    return done;
  }
}
