import { expect, it } from 'vitest';
import { testStatus } from '../../contract/testing/agent-status.js';
import { recordingSpan } from './recording-span.js';

/** Windows of 5 s; the open one is [100 s, 105 s) of the target's clock. */
const status = { ...testStatus, windowSeconds: 5, windowClosesAtMs: 105_000 };

it.each([
  ['of a fresh agent begins with its first window', true, 12, [100, 115]],
  ['of one that ran begins with the next whole window', false, 12, [105, 120]],
  ['ends with a window that closes just then', false, 10, [105, 115]],
])('%s', (_name, fresh, seconds, [start = 0, end = 0]) => {
  expect(recordingSpan(status, fresh, seconds, 103_000)).toEqual({
    startMs: start * 1000,
    endMs: end * 1000,
    beginsAtMs: fresh ? 103_000 : 105_000,
    closesAtMs: end * 1000,
  });
});

it.each([
  ['behind', 3_600_000],
  ['ahead', -90_000],
])('asks by the clock of a target that is %s, and waits by its own', (_name, skewMs) => {
  const nowMs = 103_000 + skewMs;
  const span = recordingSpan(status, true, 12, nowMs);
  expect(span.startMs).toBe(100_000);
  expect(span.endMs).toBeGreaterThanOrEqual(112_000);
  expect(span.beginsAtMs).toBe(nowMs);
  expect(span.closesAtMs - nowMs).toBeGreaterThanOrEqual(12_000);
  expect(span.closesAtMs - nowMs).toBeLessThanOrEqual(17_000);
});
