import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { framePitchPx } from '../../src/renderer/flame/viewport';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { drive, type Driver } from './driver';
import { turnWheel } from './frames';

// Graphs that do not fit the window: thousands of levels, and thousands of functions beside each other.

const world = inject('world');
const levels = 5000;
let app: App;
let ui: Driver;

function place(name: string, content: string): string {
  const folder = join(world.path, 'tmp', 'deep');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, content);
  for (const each of [folder, path]) chownSync(each, world.users.desk.uid, world.users.desk.gid);
  return path;
}

/** A parser that calls itself for each bracket, and what else the program does. */
function deepStacks(): string {
  const stack = ['main', 'parse'];
  while (stack.length < levels) stack.push(`nested_${stack.length}`);
  return `${stack.join(';')} 70\n${stack.slice(0, levels / 2).join(';')};close_bracket 20\nmain;print 10\n`;
}

/** Four thousand functions of one caller, some wide and many narrow. */
function wideStacks(): string {
  return Array.from({ length: 4000 }, (_, n) => `main;dispatch;handler_${n};reply_${n % 7} ${1 + (n % 50)}\n`).join('');
}

beforeAll(async () => {
  app = await launchApp({
    world,
    name: 'deep',
    args: [place('wide.folded', wideStacks()), place('deep.folded', deepStacks())],
  });
  ui = drive(app.window);
  await app.window.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

async function show(title: string): Promise<void> {
  await app.window
    .getByRole('list', { name: 'Open profiles' })
    .getByRole('button', { name: title, exact: true })
    .click();
  await expect.poll(() => app.window.getByRole('banner', { name: 'Selection' }).innerText()).toContain(title);
  await ui.graph();
}

async function resize(width: number, height: number): Promise<void> {
  await app.electron.evaluate(
    ({ BrowserWindow }, [wide, high]) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(wide ?? 0, high ?? 0);
    },
    [width, height],
  );
  await app.window.waitForFunction((wide) => innerWidth === wide, width);
}

/** Dark and light, in both sizes; dark and large again afterwards. */
async function pictures(label: string): Promise<void> {
  for (const theme of ['dark', 'light']) {
    for (const [width, height] of [
      [1440, 900],
      [1024, 640],
    ] as const) {
      await resize(width, height);
      await app.window.waitForTimeout(150); // two frames and what React draws behind a resize
      await app.screenshot(`${label}-${theme}-${width}`);
    }
    await app.window.keyboard.press('Control+Shift+L');
  }
  await resize(1440, 900);
}

const sticky = () => app.window.locator('.flame-sticky-row');

test('five thousand levels scroll, and the callers that are out of sight stay at the edge', async () => {
  await show('deep.folded');
  const { window: page } = app;
  const canvas = page.locator('[aria-label="Flame graph"] canvas');
  expect(await canvas.getAttribute('data-nodes')).toBe(String(1 + levels + 2));
  expect(await sticky().count()).toBe(0);

  await turnWheel(page, 10, 300 * framePitchPx);
  await expect.poll(() => sticky().allInnerTexts()).toHaveLength(5);
  const names = await sticky().allInnerTexts();
  const first = Number(names[0]?.replace('nested_', ''));
  expect(names).toEqual([0, 1, 2, 3, 4].map((n) => `nested_${first + n}`));
  await page.getByText(/ callers more$/).waitFor();
  await pictures('scrolled');

  // What is pressed is selected and comes into sight, below its own callers.
  await sticky().first().click();
  await expect.poll(() => ui.selectedFrame().getAttribute('aria-level')).toBe(String(first + 2));
  await expect.poll(async () => (await sticky().allInnerTexts()).at(-1)).toBe(`nested_${first - 1}`);
  await page.getByText(/ callers more$/).click();
  await expect.poll(() => sticky().count()).toBe(0);
});

test('the picture of the whole leads to any part of it', async () => {
  await show('deep.folded');
  const { window: page } = app;
  const map = page.locator('.flame-minimap canvas');
  const box = await map.boundingBox();
  if (box === null) throw new Error('a deep graph has no picture of the whole');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height - 2);
  await expect
    .poll(async () => Number((await sticky().first().innerText()).replace('nested_', '')))
    .toBeGreaterThan(levels * 0.9);
  await page.mouse.move(box.x + box.width / 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 1, { steps: 4 });
  await page.mouse.up();
  await expect
    .poll(async () => Number((await sticky().first().innerText()).replace('nested_', '')))
    .toBeLessThan(levels * 0.1);

  await show('wide.folded');
  const wide = await map.boundingBox();
  if (wide === null) throw new Error('a wide graph has no picture of the whole');
  await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  for (let press = 0; press < 12; press++) await page.keyboard.press('+');
  const edge = () => page.locator('.flame-minimap-box').evaluate((element) => element.getBoundingClientRect().left);
  await page.mouse.click(wide.x + 0.9 * wide.width, wide.y + 5);
  await expect.poll(edge).toBeGreaterThan(wide.x + 0.85 * wide.width);
  await pictures('wide');
  await page.keyboard.press('0');

  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.type('hide minimap');
  await page.keyboard.press('Enter');
  await map.waitFor({ state: 'detached' });
  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.type('show minimap');
  await page.keyboard.press('Enter');
  await map.waitFor();
});

