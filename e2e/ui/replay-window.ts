import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { topPaddingPx, framePitchPx, sidePaddingPx } from '../../src/renderer/flame/viewport';
import { launchApp, type App } from '../app';
import { startReplay, type Replay } from '../world/replay';
import type { WorldAddresses } from '../world/world';
import { drive, type Driver } from './driver';
import { openStore, type Answer, type Store } from './replayed';

/** Where the replayed store ends, and what time the window believes it is: a little later. */
export const storeEndMs = Date.parse('2026-03-04T12:00:00Z');
export const nowMs = storeEndMs + 7_000;
/** The load of the made-up shop changes halfway, at 11:50. */
const storeMinutes = 20;

const sizes = [
  { width: 1440, height: 900 },
  { width: 1000, height: 700 },
] as const;

/** The app on a replayed store, with its clock, size and motion fixed. */
export interface ReplayWindow {
  readonly app: App;
  readonly page: Page;
  readonly ui: Driver;
  readonly store: Store;
  /** The process that answers as the agent. */
  readonly storePid: number;
  readonly canvas: Locator;
  /** Waits until the flame graph is whole and has this total. */
  shows(total: number): Promise<void>;
  /**
   * Follows the newest 15 minutes and shows their graph, not zoomed and not searched, whatever a test before or a first try of this one
   * left.
   */
  startOver(): Promise<void>;
  /** Where a node of the whole graph lies on the canvas, CSS pixels from its corner. The graph must not be scrolled. */
  placeOf(answer: Answer, node: number): Promise<{ readonly x: number; readonly y: number }>;
  resize(size: { readonly width: number; readonly height: number }): Promise<void>;
  /** Waits until what changed is on the screen. */
  painted(): Promise<void>;
  /** Takes pictures of what is shown, dark and light, large and small. It is dark and large again afterwards. */
  pictures(label: string): Promise<void>;
  dispose(): Promise<void>;
}

/** Starts the replay of so many minutes, then the app, and waits until the app shows the end of the store. */
export async function openReplayWindow(
  world: WorldAddresses,
  name: string,
  minutes = storeMinutes,
): Promise<ReplayWindow> {
  const replay: Replay = await startReplay({
    worldPath: world.path,
    uid: world.users.desk.uid,
    seed: 7,
    endMs: storeEndMs,
    minutes,
  });
  const store = await openStore(replay.socket);
  const app = await launchApp({ world, name });
  const page = app.window;
  const ui = drive(page);
  const canvas = page.locator('[aria-label="Flame graph"] canvas');

  const resize: ReplayWindow['resize'] = async ({ width, height }) => {
    await app.electron.evaluate(
      ({ BrowserWindow }, size) => {
        BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height);
      },
      { width, height },
    );
    await page.waitForFunction((size) => innerWidth === size.width && innerHeight === size.height, { width, height });
  };
  // What changed is on the screen two frames later: React and the canvas draw in the first.
  const painted = (): Promise<void> =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          requestAnimationFrame(() => {
            requestAnimationFrame(() => {
              resolve();
            });
          });
        }),
    );
  const startOver = async (): Promise<void> => {
    const live = ui.button('Live');
    await page.getByRole('radiogroup', { name: 'Time span' }).getByRole('radio', { name: '15 min' }).click();
    if ((await live.getAttribute('aria-pressed')) !== 'true') await live.click();
    await page.getByRole('tab', { name: 'Flame' }).click();
    await page.getByLabel('Search functions').fill('');
    await page.getByRole('treegrid', { name: 'Flame graph' }).press('Home');
  };
  const pictures: ReplayWindow['pictures'] = async (label) => {
    for (const theme of ['dark', 'light'] as const) {
      // As the desktop does it: a dialog keeps the window's keys to itself.
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const size of sizes) {
        await resize(size);
        await painted();
        await app.screenshot(`${label}-${theme}-${size.width}`);
      }
    }
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await resize(sizes[0]);
    await painted();
  };

  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await resize(sizes[0]);
  await page.clock.setFixedTime(nowMs);
  await page.reload();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  expect(await page.evaluate(() => devicePixelRatio)).toBe(1);
  await ui.target('This computer').click();
  await ui.targetState('This computer', /profiling/);
  await ui.service('revel_web').waitFor();

  return {
    app,
    page,
    ui,
    store,
    storePid: replay.pid,
    canvas,
    resize,
    painted,
    startOver,
    pictures,
    shows: async (total) => {
      await expect.poll(() => canvas.getAttribute('data-total'), { timeout: 30_000 }).toBe(String(total));
      await ui.graph();
    },
    placeOf: async ({ graph, total }, node) => {
      const width = await canvas.evaluate((element) => element.clientWidth);
      const middle = ((graph.x0[node] ?? 0) + (graph.x1[node] ?? 0)) / 2;
      return {
        x: sidePaddingPx + (middle / total) * (width - 2 * sidePaddingPx),
        y: topPaddingPx + ((graph.depth[node] ?? 0) + 0.5) * framePitchPx,
      };
    },
    dispose: async () => {
      store.dispose();
      await app.dispose();
      await replay.dispose();
    },
  };
}
