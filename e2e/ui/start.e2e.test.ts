import { expect, inject, test } from 'vitest';
import { launchApp } from '../app';

const world = inject('world');

test.each(['desk', 'root'] as const)('the built app opens for %s with This computer in the list', async (user) => {
  const app = await launchApp({ world, name: `start-${user}`, user });
  try {
    await app.window.getByText('This computer', { exact: true }).first().waitFor({ timeout: 30_000 });
    await app.screenshot('window');
    expect(app.window.url()).toMatch(/^app:/);
    // Started without a file, it complains of none.
    expect(await app.window.getByText('is no file').count()).toBe(0);
  } finally {
    await app.dispose();
  }
});
