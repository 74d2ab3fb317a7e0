import type { CodeLook, CodePlace, FoundCode } from '../../contract/code.js';

/** What looking in one kind of place came to: the file, or where it is not and why. */
export type Tried = { readonly found: FoundCode } | { readonly looks: readonly CodeLook[] };

/** A place where the file is not. */
export function notIn(
  place: CodePlace,
  where: string,
  why: string,
  mend?: string,
): { readonly looks: readonly CodeLook[] } {
  return { looks: [{ place, where, why, ...(mend === undefined ? {} : { mend }) }] };
}
