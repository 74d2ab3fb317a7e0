import { setFlagsFromString } from 'node:v8';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { timeLimit } from './time-limit.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it('comes when the time is over, also when garbage is collected before', async () => {
  const came = vi.fn();
  const { signal, expired } = timeLimit(1_000, new AbortController().signal);
  signal.addEventListener('abort', came);
  for (let times = 0; times < 3; times++) {
    await sleep(20);
    collectGarbage();
  }
  expect(came).not.toHaveBeenCalled();
  await vi.waitFor(() => {
    expect(came).toHaveBeenCalledOnce();
  }, 10_000);
  expect(signal.aborted).toBe(true);
  expect(expired()).toBe(true);
});

it('comes with the other signal, at once when that was there before', () => {
  const other = new AbortController();
  const limit = timeLimit(60_000, other.signal);
  expect(limit.signal.aborted).toBe(false);
  other.abort('enough');
  expect(limit.signal.reason).toBe('enough');
  expect(limit.expired()).toBe(false);
  expect(timeLimit(60_000, other.signal).signal.aborted).toBe(true);
});

it('never comes when it was released', async () => {
  const other = new AbortController();
  const limit = timeLimit(5, other.signal);
  limit.release();
  await sleep(30);
  other.abort();
  expect(limit.signal.aborted).toBe(false);
});
