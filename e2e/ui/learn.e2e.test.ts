import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { drive, type Driver } from './driver';

// The guide: each lesson asks for one thing in the graph of a real recording, and notices when it is done.

let app: App;
let ui: Driver;

beforeAll(async () => {
  app = await launchApp({ world: inject('world'), name: 'learn' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

const guide = (): Locator => app.window.getByRole('complementary', { name: 'Learn' });
const reply = (): Locator => guide().getByRole('status');
const next = (): Promise<void> => guide().getByRole('button', { name: 'Next', exact: true }).click();

/** Selects the widest frame of a function by the search and F3. */
async function select(name: string): Promise<void> {
  await ui.find(name);
  await app.window.keyboard.press('F3');
}

test('opens from the empty window on a recording', async () => {
  await ui.button('Learn to read a flame graph').click();
  await guide().waitFor();
  expect(await ui.graph()).toBeGreaterThan(1e9);
  await expect.poll(() => guide().getByRole('listitem').count()).toBe(8);
  await app.screenshot('1-width');
});

test('notices what is done, and says what is missing', async () => {
  await guide()
    .getByRole('button', { name: /Width is time/ })
    .click();
  await ui.graph();
  await select('report_view');
  await expect.poll(() => reply().innerText()).toMatch(/One of the other two is wider/);
  await select('checkout_view');
  await expect.poll(() => reply().innerText()).toMatch(/^Right: checkout_view was in [\d.]+.% of the samples/);
  await app.screenshot('2-done');
  await next();

  await app.window.getByText('A flame graph is no timeline').waitFor();
  await ui.graph();
  await select('catalogue_view');
  await expect.poll(() => reply().innerText()).not.toBe('');
});

test('leads on to a diff of two recordings, and closes with them', async () => {
  await guide()
    .getByRole('button', { name: /What changed/ })
    .click();
  await app.window.getByRole('tab', { name: 'Diff' }).waitFor();
  await ui.graph();
  await app.screenshot('3-diff');
  await select('add_shipping');
  await expect.poll(() => reply().innerText()).toMatch(/^add_shipping it is/);
  await app.screenshot('4-diff-done');
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('4-diff-done-light');
  await guide().getByRole('button', { name: 'Finish' }).click();
  await expect.poll(() => guide().count()).toBe(0);
  await ui.target('This computer').waitFor();
  await expect.poll(() => app.window.getByRole('list', { name: 'Open profiles' }).count()).toBe(0);
});
