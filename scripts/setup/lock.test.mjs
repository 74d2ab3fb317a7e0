import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the second waits for the first and says so once', async () => {
  /** @type {string[]} */
  const order = [];
  const first = withLock(
    async () => {
      order.push('first begins');
      await new Promise((resolve) => setTimeout(resolve, 450));
      order.push('first ends');
    },
    { directory },
  );
  const second = withLock(async () => void order.push('second'), {
    directory,
    onWait: (owner) => void order.push(`wait for ${owner}`),
  });
  await Promise.all([first, second]);
  expect(order).toEqual(['first begins', `wait for ${process.pid}`, 'first ends', 'second']);
  expect(existsSync(join(directory, 'lock'))).toBe(false);
});

test('the lock of a process that is gone is taken over, and a failure releases it', async () => {
  writeFileSync(join(directory, 'lock'), '4194304000');
  expect(await withLock(async () => 'done', { directory })).toBe('done');
  await expect(
    withLock(
      async () => {
        throw new Error('no luck');
      },
      { directory },
    ),
  ).rejects.toThrow('no luck');
  expect(existsSync(join(directory, 'lock'))).toBe(false);
});
