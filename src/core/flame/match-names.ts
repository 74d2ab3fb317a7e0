import { patternTest } from '../operations/name-pattern.js';

/** How a query is read. */
export const searchModes = ['plain', 'regex', 'fuzzy'] as const;
export type SearchMode = (typeof searchModes)[number];

/**
 * A test of names for a query; null when the query is no regular expression, or one that repeats too much. Capital letters are only told apart when the query
 * has one, as in editors' smart case.
 *
 * - plain: the name contains the query.
 * - regex: a regular expression as operations take it, RE2's, looked for anywhere.
 * - fuzzy: the query's letters stand in the name in their order, close together ("hndreq" in handle_request) or each at the
 *   beginning of a word ("ghr" in get_handle_request).
 */
export function nameTest(query: string, mode: SearchMode): ((name: string) => boolean) | null {
  const exact = query !== query.toLowerCase();
  switch (mode) {
    case 'plain':
      return exact ? (name) => name.includes(query) : (name) => name.toLowerCase().includes(query);
    case 'regex': {
      const test = patternTest(patternOfQuery(query, mode) ?? '');
      return typeof test === 'function' ? test : null; // still being typed, or not meant as one: the field says so
    }
    case 'fuzzy': {
      const letters = Array.from(query).filter((letter) => letter !== ' ');
      return (name) => fuzzyMatches(exact ? name : name.toLowerCase(), name, letters);
    }
  }
}

function fuzzyMatches(name: string, cased: string, letters: readonly string[]): boolean {
  const [first] = letters;
  if (first === undefined) return false;
  for (let start = name.indexOf(first); start !== -1; start = name.indexOf(first, start + 1)) {
    let at = start;
    for (let index = 1; index < letters.length && at !== -1; index++) at = name.indexOf(letters[index] ?? '', at + 1);
    if (at === -1) break; // a later beginning has less room
    if (at - start < 2 * letters.length) return true;
  }
  return startsWords(name, cased, letters);
}

/** Whether each letter in turn begins a word: after a sign or a digit's end, or a capital after a small letter. */
function startsWords(name: string, cased: string, letters: readonly string[]): boolean {
  let next = 0;
  for (let at = 0; at < name.length && next < letters.length; at++) {
    if (name[at] === letters[next] && beginsWord(cased, at)) next++;
  }
  return next === letters.length;
}

function beginsWord(name: string, at: number): boolean {
  const letter = name.charAt(at);
  if (!/[\p{L}\p{N}]/u.test(letter)) return false;
  const before = name.charAt(at - 1);
  return !/[\p{L}\p{N}]/u.test(before) || (/\p{Lu}/u.test(letter) && /\p{Ll}/u.test(before));
}

/** By function index, 1 where the name matches; null when the query is no regular expression. An empty query matches nothing. */
export function matchNames(names: readonly string[], query: string, mode: SearchMode = 'plain'): Uint8Array | null {
  const matches = new Uint8Array(names.length);
  if (query === '') return matches;
  const test = nameTest(query, mode);
  if (test === null) return null;
  names.forEach((name, index) => {
    if (test(name)) matches[index] = 1;
  });
  return matches;
}

/** A query as a pattern of RE2's syntax, which is what operations take; undefined for a fuzzy one, which is none. */
export function patternOfQuery(query: string, mode: SearchMode): string | undefined {
  if (query === '' || mode === 'fuzzy') return undefined;
  const pattern = mode === 'regex' ? query : query.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return query === query.toLowerCase() ? `(?i)${pattern}` : pattern;
}
