import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { patternSize, repeatsTooMuch } from './pattern-size.js';

it.each([
  'web',
  'v[0-9]{3}',
  '(ab|c){100}',
  '(?:x{0,30}){30}',
  '[]a]{9}',
  '\\pL{20}',
  'a\\Q[(\\E{9}',
  'a\\{9}',
  '(a|b(c{4}){5,}){3}',
])('never takes %s for far smaller than it becomes', (pattern) => {
  const made = RE2JS.compile(pattern).programSize();
  expect(patternSize(pattern)).toBeGreaterThan(made / 4);
  expect(patternSize(pattern)).toBeLessThan(made * 4 + 20);
});

it.each([
  'a{1000}'.repeat(100),
  `(?:${'a'.repeat(1000)}){1000}`,
  `\\Q[\\E${'a{1000}'.repeat(100)}`,
  '[[]' + 'a{1000}'.repeat(100),
])('knows %.20s... for large', (pattern) => {
  expect(patternSize(pattern)).toBeGreaterThan(50_000);
});

it('lets through what people type, and a name with a backslash in it', () => {
  for (const pattern of [
    '^(get|set)_[a-z]{1,40}$',
    'C:\\\\Queue\\\\worker\\.exe',
    '\\Qvector<int>::at(size_t)[clone]\\E$',
    '\\Qoperator[](int) {1000}',
    'x'.repeat(1024),
    '(?i)\\bjson\\b',
  ]) {
    expect(repeatsTooMuch(pattern)).toBe(false);
  }
  expect(repeatsTooMuch('a{1000}'.repeat(146))).toBe(true);
});
