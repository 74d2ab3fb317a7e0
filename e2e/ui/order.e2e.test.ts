import { spawn, type ChildProcess } from 'node:child_process';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { drive, type Driver } from './driver';
import { beginTimes, heatMapShown, recordHere } from './record-times';

// Time order, and filters by label, of a real recording: a program whose two halves take turns and then sleep, each second.

const world = inject('world');
const program = `
import time

def until(end):
    while time.monotonic() < end:
        pass

def first_half(begin):
    until(begin + 0.3)

def second_half(begin):
    until(begin + 0.6)

def take_turns():
    while True:
        begin = time.monotonic()
        first_half(begin)
        second_half(begin)
        time.sleep(0.4)

take_turns()
`;

let app: App;
let ui: Driver;
let turns: ChildProcess;

beforeAll(async () => {
  const { uid, gid } = world.users.nosudo;
  turns = spawn('/usr/bin/python3', ['-c', program], { uid, gid, cwd: '/', stdio: 'ignore' });
  app = await launchApp({ world, name: 'order' });
  ui = drive(app.window);
  await recordHere(ui);
  // Its interpreter was read: on a busy machine, seconds after its first samples, which have no names of Python's.
  await ui.find('first_half');
  await app.window.getByLabel('Search functions', { exact: true }).fill('');
  await beginTimes(app, ui, '10 s');
  await heatMapShown(app);
  await app.window.getByRole('tab', { name: 'Flame' }).click();
  await ui.graph();
}, 240_000);

pictureFailures(() => app);

afterAll(async () => {
  turns.kill('SIGKILL');
  await app.dispose();
});

const canvas = (): Locator => app.window.locator('[aria-label="Flame graph"] canvas');
const order = (name: string): Locator =>
  app.window.getByRole('radiogroup', { name: 'Order of frames' }).getByRole('radio', { name, exact: true });
const waitForOrder = (name: 'time' | 'left-heavy'): Promise<void> =>
  canvas()
    .and(app.window.locator(`[data-order="${name}"][data-next="none"]`))
    .waitFor();
const selectedName = async (): Promise<string> =>
  (await ui.selectedFrame().getByRole('gridcell').first().innerText()).trim();

let whole = 0;
let own = 0;

test('time order shows one thread, which is chosen by its number', async () => {
  whole = await ui.graph();
  await order('Time order').click();
  await waitForOrder('time');
  await app.window.getByRole('button', { name: /^Thread: / }).click();
  await app.window.getByLabel('Filter threads', { exact: true }).fill(String(turns.pid));
  await app.screenshot('1-threads');
  await app.window.getByRole('menuitem', { name: new RegExp(`${turns.pid ?? 0}\\b`) }).click();
  await app.window.getByRole('button', { name: new RegExp(`^Thread: .*${turns.pid ?? 0}$`) }).waitFor();
  // Two thirds of ten seconds at most, much less where the machine is busy; and of nobody else.
  await expect.poll(() => ui.graph()).toBeLessThan(Math.min(whole, 8e9));
  expect(await ui.find('first_half')).toEqual(['first_half']);
  own = await ui.graph();
  expect(own).toBeGreaterThan(1e8);
  await expect.poll(() => app.window.locator('.time-ruler span').first().innerText()).toMatch(/^\d\d:\d\d:\d\d/);
  await app.screenshot('2-time-order');
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('2-time-order-light');
  await app.window.keyboard.press('Control+Shift+L');
});

test('its halves follow one another along a level, and the search counts their share of what was measured', async () => {
  expect(await ui.find('first_half')).toEqual(['first_half']);
  const said = async (): Promise<readonly number[]> => {
    const words = await app.window.locator('output[for="flame-search"]').innerText();
    return (/^(\d+) match(?:es)?, ([\d.]+)/.exec(words) ?? []).slice(1).map(Number);
  };
  await expect.poll(async () => (await said())[0]).toBeGreaterThanOrEqual(4); // once a second for ten of them, and again after each gap
  const [, share] = await said();
  expect(Number(share)).toBeGreaterThan(10);
  expect(Number(share)).toBeLessThan(90);
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('F3');
  const turnsTaken: string[] = [];
  for (let step = 0; step < 60 && turnsTaken.length < 5; step++) {
    const name = await selectedName();
    if (name.endsWith('_half') && name !== turnsTaken.at(-1)) turnsTaken.push(name);
    const before = await ui.selectedFrame().getAttribute('id');
    await app.window.keyboard.press('ArrowRight');
    await expect.poll(() => ui.selectedFrame().getAttribute('id')).not.toBe(before);
  }
  const halves = ['first_half', 'second_half'];
  expect(turnsTaken).toEqual([...halves, ...halves, 'first_half']);
});

