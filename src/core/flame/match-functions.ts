import { frameKindAt } from './frame-kinds.js';
import { frameTraits, hasTrait, type FrameTrait } from './frame-traits.js';
import { repeatsTooMuch } from '../operations/pattern-size.js';
import { matchNames, nameTest, type SearchMode } from './match-names.js';

/** The functions of a view, columns by their index. */
export interface SearchedFunctions {
  readonly names: readonly string[];
  readonly packages: readonly string[];
  /** Indices of `frameKinds`. */
  readonly kinds: Uint8Array;
}

/** What a plain query can ask for instead of a part of the name. */
export type Filter =
  { readonly by: 'package'; readonly name: string } | { readonly by: 'trait'; readonly trait: FrameTrait };

/**
 * Reads `package:NAME` (the whole name) and `is:kernel`, `is:gc`, `is:unnamed`, `is:cut`; undefined for anything else, which is
 * looked for in names. Written out, and not an own mode, so that a person can see and change what a click searched for.
 */
export function filterOf(query: string, mode: SearchMode): Filter | undefined {
  if (mode !== 'plain') return undefined;
  if (query.startsWith('package:') && query.length > 'package:'.length) {
    return { by: 'package', name: query.slice('package:'.length) };
  }
  const trait = frameTraits.find((each) => query === `is:${each}`);
  return trait === undefined ? undefined : { by: 'trait', trait };
}

/** The query that finds the functions of a package. */
export function packageQuery(name: string): string {
  return `package:${name}`;
}

/** The query that finds the functions with a trait. */
export function traitQuery(trait: FrameTrait): string {
  return `is:${trait}`;
}

/** Why a query cannot be read, which only a regular expression cannot; undefined where it can. */
export function queryProblem(query: string, mode: SearchMode): 'syntax' | 'repeats-too-much' | undefined {
  if (filterOf(query, mode) !== undefined || nameTest(query, mode) !== null) return undefined;
  return repeatsTooMuch(query) ? 'repeats-too-much' : 'syntax';
}

/** By function index, 1 where it matches; null when the query is no regular expression. An empty query matches nothing. */
export function matchFunctions(functions: SearchedFunctions, query: string, mode: SearchMode): Uint8Array | null {
  const { names, packages, kinds } = functions;
  const filter = filterOf(query, mode);
  if (filter === undefined) return matchNames(names, query, mode);
  return Uint8Array.from(names, (name, index) => {
    if (filter.by === 'package') return packages[index] === filter.name ? 1 : 0;
    return hasTrait({ name, kind: frameKindAt(kinds[index] ?? 0) }, filter.trait) ? 1 : 0;
  });
}
