import { expect, test } from 'vitest';
import { agreementOf } from '../../core/compare/agreement.js';
import { verdictSentence } from '../../core/compare/agreement-words.js';
import { brokenUnwinders, randomFrom, sampledAnew } from '../../core/compare/testing/broken-unwinders.js';
import { realPair } from './testing/real-pair.js';

const { agent, pyspy, seconds } = realPair();
const cases = brokenUnwinders.flatMap((broken) => [1, 2].map((seed) => ({ ...broken, seed })));

test('the real agent and the real py-spy agree', () => {
  const agreement = agreementOf(agent, pyspy, seconds);
  expect(agreement.verdict, verdictSentence(agreement)).toBe('agrees');
  expect(agreement.functions).toBeGreaterThan(8);
});

test('there are 20 broken unwinders', () => {
  expect(cases).toHaveLength(20);
});

test.each(cases)('is caught: $name ($seed)', ({ spoil, seed }) => {
  const random = randomFrom(seed);
  const agreement = agreementOf(spoil(sampledAnew(agent, random), random), pyspy, seconds);
  expect(agreement.verdict, verdictSentence(agreement)).toBe('differs');
});

test.each(Array.from({ length: 20 }, (_, index) => index + 1))('no false alarm: %i', (seed) => {
  const random = randomFrom(seed);
  const agreement = agreementOf(sampledAnew(agent, random), sampledAnew(agent, random), seconds);
  expect(agreement.verdict, verdictSentence(agreement)).toBe('agrees');
});
