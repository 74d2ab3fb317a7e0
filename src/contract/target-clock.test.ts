import { expect, it } from 'vitest';
import { targetTimeMs } from './target-clock.js';
import { testStatus as status } from './testing/agent-status.js';

it.each([
  ['clocks that agree', 990_000, 990_000],
  ['a target that is behind', 990_000 + 3_600_000, 999_999],
  ['a target that is ahead', 990_000 - 3_600_000, 985_000],
])('estimates the time of %s', (_name, nowMs, expected) => {
  expect(targetTimeMs(status, nowMs)).toBe(expected);
});

it.each([3_600_000, -7, 0])('follows a clock that is said to be %i ms ahead', (clockAheadMs) => {
  expect(targetTimeMs({ ...status, clockAheadMs }, 5_000_000)).toBe(5_000_000 + clockAheadMs);
});

it('is this clock where no agent speaks', () => {
  expect(targetTimeMs(undefined, 5)).toBe(5);
  expect(targetTimeMs({ ...status, windowClosesAtMs: 0 }, 5)).toBe(5);
});
