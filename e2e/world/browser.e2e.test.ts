import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { openOffline } from '../browser';

const world = inject('world');

test('a file opens in Chromium without a network, and what it asks for is known', async () => {
  const file = join(world.path, 'tmp', 'page.html');
  writeFileSync(
    file,
    '<!doctype html><title>One</title><script src="https://example.invalid/x.js"></script><h1>offline</h1>',
  );
  const opened = await openOffline(file);
  try {
    expect(await opened.page.locator('h1').textContent()).toBe('offline');
    expect(opened.requests).toEqual(['https://example.invalid/x.js']);
    expect(opened.errors).not.toEqual([]);
  } finally {
    await opened.dispose();
  }
});
