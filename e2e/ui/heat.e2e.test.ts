import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { waitFor } from '../world/support/wait';
import { pictureFailures } from './picture-failures';
import { drive, type Driver } from './driver';
import { beginTimes, heatMapShown, recordHere } from './record-times';

// A recording with the time of each sample, made from the window; its heat map, and a part of it as what is looked at.

let app: App;
let ui: Driver;

beforeAll(async () => {
  app = await launchApp({ world: inject('world'), name: 'heat' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

const chosen = (): Locator =>
  app.window.getByRole('list', { name: 'Operations' }).getByRole('button', { name: /^Remove: only .*\d\d:\d\d:\d\d/ });

const heatMap = (): Locator => app.window.getByRole('group', { name: /^Heat map/ });
const columns = async (): Promise<number> => Number(await heatMap().locator('canvas').getAttribute('data-columns'));

/** A test begins with nothing brushed and compared. */
async function letGo(): Promise<void> {
  for (const button of [ui.button('Side A the rest, let go'), chosen()]) {
    if ((await button.count()) > 0) await button.click();
    await expect.poll(() => button.count()).toBe(0);
  }
}

test('Record with times opens as a heat map above its flame graph', async () => {
  await recordHere(ui);
  const dialog = await beginTimes(app, ui, '10 s');
  await dialog.getByRole('progressbar', { name: 'Recording' }).waitFor();
  await app.screenshot('1-recording');
  await heatMapShown(app);
  await app.window.getByRole('group', { name: /^Heat map, \d{1,2} s from \d\d:\d\d:\d\d/ }).waitFor();
  // Ten seconds from the first sample to the last, which both may be late where the machine is busy.
  expect(await columns()).toBeGreaterThanOrEqual(8);
  expect(await ui.graph()).toBeGreaterThan(0);
  await app.screenshot('2-heat-map');
});

test('a drag over a part shows just that, and a click lets it go', async () => {
  await letGo();
  await app.window.getByRole('radio', { name: 'Region' }).click();
  const whole = await ui.graph();
  const canvas = app.window.getByRole('group', { name: /^Heat map/ }).locator('canvas');
  const box = await canvas.boundingBox();
  if (box === null) throw new Error('the heat map is not on the screen');
  const at = (x: number, y: number): [number, number] => [box.x + 52 + x * 28, box.y + 4 + y * (box.height - 24)];
  await app.window.mouse.move(...at(2.5, 0.8));
  await app.window.mouse.down();
  await app.window.mouse.move(...at(6.5, 0.3), { steps: 4 });
  await app.window.mouse.up();
  await chosen().waitFor();
  await expect.poll(() => ui.graph()).toBeLessThan(whole);
  const part = await ui.graph();
  expect(part).toBeGreaterThan(0);
  await app.screenshot('3-brushed');
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('3-brushed-light');
  await app.window.keyboard.press('Control+Shift+L');

  // The same corners, and all of the time between them.
  await app.window.getByRole('radio', { name: 'From–to' }).click();
  await app.window.mouse.move(...at(2.5, 0.8));
  await app.window.mouse.down();
  await app.window.mouse.move(...at(6.5, 0.3), { steps: 4 });
  await app.window.mouse.up();
  await expect.poll(() => ui.graph()).toBeGreaterThan(part);
  expect(await ui.graph()).toBeLessThan(whole);
  await app.screenshot('4-from-to');

  await app.window.mouse.click(...at(9.5, 0.5));
  await expect.poll(() => ui.graph()).toBe(whole);
  await expect.poll(() => chosen().count()).toBe(0);
});

test('the keyboard alone brushes too, and the crumb takes it out again', async () => {
  await app.window.getByRole('tab', { name: 'Heat map' }).click();
  await letGo();
  const whole = await ui.graph();
  const map = heatMap();
  await app.window.mouse.move(4, 4);
  await map.focus();
  await app.window.keyboard.press('Home');
  for (let press = 0; press < 3; press++) await app.window.keyboard.press('ArrowRight');
  for (let press = 0; press < 3; press++) await app.window.keyboard.press('Shift+ArrowRight');
  for (let press = 0; press < 3; press++) await app.window.keyboard.press('Shift+PageUp');
  const said = app.window.getByRole('region', { name: 'When samples were taken' }).getByRole('status');
  await expect.poll(() => said.innerText()).toMatch(/: [\d,]+ samples? \([\d.]+.%\)$/);
  await app.window.keyboard.press('Enter');
  await chosen().waitFor();
  await expect.poll(() => ui.graph()).toBeLessThan(whole);
  await app.window.getByRole('tab', { name: 'Table' }).click();
  await app.window.getByRole('table', { name: 'Functions' }).getByRole('row').nth(2).waitFor();
  await chosen().click();
  await app.window.getByRole('tab', { name: 'Heat map' }).click();
  await expect.poll(() => ui.graph()).toBe(whole);
});

test('a cell is explained, by its key and by its menu', async () => {
  const map = heatMap();
  await app.window.mouse.move(4, 4);
  await map.focus();
  await app.window.keyboard.press('Home');
  await app.window.keyboard.press('ArrowRight');
  await app.window.keyboard.press('e');
  const popover = app.window.getByRole('dialog', {
    name: /^How samples of Heat map, \d\d:\d\d:\d\d\.\d{3} came about$/,
  });
  await popover.getByText('samples that say that they were taken then').waitFor();
  await popover.getByText(/^\d[\d.]*.% of [\d,]+$/).waitFor();
  await app.screenshot('4-explained');
  await app.window.keyboard.press('Escape');
  await expect.poll(() => popover.count()).toBe(0);
  expect(await map.evaluate((element) => element === document.activeElement)).toBe(true);
  await map.locator('canvas').click({ button: 'right', position: { x: 120, y: 60 } });
  await app.window.getByRole('menuitem', { name: /^Explain this number/ }).click();
  await popover.waitFor();
  await app.window.keyboard.press('Escape');
});

test('samples of the selected function are marked in it', async () => {
  const canvas = heatMap().locator('canvas');
  await app.window.mouse.move(4, 4);
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('Escape');
  await expect.poll(() => canvas.getAttribute('data-marked')).toBe('');
  for (let press = 0; press < 4; press++) await app.window.keyboard.press('ArrowDown');
  const said = app.window.getByRole('region', { name: 'When samples were taken' }).getByRole('status');
  // Each follows the keys in its own time.
  await waitFor(
    'the selected function to be marked',
    async () => {
      const name = (await ui.selectedFrame().getByRole('gridcell').first().innerText()).trim();
      const words = await said.innerText();
      if ((await canvas.getAttribute('data-marked')) !== name || !words.includes(name)) return undefined;
      return /^Marked: .*, [\d,]+ samples? \([\d.]+.%\)$/.test(words) ? true : undefined;
    },
    { timeoutMs: 30_000 },
  );
  await app.screenshot('5-marked');
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('5-marked-light');
  await app.window.keyboard.press('Control+Shift+L');
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('Escape');
  await expect.poll(() => canvas.getAttribute('data-marked'), { timeout: 10_000 }).toBe('');
});

test('what is brushed is compared with the rest, by the seconds of both', async () => {
  await letGo();
  const map = heatMap();
  const panel = app.window.getByRole('region', { name: 'What changed' });
  const compare = ui.button('Compare with the rest');
  await expect.poll(() => compare.count()).toBe(0);
  // A third of the first three seconds: too few to judge by.
  await app.window.mouse.move(4, 4);
  await map.focus();
  await app.window.keyboard.press('Home');
  for (let press = 0; press < 2; press++) await app.window.keyboard.press('Shift+ArrowRight');
  for (let press = 0; press < 3; press++) await app.window.keyboard.press('Shift+PageUp');
  await app.window.keyboard.press('Enter');
  await chosen().waitFor();
  await compare.click();
  await panel
    .getByText(/windows: fewer than 8 on a side cannot tell a change from chance/)
    .waitFor({ timeout: 30_000 });
  await app.window.getByRole('tab', { name: 'Heat map', selected: true }).waitFor();
  await app.screenshot('5-few');
  // The same part of all seconds, while the comparison goes on.
  await map.focus();
  await app.window.keyboard.press('Home');
  for (let press = await columns(); press > 0; press--) await app.window.keyboard.press('Shift+ArrowRight');
  for (let press = 0; press < 3; press++) await app.window.keyboard.press('Shift+PageUp');
  await app.window.keyboard.press('Enter');
  await panel
    .getByText(/^([89]|\d\d) \+ ([89]|\d\d) windows: what of each second lies beside/)
    .waitFor({ timeout: 30_000 });
  await ui.graph();
  await app.screenshot('6-region');
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('6-region-light');
  await app.window.keyboard.press('Control+Shift+L');
  await ui.button('Side A the rest, let go').click();
  await expect.poll(() => app.window.getByRole('tab', { name: 'Diff' }).count()).toBe(0);
  await chosen().click();
});

test('a recording is ended before its time, and what there is opens', async () => {
  const named = (): Promise<string> =>
    heatMap().evaluateAll((all) => all.map((each) => each.getAttribute('aria-label') ?? '').join());
  const before = await named();
  const dialog = await beginTimes(app, ui, '1 min');
  await dialog
    .getByRole('status')
    .getByText(/^[\d,]+ samples?$/)
    .waitFor();
  // A sample at least: the progress comes once a second.
  await expect.poll(() => dialog.getByRole('status').innerText(), { timeout: 30_000 }).not.toMatch(/^0 /);
  await app.screenshot('6-can-be-ended');
  await dialog.getByRole('button', { name: 'End now' }).click();
  await dialog.waitFor({ state: 'detached', timeout: 30_000 });
  await expect
    .poll(async () => ((await named()) === before ? 'the one before' : named()), { timeout: 30_000 })
    .toMatch(/^Heat map, \d{1,2}\ss from/);
  expect(await ui.graph()).toBeGreaterThan(0);
  expect(await columns()).toBeLessThan(55);
});
