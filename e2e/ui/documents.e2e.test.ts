import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { repositoryFolder } from '../world/support/places';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';

// Several profiles open at once: each stays until it is closed, and nothing of it stays longer than its window.

const world = inject('world');
const folder = join(world.path, 'tmp', 'documents');
const goCpu = join(repositoryFolder, 'src/core/formats/testdata/go-cpu.pb.gz');
let app: App;
let ui: Driver;
let open: Locator;

function place(name: string, content: string | Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, content);
  for (const each of [folder, path]) chownSync(each, world.users.desk.uid, world.users.desk.gid);
  return path;
}

beforeAll(async () => {
  const first = place('go-cpu.pb.gz', readFileSync(goCpu));
  const second = place('shop.folded', 'main;checkout;tax 30\nmain;checkout 12\nmain;idle loop 8\n');
  app = await launchApp({ world, name: 'documents', args: [first, second] });
  ui = drive(app.window);
  open = app.window.getByRole('list', { name: 'Open profiles' });
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

/** Files that hold the bytes of open profiles. */
function spooled(): readonly string[] {
  const root = join(app.home, '.config/Pyrometer/spool');
  return readdirSync(root).flatMap((run) => readdirSync(join(root, run)));
}
const row = (name: string): Locator => open.getByRole('button', { name, exact: true });

test('all FILE arguments are open, the first is shown, and they are switched between with their zoom', async () => {
  await row('shop.folded').waitFor();
  await expect.poll(() => ui.graph()).toBe(480_000_000);
  await expect.poll(() => row('go-cpu.pb.gz').getAttribute('aria-current')).toBe('true');
  await row('shop.folded').click();
  await expect.poll(() => ui.graph()).toBe(50);
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await app.window.keyboard.press(key);
  const crumbs = app.window.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  await expect.poll(() => crumbs.allInnerTexts()).toEqual(['all', 'main', 'checkout']);
  await app.screenshot('two-open');
  await app.window.keyboard.press('Control+Shift+Tab');
  await expect.poll(() => ui.graph()).toBe(480_000_000);
  await expect.poll(() => crumbs.allInnerTexts()).toEqual(['all']);
  await app.window.keyboard.press('Control+Tab');
  await expect.poll(() => crumbs.allInnerTexts()).toEqual(['all', 'main', 'checkout']);
  await expect.poll(spooled).toHaveLength(2);
});

test('a target leads back to it and leaves the files open', async () => {
  await ui.target('This computer').click();
  await ui.button('Record').first().waitFor();
  expect(await open.getByRole('listitem').count()).toBe(2);
  await row('shop.folded').click();
  await expect.poll(() => ui.graph()).toBe(50);
});

test('a page that begins anew comes back to what was open', async () => {
  await app.window.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600))); // the session is kept 0.3 s later
  const [before] = await Promise.all([Promise.resolve(spooled()), app.window.reload()]);
  await row('go-cpu.pb.gz').waitFor();
  await expect.poll(() => ui.graph()).toBe(50);
  await expect.poll(() => new Set(spooled())).toEqual(new Set(before));
});

test('a window that is closed lets go of its profiles, and of no others', async () => {
  const others = spooled();
  const opened = app.electron.waitForEvent('window');
  await app.electron.evaluate(({ Menu }) => {
    Menu.getApplicationMenu()?.getMenuItemById('new-window')?.click();
  });
  const second: Page = await opened;
  await second.getByText('This computer', { exact: true }).first().waitFor();
  const id = await app.electron.evaluate(
    ({ BrowserWindow, dialog }, path) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
      return Math.max(...BrowserWindow.getAllWindows().map((window) => window.id));
    },
    place('second.folded', 'a;b 3\n'),
  );
  await second.keyboard.press('Control+o');
  await second.getByRole('list', { name: 'Open profiles' }).getByText('second.folded').waitFor();
  await waitFor('its profile in the spool', () => (spooled().length === others.length + 1 ? true : undefined), {
    timeoutMs: 20_000,
  });
  await app.electron.evaluate(({ BrowserWindow }, windowId) => {
    BrowserWindow.fromId(windowId)?.close();
  }, id);
  await waitFor('its profile to go', () => (spooled().length === others.length ? true : undefined), {
    timeoutMs: 20_000,
  });
  expect(new Set(spooled())).toEqual(new Set(others));
});

test('closing one shows the other; closing all leaves nothing', async () => {
  await ui.button('Close').click();
  await expect.poll(() => ui.graph()).toBe(480_000_000);
  await waitFor('its profile to go', () => (spooled().length === 1 ? true : undefined), { timeoutMs: 20_000 });
  await open.getByRole('button', { name: 'Close go-cpu.pb.gz' }).click({ force: true });
  await ui.button('Record').first().waitFor();
  await expect.poll(() => open.count()).toBe(0);
  await waitFor('the spool to be empty', () => (spooled().length === 0 ? true : undefined), { timeoutMs: 20_000 });
});
