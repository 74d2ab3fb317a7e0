import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { syntheticPprof } from '../../bench/parse/synthetic';
import { launchApp, type App } from '../app';
import { drive } from './driver';
import { inFrames, turnWheel, watchFrames } from './frames';
import { holdHelper } from './killing';

// A profile as large as they come, in the real window. How smooth it is, is printed and not judged: that depends on the
// machine. What is judged is that all of it arrives and that the window answers.

const sampleCount = 1_000_000;
const world = inject('world');
let app: App;

beforeAll(async () => {
  app = await launchApp({ world, name: 'large' });
  const file = join(app.home, 'large.pb');
  writeFileSync(file, syntheticPprof(sampleCount));
  chownSync(file, world.users.desk.uid, world.users.desk.gid);
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
  }, file);
});

afterAll(async () => {
  await app.dispose();
});

const say = (line: string): void => void process.stderr.write(`large: ${line}\n`);

test('the opening of a million frames is shown and can be given up', async () => {
  const { window: page } = app;
  // Within a third of a second, in which no progress is shown, a fast machine is done.
  const goOn = await holdHelper(app, 'decoder');
  try {
    await page.keyboard.press('Control+O');
    const opening = page.getByRole('heading', { name: /large\.pb$/ });
    await opening.waitFor();
    await page.getByRole('progressbar', { name: 'Loading' }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    goOn();
    await opening.waitFor({ state: 'detached' });
  } finally {
    goOn();
  }
  expect(await page.getByRole('list', { name: 'Open profiles' }).count()).toBe(0);
});

test('a million frames are opened, moved over, zoomed into and searched', async () => {
  const { window: page } = app;
  const ui = drive(page);
  const canvas = page.locator('[aria-label="Flame graph"] canvas');
  const opened = await watchFrames(page, async () => {
    await page.keyboard.press('Control+O');
    await ui.graph(200_000);
  });
  say(inFrames('open', opened));
  expect(Number(await canvas.getAttribute('data-nodes'))).toBeGreaterThan(sampleCount / 2);
  say(`${(await canvas.getAttribute('data-nodes')) ?? ''} nodes`);
  await app.screenshot('open');

  say(inFrames('wheel', await watchFrames(page, () => turnWheel(page, 90, 19))));
  await turnWheel(page, 10, -1000);

  const crumbs = page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  const zoomed = await watchFrames(page, async () => {
    for (const level of [3, 5, 7, 9]) {
      await canvas.dblclick({ position: { x: 200, y: 4 + level * 19 + 9 } });
    }
    await expect.poll(() => crumbs.count()).toBeGreaterThan(2);
  });
  say(inFrames('zoom', zoomed));
  await app.screenshot('zoomed');
  const back = await watchFrames(page, async () => {
    await page.keyboard.press('Escape');
    await expect.poll(() => crumbs.count()).toBe(1);
  });
  say(inFrames('back', back));

  const found = page.locator('output[for="flame-search"]');
  for (const query of ['method12', 'grpc', 'e']) {
    const searched = await watchFrames(page, async () => {
      await page.getByLabel('Search functions').fill(query);
      await expect.poll(() => found.innerText(), { interval: 10 }).toMatch(/match/);
    });
    say(inFrames(`search ${query} (${await found.innerText()})`, searched));
  }
  say(inFrames('wheel with marks', await watchFrames(page, () => turnWheel(page, 90, 19))));
  await app.screenshot('search');

  const table = await watchFrames(page, async () => {
    await page.getByRole('tab', { name: 'Table' }).click();
    await page.getByRole('table', { name: 'Functions' }).locator('[data-row]').first().waitFor();
  });
  say(inFrames('table', table));
  const sorted = await watchFrames(page, () => page.getByRole('button', { name: 'Total', exact: true }).click());
  say(inFrames('sort', sorted));
});
