import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { openReplayWindow, type ReplayWindow } from './replay-window';
import { addServer } from './servers';

// Keys that no other test presses: each does what the list of keys says.

const world = inject('world');
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(world, 'shortcuts');
  await view.ui.service('revel_web').click();
  await view.ui.graph();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const press = (keys: string): Promise<void> => view.page.keyboard.press(keys);
const graph = (): Locator => view.page.getByRole('treegrid', { name: 'Flame graph' });

test('/ goes to the search from a view, and is a sign where text is written', async () => {
  await graph().focus();
  await press('/');
  const field = view.page.getByLabel('Search functions');
  await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await field.inputValue()).toBe('');
  await press('/');
  await expect.poll(() => field.inputValue()).toBe('/');
  await press('Escape');
});

test('Ctrl+B and Ctrl+I fold what stands beside the views, and back', async () => {
  for (const [keys, part] of [
    ['Control+b', view.page.getByRole('list', { name: 'Targets' })],
    ['Control+i', view.page.getByRole('complementary', { name: 'Details' })],
  ] as const) {
    await part.waitFor();
    await press(keys);
    await part.waitFor({ state: 'hidden' });
    await press(keys);
    await part.waitFor();
  }
});

test('Ctrl+L follows new windows, or stops', async () => {
  const live = view.ui.button('Live');
  const before = await live.getAttribute('aria-pressed');
  await press('Control+l');
  await expect.poll(() => live.getAttribute('aria-pressed')).toBe(before === 'true' ? 'false' : 'true');
  await press('Control+l');
  await expect.poll(() => live.getAttribute('aria-pressed')).toBe(before);
});

test('F6 and Shift+F6 go from one view to the other', async () => {
  await press('Control+\\');
  const panes = view.page.locator('.pane');
  const focused = (): Promise<number> =>
    panes.evaluateAll((all) => all.findIndex((pane) => pane.contains(document.activeElement)));
  await graph().focus();
  const first = await focused();
  await press('F6');
  await expect.poll(focused).toBe(1 - first);
  await press('Shift+F6');
  await expect.poll(focused).toBe(first);
  await press('Control+\\');
});

test('Ctrl+Shift+D asks what to compare with, Ctrl+Shift+X swaps the sides', async () => {
  await press('Control+Shift+D');
  await view.page.getByRole('dialog').waitFor();
  await press('Escape');
  await view.page.getByRole('dialog').waitFor({ state: 'detached' });
  await press('Control+d');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  const sides = async (): Promise<readonly string[]> => {
    await view.ui.graph();
    return view.page.getByRole('button', { name: /^Range [AB] / }).allInnerTexts();
  };
  const before = await sides();
  await press('Control+Shift+X');
  await expect.poll(sides).not.toEqual(before);
  await press('Control+Shift+X');
  await expect.poll(sides).toEqual(before);
  await view.ui.button('End').click();
  await view.page.getByRole('tab', { name: 'Flame' }).waitFor();
});

test('Ctrl+E shares what is shown', async () => {
  const filePath = join(view.app.home, 'shared.html');
  await view.app.electron.evaluate(({ dialog }, path) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: path });
  }, filePath);
  await view.ui.graph();
  await press('Control+e');
  await expect
    .poll(() => {
      try {
        return readFileSync(filePath, 'utf8').slice(0, 15).toLowerCase();
      } catch (error) {
        return String(error);
      }
    })
    .toBe('<!doctype html>');
});

test('Ctrl+Shift+A shows all services', async () => {
  const all = view.ui.service('All services');
  expect(await all.getAttribute('aria-current')).toBe('false');
  await press('Control+Shift+A');
  await expect.poll(() => all.getAttribute('aria-current')).toBe('true');
  await view.ui.service('revel_web').click();
  await view.ui.graph();
});

test('Alt+Left and Alt+Right go over services and Live', async () => {
  const [all, web] = [view.ui.service('All services'), view.ui.service('revel_web')];
  const isCurrent = (service: Locator) => expect.poll(() => service.getAttribute('aria-current')).toBe('true');
  const live = view.ui.button('Live');
  const before = await live.getAttribute('aria-pressed');
  await press('Control+Shift+A');
  await isCurrent(all);
  await press('Control+l');
  await expect.poll(() => live.getAttribute('aria-pressed')).not.toBe(before);
  await press('Alt+ArrowLeft');
  await expect.poll(() => live.getAttribute('aria-pressed')).toBe(before);
  await isCurrent(all);
  await press('Alt+ArrowLeft');
  await isCurrent(web);
  await press('Alt+ArrowRight');
  await isCurrent(all);
  await press('Alt+ArrowLeft');
  await isCurrent(web);
  await view.ui.graph();
});

test('? lists every key that the menu of the window and the tooltips tell', async () => {
  const ofMenu = await view.app.electron.evaluate(({ Menu }) =>
    (Menu.getApplicationMenu()?.items ?? [])
      .flatMap(({ submenu }) => submenu?.items ?? [])
      .map(({ label, accelerator }) => ({ label, keys: String(accelerator) })),
  );
  // What Electron does by itself it writes otherwise.
  const ownKeys = ofMenu.flatMap(({ keys }) =>
    keys.startsWith('CmdOrCtrl+') ? [keys.replace('CmdOrCtrl', 'Ctrl')] : [],
  );
  const ofTips = await view.page.evaluate(() =>
    [...document.querySelectorAll('[title]')].flatMap(
      (element) => /\((Ctrl\+[^)]+)\)$/.exec(element.getAttribute('title') ?? '')?.[1] ?? [],
    ),
  );
  expect(ownKeys, JSON.stringify(ofMenu)).toContain('Ctrl+Shift+N');
  expect(ofTips).toContain('Ctrl+L');
  await graph().focus();
  await press('?');
  const dialog = view.page.getByRole('dialog', { name: 'Keys' });
  await dialog.waitFor();
  const listed = await dialog.locator('kbd').allInnerTexts();
  for (const keys of [...ownKeys, ...ofTips]) {
    expect(listed).toContain(keys);
  }
  await view.app.screenshot('keys');
  await press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('Ctrl+W closes the snapshot that is shown', async () => {
  await press('Control+s');
  await view.page.getByLabel('Title').fill('to be closed');
  await view.page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await view.page
    .getByRole('list', { name: 'Snapshots' })
    .getByRole('button', { name: /^to be closed/ })
    .click();
  const open = view.page.getByRole('list', { name: 'Open profiles' });
  await open.getByRole('button', { name: /^to be closed/ }).waitFor();
  await view.ui.graph();
  await press('Control+w');
  await open.waitFor({ state: 'detached' });
});

test('Ctrl+Enter does what the button of the chosen target would do', async () => {
  const { host, port, hostPublicKey } = world.sshd;
  await addServer(view.app, view.ui, world, { name: 'web-1', host, port, hostPublicKey, user: 'pyro' });
  await press('Control+Enter');
  await view.ui.targetState('web-1', /not installed|stopped|profiling/);
});
