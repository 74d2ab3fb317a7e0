import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { openOffline } from '../browser';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';

const world = inject('world');
let app: App;
let ui: Driver;

beforeAll(async () => {
  app = await launchApp({ world, name: 'this-computer' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

test('Record profiles everything on this computer', async () => {
  await ui.target('This computer').click();
  await app.screenshot('1-before');
  await ui.button('Record').first().click();
  await ui.targetState('This computer', /recording/, 120_000);
  for (const name of ['revel_web', 'revel_celery_default', 'All services']) {
    await ui.service(name).waitFor({ timeout: 120_000 });
  }
  expect(await ui.graph()).toBeGreaterThan(0);
  await app.screenshot('2-everything');
});

test('the graph of the web container names its view, and what is native below it', async () => {
  await ui.service('revel_web').click();
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  expect(await ui.find('price_rules')).toContain('price_rules');
  await app.screenshot('3-search');
  // libcrypto's exported functions, which _hashlib calls: named from .dynsym.
  await waitFor(
    'a function of libcrypto',
    async () => ((await ui.findNow('SHA256')).length + (await ui.findNow('PKCS5')).length > 0 ? true : undefined),
    { timeoutMs: 90_000, everyMs: 250 },
  );
  expect(await ui.findNow('recalculate_prices')).toEqual([]);
});

test('the graph of the worker container names its task', async () => {
  await ui.service('revel_celery_default').click();
  await ui.graph();
  expect(await ui.find('recalculate_prices')).toContain('recalculate_prices');
  expect(await ui.findNow('checkout_view')).toEqual([]);
});

test('the graph grows with each window', async () => {
  await ui.service('All services').click();
  const before = await ui.graph();
  await waitFor('a larger graph', async () => ((await ui.graph()) > before ? true : undefined), {
    timeoutMs: 120_000,
    everyMs: 250,
  });
});

test('the table lists functions', async () => {
  await app.window.getByLabel('Search functions').fill(''); // the table shows what the search finds
  await app.window.getByRole('tab', { name: /Table/ }).click();
  await app.window.getByRole('table', { name: 'Functions' }).getByRole('row').nth(3).waitFor();
  await app.screenshot('4-table');
  await app.window.getByRole('tab', { name: /Flame/ }).click();
});

test('what is on the screen is shared as HTML that shows the same total, and as pprof', async () => {
  await app.window.keyboard.press('Escape');
  await app.window.getByRole('radio', { name: '1 h' }).click();
  // What is shared stays what is on the screen.
  if ((await ui.button('Live').getAttribute('aria-pressed')) === 'true') await ui.button('Live').click();
  await ui.service('revel_web').click();
  await ui.graph();
  const share = async (item: string, path: string): Promise<void> => {
    // The system's dialog can not be pressed by a test: what it would answer is put in its place.
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, path);
    await ui.button('Share').click();
    await app.window.getByRole('menuitem', { name: item }).click();
    await waitFor(
      `${path} to be written`,
      () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 || undefined,
      {
        timeoutMs: 30_000,
      },
    );
  };
  const html = join(app.home, 'tmp', 'flame.html');
  await share('HTML', html);
  const total = await ui.graph();
  const page = await openOffline(html);
  try {
    expect(Number(await page.page.locator('#total').getAttribute('data-total'))).toBeCloseTo(total, -3);
    expect(await page.page.locator('svg g').count()).toBeGreaterThan(20);
    await page.page.getByLabel('Search').fill('checkout_view');
    await page.page.getByText(/match(es)?, /).waitFor();
    await page.page.screenshot({ path: join(app.home, 'tmp', 'shared.png') });
    expect(page.requests).toEqual([]);
    expect(page.errors).toEqual([]);
  } finally {
    await page.dispose();
  }
  const pprof = join(app.home, 'tmp', 'profile.pb.gz');
  await share('pprof', pprof);
  expect(gunzipSync(readFileSync(pprof)).includes('checkout_view')).toBe(true);
});

test('a snapshot is kept and opens again', async () => {
  await ui.button('Save snapshot').click();
  await app.window.getByLabel('Title').fill('Checkout under load');
  await ui.button('Save').last().click();
  const row = app.window.getByRole('list', { name: 'Snapshots' }).getByRole('button', { name: /Checkout under load/ });
  await row.first().click();
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  await app.screenshot('5-snapshot');
});

test('a range is dragged, and a second one with Shift is a diff', async () => {
  await ui.service('revel_web').click();
  await app.window.getByRole('radio', { name: 'All' }).click();
  // What was shared and opened stood still; the windows that are still to come are waited for.
  if ((await ui.button('Live').getAttribute('aria-pressed')) !== 'true') await ui.button('Live').click();
  await ui.graph();
  const timeline = app.window.getByRole('group', { name: /^Timeline/ }).locator('canvas');
  await waitFor(
    'All to span the five windows and more that there are, and no hour',
    async () => {
      const points = Number(await timeline.getAttribute('data-points'));
      return points >= 5 && points < 200 ? true : undefined;
    },
    { timeoutMs: 90_000, everyMs: 250 },
  );
  const box = await timeline.boundingBox();
  if (box === null) throw new Error('the timeline is not on the screen');
  const drag = async (from: number, to: number): Promise<void> => {
    const y = box.y + box.height / 2;
    await app.window.mouse.move(box.x + from * box.width, y);
    await app.window.mouse.down();
    await app.window.mouse.move(box.x + to * box.width, y, { steps: 8 });
    await app.window.mouse.up();
  };
  await drag(0.005, 0.49);
  await ui.graph();
  await app.window.keyboard.down('Shift');
  await drag(0.51, 0.995);
  await app.window.keyboard.up('Shift');
  await app.window.getByRole('tab', { name: /Diff/ }).waitFor();
  await ui.graph();
  // Both sides are there: the totals of A and B.
  const details = app.window.locator('[aria-label="Details"]');
  await expect
    .poll(async () => {
      const totals = /total\s+([\d.,]+)\s\S+\s+([\d.,]+)\s/.exec(await details.innerText());
      return Number(totals?.[1]) > 0 && Number(totals?.[2]) > 0;
    })
    .toBe(true);
  await app.screenshot('6-diff');
});

test('Stop recording ends the agent', async () => {
  await ui.target('This computer').click();
  await ui.button('Stop recording').first().click();
  await ui.targetState('This computer', /stopped|ready/);
  await app.screenshot('7-stopped');
});
