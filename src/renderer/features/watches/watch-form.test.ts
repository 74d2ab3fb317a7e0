import { expect, it } from 'vitest';
import { fullWords, thresholdOf } from './watch-form.js';

it.each([
  ['share', '5', 0.05],
  ['share', ' 5 % ', 0.05],
  ['share', '0,5%', 0.005],
  ['share', '.5', 0.005],
  ['cores', '0.5', 0.5],
  ['cores', '2 cores', 2],
] as const)('reads the %s %j', (measure, threshold, most) => {
  expect(thresholdOf({ measure, threshold })).toEqual({ most });
});

it.each([
  ['share', ''],
  ['share', '0'],
  ['share', '-5'],
  ['share', '100'],
  ['share', '0.00001'],
  ['share', 'five'],
  ['share', '1e3'],
  ['cores', '1 000 001'],
  ['cores', '.'],
] as const)('refuses the %s %j', (measure, threshold) => {
  expect(thresholdOf({ measure, threshold })).toHaveProperty('error');
});

it('says when the list is full', () => {
  expect(fullWords(63)).toBeUndefined();
  expect(fullWords(64)).toContain('remove some first');
});
