import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { defaultSettings, hintIds } from '../../src/contract/settings.js';
import { query, type OpenViewer } from './viewer.js';
import { openBenchWindow, repositoryFolder, type BenchWindow, type Point } from './window.js';

const canvas = '[aria-label="Flame graph"] canvas';
/** JavaScript: what the canvas says of itself. */
export const state = `document.querySelector('${canvas}')?.dataset`;
/** JavaScript: all of a profile that the screen can show is there. */
export const ready = `${state}?.shown === 'yes' && ${state}.next === 'none' && ${state}.nodes > 1`;
const crumb = `document.querySelector('[aria-label="Operations"] li')`;
/** Of what can be done to all of a profile, one of each kind of work: the slowest is told. */
const operations = [/^Invert/, /^Group by package/, /^Focus on what matches/, /^Hide what matches/];
const found = `document.querySelector('output[for="flame-search"]')`;

/** The window of the built app, without what a first start explains. */
export function openOursWindow({ display, home, scale }: Parameters<OpenViewer>[0]): Promise<BenchWindow> {
  const config = join(home, '.config/Pyrometer');
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, 'settings.json'), JSON.stringify({ ...defaultSettings, hintsSeen: hintIds }));
  return openBenchWindow({
    app: repositoryFolder,
    args: [],
    display,
    home,
    scale,
    usable: (page) => page.getByText('This computer').first().waitFor(),
  });
}

/** The built app itself. What it is measured by is what its canvas says of itself: `shown` once all that the screen can show is there. */
export const openOurs: OpenViewer = async (options) => {
  const window = await openOursWindow(options);
  const { page } = window;
  const graphAt = { x: 600, y: 400 };
  return {
    window,
    graphAt,
    open: (file) => window.timed('drop', ({ drop }) => drop(file, graphAt), ready),
    search: async () => {
      await whole(page);
      await page.getByLabel('Search functions').fill(query.begin);
      await page.locator('output[for="flame-search"]').filter({ hasText: 'match' }).waitFor();
      const before = await page.evaluate(`${found}.textContent`);
      const ms = await window.timed(
        'keydown',
        ({ press }) => press(query.last),
        `${found}.textContent !== ${JSON.stringify(before)}`,
      );
      await page.getByLabel('Search functions').fill('');
      return ms;
    },
    transform: async () => {
      await page.getByLabel('Search functions').fill(query.begin);
      const choose = async (name: RegExp): Promise<Point> => {
        await whole(page);
        await page.getByRole('button', { name: 'Operations', exact: true }).click();
        const box = await page.getByRole('menuitem', { name }).boundingBox();
        if (box === null) throw new Error(`the menu has no item like ${String(name)}`);
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      };
      let slowest = 0;
      for (const name of operations) {
        const at = await choose(name);
        const ms = await window.timed(
          'click',
          ({ click }) => click(at),
          `${crumb} !== null && ${state}.shown === 'yes' && ${state}.next === 'none'`,
        );
        slowest = Math.max(slowest, ms);
        const back = await choose(/^Show the profile as it is/);
        await page.mouse.click(back.x, back.y);
        await page.locator('[aria-label="Operations"] li').first().waitFor({ state: 'detached' });
      }
      await page.getByLabel('Search functions').fill('');
      return slowest;
    },
    labels: () =>
      page.evaluate(async (selector) => {
        const drawn = document.querySelector<HTMLElement>(selector);
        drawn?.dispatchEvent(new WheelEvent('wheel', { deltaY: 19, bubbles: true, cancelable: true }));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        return Number(drawn?.dataset['names']);
      }, canvas),
  };
};

/** Until all nodes are there, not only those that the screen shows. */
export async function whole(page: Page): Promise<void> {
  await page.waitForFunction((selector) => {
    const { state: drawn, next } = document.querySelector<HTMLElement>(selector)?.dataset ?? {};
    return drawn === 'ready' && next === 'none';
  }, canvas);
}
