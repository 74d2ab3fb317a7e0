import { functionOrigins } from '../profile/function-origins.js';
import type { Profile } from '../profile/profile.js';
import { f64At, u32At } from '../profile/columns.js';
import { lazyStrings, type DecodeText } from '../profile/strings.js';
import type { FrameOrigin } from '../operations/frames.js';
import type { NamedPlace } from './packages.js';

/** What the root of every view is called. */
export const rootName = 'all';

/** Name, file and library of the functions of a profile, read when asked for. */
export function functionPlaces(profile: Profile, decode: DecodeText): (functionIndex: number) => NamedPlace {
  const textAt = lazyStrings(profile.strings, decode);
  const { name, file, library } = profile.functions;
  return (index) =>
    index === 0
      ? { name: rootName, file: '', library: '' }
      : { name: textAt(u32At(name, index)), file: textAt(u32At(file, index)), library: textAt(u32At(library, index)) };
}

/** Lines and build ids of the functions of a profile; the strings are read when asked for. */
export function originsOf(profile: Profile, decode: DecodeText): (functionIndex: number) => FrameOrigin {
  const textAt = lazyStrings(profile.strings, decode);
  const { buildId, firstLine, lastLine } = functionOrigins(profile);
  const { startLine: starts } = profile.functions;
  return (index) => {
    const startLine = u32At(starts, index);
    return {
      buildId: textAt(u32At(buildId, index)),
      firstLine: u32At(firstLine, index),
      lastLine: u32At(lastLine, index),
      ...(startLine === 0 ? {} : { startLine }),
    };
  };
}

/** The functions of a view, numbered as they are first seen: what shows first is named first. */
export interface ViewFunctions {
  /** By the function's index in the tree that was laid out, its number; 0 also for functions that the view does not have. */
  readonly numbers: Uint32Array;
  /** By the view's number, the function's index in the tree. */
  readonly source: Uint32Array;
}

/**
 * Numbers the functions of a view: first those of `seen`, the functionIndex column of what is shown first, from the root on; then those of
 * all other nodes of `tree` that have width. Functions that no such node has are left out.
 */
export function numberViewFunctions(
  seen: Uint32Array,
  functionCount: number,
  tree?: { readonly functionIndex: Uint32Array; readonly total: Float64Array },
): ViewFunctions {
  const numbers = new Uint32Array(functionCount); // number + 1, 0 where not seen yet, until all are
  const source = new Uint32Array(functionCount);
  let count = 0;
  const see = (original: number): void => {
    if (u32At(numbers, original) !== 0) return;
    source[count] = original;
    numbers[original] = ++count;
  };
  for (let node = 0; node < seen.length; node++) see(u32At(seen, node));
  if (tree !== undefined) {
    const { functionIndex, total } = tree;
    for (let node = 0; node < total.length; node++) if (f64At(total, node) > 0) see(u32At(functionIndex, node));
  }
  return { numbers: numbers.map((number) => Math.max(0, number - 1)), source: source.slice(0, count) };
}