test('zoom, and what is pointed at, are of the one frame that is meant', async () => {
  const before = await ui.selectedFrame().getAttribute('id');
  await app.window.keyboard.press('Enter');
  const zoomed = app.window.getByRole('navigation', { name: 'Zoom' }).locator('[aria-current="true"]');
  await expect.poll(() => zoomed.innerText()).toBe(await selectedName());
  expect(await ui.selectedFrame().getAttribute('id')).toBe(before);
  await expect.poll(() => app.window.locator('.time-ruler span').first().innerText()).toMatch(/\.\d\d\d$/);
  const box = await canvas().boundingBox();
  if (box === null) throw new Error('the graph is not on the screen');
  const tooltip = app.window.getByRole('tooltip');
  for (let y = 14; y < box.height && (await tooltip.count()) === 0; y += 19) {
    await app.window.mouse.move(box.x + box.width / 2, box.y + y);
  }
  await tooltip.getByText(/^\d\d:\d\d:\d\d\.\d{3} to \d\d:\d\d:\d\d\.\d{3}$/).waitFor();
  await app.screenshot('3-zoomed');
  await app.window.keyboard.press('Escape');
});

test('the other views are of the same thread, and the key goes back to the widest first', async () => {
  await app.window.getByRole('tab', { name: 'Table' }).click();
  // Searched for: of many functions only the rows that can be seen are there.
  const table = app.window.getByRole('table', { name: 'Functions' });
  await app.window.getByLabel('Search functions', { exact: true }).fill('second_half');
  await table.getByText('second_half', { exact: true }).waitFor();
  await app.window.getByLabel('Search functions', { exact: true }).fill('checkout_view');
  await table.getByText('second_half', { exact: true }).waitFor({ state: 'detached' });
  expect(await table.getByText('checkout_view', { exact: true }).count()).toBe(0);
  await app.window.getByLabel('Search functions', { exact: true }).fill('');
  await app.window.getByRole('tab', { name: 'Flame' }).click();
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('t');
  await waitForOrder('left-heavy');
  expect(await ui.graph()).toBe(whole);
  await app.window.keyboard.press('t');
  await waitForOrder('time');
});

test('of all threads samples stand one behind the other', async () => {
  await app.window.getByRole('button', { name: /^Thread: / }).click();
  await app.window.getByRole('menuitem', { name: /^All threads/ }).click();
  await expect.poll(() => ui.graph()).toBe(whole);
  await app.window.getByText('Samples one behind the other: widths are no time').waitFor();
  await app.screenshot('4-all-threads');
  await order('Left heavy').click();
  await waitForOrder('left-heavy');
});

/** By the menu of operations; `key` is the label's, since a process and its first thread have one number. */
async function filterByLabel(what: 'Only' | 'Without', key: string, value: string): Promise<void> {
  await app.window.getByRole('button', { name: 'Operations', exact: true }).click();
  await app.window.getByRole('menuitem', { name: /^Filter by label/ }).click();
  const dialog = app.window.getByRole('dialog', { name: 'Filter by label' });
  await dialog.getByLabel('Filter labels', { exact: true }).fill(value);
  const group = dialog.getByRole('region', { name: key, exact: true });
  await group.getByRole('button', { name: `${what} ${value}`, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}
const remove = (words: string): Locator =>
  app.window.getByRole('list', { name: 'Operations' }).getByRole('button', { name: `Remove: ${words}`, exact: true });

test('a filter by label keeps what one process was sampled in, or leaves it out, and is undone', async () => {
  const pid = String(turns.pid);
  await filterByLabel('Only', 'pid', pid);
  await remove(`only pid ${pid}`).waitFor();
  // It has one thread.
  await expect.poll(() => ui.graph()).toBe(own);
  await app.screenshot('5-one-process');
  await remove(`only pid ${pid}`).click();
  await expect.poll(() => ui.graph()).toBe(whole);
  await filterByLabel('Without', 'pid', pid);
  await remove(`without pid ${pid}`).waitFor();
  await expect.poll(() => ui.graph()).toBe(whole - own);
  expect(await ui.findNow('second_half')).toEqual([]);
  await app.window.getByLabel('Search functions', { exact: true }).fill('');
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('Alt+ArrowLeft');
  await expect.poll(() => ui.graph()).toBe(whole);
});

test('filters combine, and a name of threads is one of all processes', async () => {
  const pid = String(turns.pid);
  await filterByLabel('Only', 'thread', 'python3');
  await remove('only thread python3').waitFor();
  await expect.poll(() => ui.graph()).toBeLessThan(whole);
  expect(await ui.graph()).toBeGreaterThanOrEqual(own);
  await filterByLabel('Only', 'pid', pid);
  await remove(`only pid ${pid}`).waitFor();
  await expect.poll(() => ui.graph()).toBe(own);
  await app.window.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await app.window.keyboard.press('Alt+ArrowLeft');
  await app.window.keyboard.press('Alt+ArrowLeft');
  await expect.poll(() => ui.graph()).toBe(whole);
});
