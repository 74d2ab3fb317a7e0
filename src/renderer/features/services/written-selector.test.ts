import { expect, it } from 'vitest';
import { longestSelector } from '../../../core/words/selectors.js';
import { writtenSelector } from './written-selector.js';

it.each([
  ['a="1"', '{a="1"}'],
  ['{path=~"/api/\\d+"}', '{path=~"/api/\\\\d+"}'],
])('asks for %s', (text, selector) => {
  expect(writtenSelector(text)).toEqual({ selector, wrong: '' });
});

it.each([
  ['{a=1}', /^Write it as /],
  [`{a="${'x'.repeat(longestSelector)}"}`, /^It is longer than 4,096 characters: /],
  // Which becomes longer than it was written.
  [`{a="${'\n'.repeat(longestSelector - 6)}"}`, /^It is longer than /],
])('says what is wrong', (text, why) => {
  expect(writtenSelector(text)).toEqual({ selector: undefined, wrong: expect.stringMatching(why) as string });
});