test('keys alone go down thousands of levels, and a reader is told where they are', async () => {
  await show('deep.folded');
  const { window: page } = app;
  const grid = page.getByRole('treegrid', { name: 'Flame graph' });
  await grid.focus();
  await page.keyboard.press('Home');
  const read = async (): Promise<Record<string, string | null>> => {
    const id = (await grid.getAttribute('aria-activedescendant')) ?? 'none';
    const row = page.locator(`[id="${id}"]`);
    const value = (name: string): Promise<string | null> => row.getAttribute(`aria-${name}`);
    return {
      text: await row.innerText(),
      level: await value('level'),
      of: `${(await value('posinset')) ?? '?'} of ${(await value('setsize')) ?? '?'}`,
      expanded: await value('expanded'),
      selected: await value('selected'),
      row: `${(await value('rowindex')) ?? '?'} of ${(await grid.getAttribute('aria-rowcount')) ?? '?'}`,
    };
  };
  await expect.poll(read).toMatchObject({ text: 'all 100.0\u00a0%', level: '1', of: '1 of 1', expanded: 'true' });
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect.poll(read).toEqual({
    text: 'parse 90.0\u00a0%',
    level: '3',
    of: '1 of 2',
    expanded: 'true',
    selected: 'true',
    row: '4 of 6',
  });
  await page.keyboard.press('ArrowRight');
  await expect.poll(read).toMatchObject({ text: 'print 10.0\u00a0%', level: '3', of: '2 of 2', expanded: null });
  await page.keyboard.press('ArrowLeft');
  for (let level = 3; level < levels / 2 + 1; level++) await page.keyboard.press('ArrowDown');
  await expect
    .poll(read)
    .toMatchObject({ text: `nested_${levels / 2 - 1} 90.0\u00a0%`, level: String(levels / 2 + 1) });
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect
    .poll(read)
    .toMatchObject({ text: 'close_bracket 20.0\u00a0%', of: '2 of 2', level: String(levels / 2 + 2) });
  await pictures('keys');
  // The rows that are there are few, however deep the graph is.
  expect(await ui.frames().count()).toBeLessThan(60);
  await page.keyboard.press('ArrowUp');
  await expect.poll(read).toMatchObject({ text: `nested_${levels / 2 - 1} 90.0\u00a0%` });
  await page.keyboard.press('PageDown');
  await page.keyboard.press('Enter');
  await expect
    .poll(() => page.getByRole('navigation', { name: 'Zoom' }).getByRole('button').last().innerText())
    .toBe(`nested_${levels / 2 - 1}`);
  await page.keyboard.press('Escape');
});
