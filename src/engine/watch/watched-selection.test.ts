import { expect, it } from 'vitest';
import { watchedSelection } from './watched-selection.js';

const what = { targetId: 'web', source: 'agent', profileType: 'cpu', selector: '{}' } as const;
const hourMs = 3_600_000;
const nowMs = 100 * hourMs;

it('goes from where somebody stopped to the last whole window', () => {
  expect(watchedSelection({ ...what, fromMs: nowMs - 30_000 }, nowMs - 5_000, nowMs)).toEqual({
    ...what,
    startMs: nowMs - 30_000,
    endMs: nowMs - 5_000,
  });
});

it('is nothing where nothing is new, or nobody answers', () => {
  expect(watchedSelection({ ...what, fromMs: nowMs }, nowMs, nowMs)).toBeUndefined();
  expect(watchedSelection({ ...what, fromMs: nowMs }, 0, nowMs)).toBeUndefined();
});

it('does not go back farther than what is kept, of a Pyroscope an hour of windows that have settled', () => {
  expect(watchedSelection({ ...what, fromMs: 0 }, nowMs, nowMs)?.startMs).toBe(nowMs - 5 * hourMs);
  const { startMs, endMs } = watchedSelection({ ...what, source: 'pyroscope', fromMs: 0 }, 0, nowMs) ?? {};
  expect([startMs, endMs]).toEqual([nowMs - 60_000 - hourMs, nowMs - 60_000]);
});
