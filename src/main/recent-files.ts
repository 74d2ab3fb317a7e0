import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import * as v from 'valibot';
import type { RecentFile } from '../contract/shell.js';
import { writeAtomic } from '../engine/files/atomic-write.js';

/** Files that were opened, the last one first. Version 1. Changes: none yet. */
const Kept = v.object({
  version: v.literal(1),
  files: v.array(v.object({ path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)), openedAtMs: v.number() })),
});

interface KeptFile {
  readonly path: string;
  readonly openedAtMs: number;
}

const most = 12;

/** The files that were opened last, kept over starts. Windows name them by ids, never by paths. */
export class RecentFiles {
  readonly #keptAt: string;
  readonly #onChange: () => void;
  #files: readonly KeptFile[];
  #writing: Promise<void> = Promise.resolve();

  constructor(keptAt: string, onChange: () => void) {
    this.#keptAt = keptAt;
    this.#onChange = onChange;
    this.#files = read(keptAt);
  }

  get list(): readonly RecentFile[] {
    return this.#files.map(({ path, openedAtMs }) => ({
      id: idOf(path),
      name: basename(path),
      folder: dirname(path),
      openedAtMs,
    }));
  }

  /** The path of a file of the list; undefined when it is none of them. */
  pathOf(id: string): string | undefined {
    return this.#files.find(({ path }) => idOf(path) === id)?.path;
  }

  /** Puts a file at the head. */
  note(path: string, nowMs: number): void {
    const full = resolve(path);
    this.#set([{ path: full, openedAtMs: nowMs }, ...this.#files.filter((each) => each.path !== full)].slice(0, most));
  }

  /** Takes a file out: it is not there any more. */
  forget(path: string): void {
    this.#set(this.#files.filter((each) => each.path !== path));
  }

  clear(): void {
    this.#set([]);
  }

  /** Settles when the list is written. */
  flush(): Promise<void> {
    return this.#writing;
  }

  #set(files: readonly KeptFile[]): void {
    this.#files = files;
    const text = `${JSON.stringify({ version: 1, files }, undefined, 2)}\n`;
    this.#writing = this.#writing.then(() =>
      writeAtomic(this.#keptAt, text).catch((error: unknown) => {
        console.error('main: the list of recent files could not be kept:', error);
      }),
    );
    this.#onChange();
  }
}

function read(path: string): readonly KeptFile[] {
  try {
    return v.parse(Kept, JSON.parse(readFileSync(path, 'utf8'))).files.slice(0, most);
  } catch {
    // The first start, or a damaged file: nothing was opened yet.
    return [];
  }
}

/** Stable, so that a menu that was made before a list changed still opens what it says. */
function idOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 32);
}
