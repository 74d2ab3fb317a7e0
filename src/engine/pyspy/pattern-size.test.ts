import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { patternSize } from './pattern-size.js';

it.each(['web', 'v[0-9]{3}', '(ab|c){100}', '(?:x{0,30}){30}', '[]a]{9}', '\\pL{20}', 'a\\{9}', '(a|b(c{4}){5,}){3}'])(
  'never takes %s for far smaller than it becomes',
  (pattern) => {
    const made = RE2JS.compile(pattern).programSize();
    expect(patternSize(pattern)).toBeGreaterThan(made / 4);
    expect(patternSize(pattern)).toBeLessThan(made * 4 + 20);
  },
);

it.each([
  'a{1000}'.repeat(100),
  `(?:${'a'.repeat(1000)}){1000}`,
  `\\Q[\\E${'a{1000}'.repeat(100)}`,
  '[[]' + 'a{1000}'.repeat(100),
])('knows %.20s... for large', (pattern) => {
  expect(patternSize(pattern)).toBeGreaterThan(50_000);
});
