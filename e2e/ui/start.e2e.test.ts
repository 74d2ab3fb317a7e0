import { expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';

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

test('the window opens where it was, and where it can be seen', async () => {
  const first = await launchApp({ world, name: 'bounds' });
  const wanted = { x: 120, y: 60, width: 1100, height: 700 };
  const boundsOf = ({ electron }: App): Promise<Electron.Rectangle | undefined> =>
    electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
  await first.electron.evaluate(({ BrowserWindow }, bounds) => {
    BrowserWindow.getAllWindows()[0]?.setBounds(bounds);
  }, wanted);
  // The display does what it was asked for a moment later.
  await expect.poll(() => boundsOf(first)).toEqual(wanted);
  await first.dispose();
  const again = await launchApp({ world, name: 'bounds-again', home: first.home });
  try {
    await expect.poll(() => boundsOf(again)).toEqual(wanted);
  } finally {
    await again.dispose();
  }
});
