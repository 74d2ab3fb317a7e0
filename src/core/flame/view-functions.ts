import type { Profile } from '../profile/profile.js';
import { u32At } from '../profile/columns.js';
import { lazyStrings, type DecodeText } from '../profile/strings.js';
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

/** The functions of a view, numbered as they are first seen in level order: what shows first is named first. */
export interface ViewFunctions {
  /** The functionIndex column of the view. */
  readonly functionIndex: Uint32Array;
  /** By the view's number, the function's index in the tree that was laid out. */
  readonly source: Uint32Array;
}

/** Renumbers the functions of a layout; those that no node has are left out. */
export function numberViewFunctions(functionIndex: Uint32Array, functionCount: number): ViewFunctions {
  const numbers = new Uint32Array(functionCount); // number + 1, 0 where not seen yet
  const source = new Uint32Array(functionCount);
  const renumbered = new Uint32Array(functionIndex.length);
  let count = 0;
  for (let node = 0; node < functionIndex.length; node++) {
    const original = u32At(functionIndex, node);
    let number = u32At(numbers, original);
    if (number === 0) {
      source[count] = original;
      number = ++count;
      numbers[original] = number;
    }
    renumbered[node] = number - 1;
  }
  return { functionIndex: renumbered, source: source.slice(0, count) };
}
