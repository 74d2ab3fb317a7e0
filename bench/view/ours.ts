import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { defaultSettings, hintIds } from '../../src/contract/settings.js';
import { query, type OpenViewer } from './viewer.js';
import { openBenchWindow, repositoryFolder } from './window.js';

const canvas = '[aria-label="Flame graph"] canvas';
const state = `document.querySelector('${canvas}')?.dataset`;
const found = `document.querySelector('output[for="flame-search"]')`;

/** The built app itself. What it is measured by is what its canvas says of itself: `shown` once all that the screen can show is there. */
export const openOurs: OpenViewer = async ({ display, home, scale }) => {
  const config = join(home, '.config/Pyrometer');
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, 'settings.json'), JSON.stringify({ ...defaultSettings, hintsSeen: hintIds }));
  const window = await openBenchWindow({
    app: repositoryFolder,
    args: [],
    display,
    home,
    scale,
    usable: (page) => page.getByText('This computer').first().waitFor(),
  });
  const { page } = window;
  const graphAt = { x: 600, y: 400 };
  return {
    window,
    graphAt,
    open: (file) =>
      window.timed(
        'drop',
        ({ drop }) => drop(file, graphAt),
        `${state}?.shown === 'yes' && ${state}.next === 'none' && ${state}.nodes > 1`,
      ),
    search: async () => {
      await whole(page);
      await page.getByLabel('Search functions').fill(query.begin);
      await page.waitForFunction(`/match/.test(${found}?.textContent)`);
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
      await whole(page);
      await page.getByRole('button', { name: 'Operations', exact: true }).click();
      const box = await page.getByRole('menuitem', { name: /^Invert/ }).boundingBox();
      if (box === null) throw new Error('the menu has no item that inverts');
      return window.timed(
        'click',
        ({ click }) => click({ x: box.x + box.width / 2, y: box.y + box.height / 2 }),
        `document.querySelector('[aria-label="Operations"] li') !== null && ${state}.shown === 'yes' && ${state}.next === 'none'`,
      );
    },
    labels: () =>
      page.evaluate(async () => {
        const { prototype } = CanvasRenderingContext2D;
        // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
        const { fillText } = prototype;
        let count = 0;
        prototype.fillText = () => {
          count += 1;
        };
        document
          .querySelector('[aria-label="Flame graph"] canvas')
          ?.dispatchEvent(new WheelEvent('wheel', { deltaY: 19, bubbles: true, cancelable: true }));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        prototype.fillText = fillText;
        return count;
      }),
  };
};

/** Until all nodes are there, not only those that the screen shows. */
async function whole(page: Page): Promise<void> {
  await page.waitForFunction(`${state}?.state === 'ready' && ${state}.next === 'none'`);
}
