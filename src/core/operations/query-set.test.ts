import { expect, it } from 'vitest';
import type { SearchMode } from '../flame/match-names.js';
import { setOfQuery } from './query-set.js';

it.each<[string, SearchMode, unknown]>([
  ['package:json', 'plain', { by: 'package', name: 'json' }],
  ['is:kernel', 'plain', { by: 'kind', kind: 'kernel' }],
  ['is:cut', 'plain', { by: 'kind', kind: 'error' }],
  ['is:gc', 'plain', undefined],
  ['read', 'plain', { by: 'pattern', pattern: '(?i)read' }],
  ['^Read', 'regex', { by: 'pattern', pattern: '^Read' }],
  ['rd', 'fuzzy', undefined],
  ['', 'plain', undefined],
])('%j, %s', (query, mode, expected) => {
  expect(setOfQuery(query, mode)).toEqual(expected);
});
