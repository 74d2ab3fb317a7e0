import { describe, expect, it } from 'vitest';
import { matchNames, patternOfQuery, type SearchMode } from './match-names.js';

const names = ['all', 'get_handle_request', 'HandleRequest', 'json.dumps', 'tcp_sendmsg', 'json (copy)'];
const found = (query: string, mode: SearchMode): readonly string[] | null => {
  const matches = matchNames(names, query, mode);
  return matches === null ? null : names.filter((_, index) => matches[index] === 1);
};

describe('matchNames', () => {
  it.each<[string, SearchMode, readonly string[] | null]>([
    ['handle', 'plain', ['get_handle_request', 'HandleRequest']],
    ['Handle', 'plain', ['HandleRequest']],
    ['json.', 'plain', ['json.dumps']],
    ['', 'plain', []],
    ['^json', 'regex', ['json.dumps', 'json (copy)']],
    ['^h.*t$', 'regex', ['HandleRequest']],
    ['(copy', 'regex', null],
    ['a{1000}'.repeat(100), 'regex', null],
    ['json(?= )', 'regex', null], // RE2 looks neither ahead nor back
    ['(?<word>s\\w+)$', 'regex', ['get_handle_request', 'HandleRequest', 'tcp_sendmsg']],
    ['(copy', 'plain', ['json (copy)']],
    ['ghr', 'fuzzy', ['get_handle_request']],
    ['hr', 'fuzzy', ['get_handle_request', 'HandleRequest']],
    ['hndreq', 'fuzzy', ['get_handle_request', 'HandleRequest']],
    ['tsend', 'fuzzy', ['tcp_sendmsg']],
    ['HR', 'fuzzy', ['HandleRequest']],
    ['zz', 'fuzzy', []],
  ])('%j, %s', (query, mode, expected) => {
    expect(found(query, mode)).toEqual(expected);
  });
});

it('does not go back over a name again and again', () => {
  // A browser's own expressions would take longer than the sun has left.
  expect(matchNames(['a'.repeat(5000)], '(a+)+$b', 'regex')).toEqual(Uint8Array.of(0));
});

describe('patternOfQuery', () => {
  it.each<[string, SearchMode, string | undefined]>([
    ['json.', 'plain', '(?i)json\\.'],
    ['Json(', 'plain', 'Json\\('],
    ['^a|b$', 'regex', '(?i)^a|b$'],
    ['ab', 'fuzzy', undefined],
    ['', 'plain', undefined],
  ])('%j, %s', (query, mode, pattern) => {
    expect(patternOfQuery(query, mode)).toBe(pattern);
  });
});
