import * as v from 'valibot';
import type { Built as CoreBuilt } from '../core/source/repositories.js';
import { Id } from './selection.js';

/** A source file as a profile names it. Hostile text, but none that a message could not show. */
export const CodePath = v.pipe(v.string(), v.minLength(1), v.maxLength(4096), v.regex(/^\P{Cc}+$/u));

/** The beginning of paths that a folder of this computer stands for; "": of none. */
export const PathPrefix = v.pipe(v.string(), v.maxLength(4096), v.regex(/^\P{Cc}*$/u));

/** A folder of this computer that its user chose in a dialog: what lies in it may be read, and nothing else. */
export const CodeFolder = v.object({
  folderId: Id,
  folder: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  /** Paths that begin with it are looked for in the folder, the longest one first; "": it is only looked at as a clone of git. */
  prefix: PathPrefix,
});
export type CodeFolder = v.InferOutput<typeof CodeFolder>;

/** Where code was built from, as image labels say it; see core/source/repositories. */
export const Built = v.object({
  repository: v.pipe(v.string(), v.minLength(1), v.maxLength(2048)),
  revision: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
}) satisfies v.GenericSchema<unknown, CoreBuilt>;
export type Built = v.InferOutput<typeof Built>;

/** A selection of all services is of no more repositories than these that anybody asks for. */
export const mostBuilt = 256;

/** What a profile that was saved knows of where its code came from; its source may have forgotten it. */
export const BuiltList = v.pipe(v.array(Built), v.maxLength(mostBuilt));

/** Where code is looked for, in this order. */
export type CodePlace = 'container' | 'target' | 'folder' | 'git';

/** A place where a file was looked for in vain. */
export interface CodeLook {
  readonly place: CodePlace;
  /** "the container revel_web"; hostile text. */
  readonly where: string;
  /** Why it is not from there, a sentence; hostile text. */
  readonly why: string;
  /** What to do about it, a sentence; absent where nothing is wrong with the place. */
  readonly mend?: string;
}

/** A file that was found. */
export interface FoundCode {
  readonly place: CodePlace;
  readonly where: string;
  /** Why it may be another version than the one that ran, a sentence. */
  readonly doubt?: string;
  readonly text: string;
}

/** What looking for a file came to. */
export interface CodeAnswer {
  readonly found: FoundCode | null;
  /** Places before the one where it was found, or all. */
  readonly looks: readonly CodeLook[];
}
