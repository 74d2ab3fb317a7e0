import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { Renames, type Rename } from '../../contract/matching.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { writeAtomic } from '../files/atomic-write.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';

/** renames.json. Version 1. Changes: none yet. */
const RenamesContent = v.object({ version: v.literal(1), renames: Renames });

/**
 * The renames that somebody told, which every comparison follows from then on: of the window and of the command line, which
 * share the file. It is read at each call, since the other one may have changed it. A file that cannot be read is left as it is.
 */
export class RenamesFile {
  readonly #path: string;
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** In the order in which they were told. */
  async list(): Promise<Result<readonly Rename[]>> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return ok([]);
      return fail('internal', `The renames in ${this.#path} cannot be read.`, errorText(error));
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      return fail(
        'bad-profile',
        `The renames in ${this.#path} are damaged: mend or delete the file.`,
        errorText(error),
      );
    }
    const parsed = v.safeParse(RenamesContent, json);
    return parsed.success
      ? ok(parsed.output.renames)
      : fail('unsupported', `The renames in ${this.#path} are not of this version.`, v.summarize(parsed.issues));
  }

  /** Remembers a rename; answers all. */
  tell(rename: Rename): Promise<Result<readonly Rename[]>> {
    if (sameRename(rename, { from: rename.from, to: rename.from })) {
      return Promise.resolve(fail('invalid-input', 'A rename needs two names.'));
    }
    return this.#change((renames) => [...renames.filter((each) => !sameRename(each, rename)), rename]);
  }

  /** Forgets a rename; answers those that are left. What nobody told is forgotten already. */
  forget(rename: Rename): Promise<Result<readonly Rename[]>> {
    return this.#change((renames) => renames.filter((each) => !sameRename(each, rename)));
  }

  #change(changed: (renames: readonly Rename[]) => readonly Rename[]): Promise<Result<readonly Rename[]>> {
    const run = async (): Promise<Result<readonly Rename[]>> => {
      const known = await this.list();
      if (!known.ok) return known;
      const renames = v.safeParse(Renames, changed(known.value));
      if (!renames.success) return fail('too-large', 'So many renames cannot be remembered: forget some first.');
      try {
        await writeAtomic(this.#path, `${JSON.stringify({ version: 1, renames: renames.output }, undefined, 2)}\n`);
      } catch (error) {
        return isDiskFull(error)
          ? fail('no-space', `The disk of ${this.#path} is full: make room there.`, errorText(error))
          : fail('internal', `${this.#path} cannot be written.`, errorText(error));
      }
      return ok(renames.output);
    };
    const done = this.#changing.then(run);
    this.#changing = done;
    return done;
  }
}

function sameRename(one: Rename, other: Rename): boolean {
  return sameName(one.from, other.from) && sameName(one.to, other.to);
}

function sameName(one: Rename['from'], other: Rename['from']): boolean {
  return one.name === other.name && one.file === other.file;
}
