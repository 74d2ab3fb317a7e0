import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { partWords, summaryWords } from '../../src/core/guidance/summary-words';
import { lossWords } from '../../src/renderer/features/trust/trust-words';
import { formatCount, formatShare, formatValue } from '../../src/renderer/format/numbers';
import { formatSpan } from '../../src/renderer/format/times';
import { faultsOf } from './axe';
import { nowMs, openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';

// What the window says of one profile in words, and where each number comes from; against what the store itself answers.

const minuteMs = 60_000;
const shown = { startMs: nowMs - 15 * minuteMs, endMs: nowMs };
const web = '{service_name="revel_web"}';
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'guidance');
  await view.ui.service('revel_web').click();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const words = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll(/\s+/g, ' ').trim();
/** Unfolds a number, or folds it: a test that failed may have left it either way. */
const unfold = async (number: Locator, open = true): Promise<void> => {
  if ((await number.getAttribute('aria-expanded')) !== String(open)) await number.click();
};
const clipboard = (): Promise<string> => view.app.electron.evaluate(({ clipboard: board }) => board.readText());

test('the summary says where the time goes, and a press on a part shows just that', async () => {
  const { summary, total } = await view.store.profile(web, shown);
  await view.page.getByRole('tab', { name: 'Flame' }).click();
  await view.page.getByLabel('Search functions').fill('');
  await view.shows(total);
  expect(summary.length).toBeGreaterThan(2);
  const panel = view.page.getByRole('region', { name: 'In words' });
  const parts = panel.getByRole('listitem');
  await expect.poll(() => parts.count()).toBe(summary.length);
  const found = view.page.locator('output[for="flame-search"]');
  for (const [index, part] of summary.entries()) {
    const button = parts.nth(index).getByRole('button');
    // The summary of what was shown before stays until this one's is there.
    await expect
      .poll(async () => words(await button.innerText()), { timeout: 30_000 })
      .toBe(words(`${formatShare(part.share)} ${partWords(part)}`));
    await button.click();
    if (part.kind === 'unnamed') {
      const rows = view.page.getByRole('table', { name: 'Functions' }).locator('[data-row]');
      await expect.poll(() => rows.count()).toBeGreaterThan(0);
      await view.page.getByRole('tab', { name: 'Flame' }).click();
    } else {
      await expect.poll(async () => words(await found.innerText())).toContain(words(formatShare(part.share)));
    }
    if (index === 0) await view.pictures('summary-part');
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe('true');
    await button.click();
    await expect.poll(() => view.page.getByLabel('Search functions').inputValue()).toBe('');
  }
  await panel.getByRole('button', { name: 'Copy the summary' }).click();
  await expect.poll(clipboard).toBe(summaryWords(summary));
  await view.pictures('summary');
});

test('the summary follows operations, and is gone where it would not be true', async () => {
  const panel = view.page.getByRole('region', { name: 'In words' });
  const run = async (action: string): Promise<void> => {
    await view.page.keyboard.press('Control+Shift+P');
    await view.page.getByLabel('Search actions').fill(action);
    await view.page.keyboard.press('Enter');
  };
  await run('Hide the kernel');
  await expect.poll(async () => words(await panel.innerText())).not.toContain('in the kernel');
  await run('Show the profile as it is');
  await expect.poll(async () => words(await panel.innerText())).toContain('in the kernel');
  await run('Invert');
  await expect.poll(() => panel.count()).toBe(0);
  await run('Show the profile as it is');
  await panel.waitFor();
});

test('a number unfolds to its samples, windows, losses and the request that made it', async () => {
  const answer = await view.store.profile(web, shown);
  const trust = await view.store.trust(web, shown);
  const node = answer.nodeOf('order_list');
  await view.canvas.click({ position: await view.placeOf(answer, node) });
  const details = view.page.getByRole('complementary', { name: 'Details' });
  const width = (answer.graph.x1[node] ?? 0) - (answer.graph.x0[node] ?? 0);
  const total = details.getByRole('button', { name: formatValue(width, 'nanoseconds') }).first();
  await unfold(total, false);
  await expect.poll(() => total.getAttribute('aria-expanded')).toBe('false');
  await unfold(total);
  const explained = details.getByRole('group', { name: 'How total came about' });
  // What the agent counted is asked for by itself.
  await expect
    .poll(async () => words(await explained.innerText()), { timeout: 30_000 })
    .toContain(trust.fates === undefined ? '' : `lost ${words(lossWords(trust.fates))}`);
  const text = words(await explained.innerText());
  expect(text).toContain(`samples ${words(formatCount(width / answer.period))} of 10.3 ms (97 a second)`);
  expect(text).toContain(`windows ${trust.fates?.windows}`);
  expect(text).toContain('the store of the agent of This computer');
  expect(text).toContain(web);
  expect(text).toContain('process_cpu:cpu:nanoseconds:cpu:nanoseconds');
  await view.pictures('explained');
  await explained.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(clipboard).toContain(`for: ${web}`);

  // It stays unfolded for the next frame, and is of that one then.
  await view.canvas.click({ position: await view.placeOf(answer, answer.nodeOf('execute_sql')) });
  await expect.poll(async () => words(await explained.innerText())).not.toContain(text.split(' by chance')[0] ?? '');
  await view.page.keyboard.press('Escape');
  const whole = details.getByRole('group', { name: 'How total came about' });
  await expect
    .poll(async () => words(await whole.innerText()))
    .toContain(`samples ${words(formatCount(answer.total / answer.period))} of`);
  await details.getByRole('button', { name: formatValue(answer.total, 'nanoseconds') }).click();
  await expect.poll(() => whole.count()).toBe(0);
});

/** What is open over the window to explain a figure. */
const explained = (name: string): Locator => view.page.getByRole('dialog', { name: `How ${name} came about` });

/** Explains a number by its menu, and answers what is said of it. */
async function explain(number: Locator, name: string): Promise<string> {
  await number.click({ button: 'right' });
  await view.page.getByRole('menuitem', { name: /^Explain this number/ }).click();
  const popover = explained(name);
  // What became of its samples is asked for by itself.
  await expect.poll(async () => words(await popover.innerText()), { timeout: 30_000 }).not.toContain('asking');
  return words(await popover.innerText());
}

async function close(name: string): Promise<void> {
  await view.page.keyboard.press('Escape');
  await expect.poll(() => explained(name).count()).toBe(0);
}

/** A test begins with the whole graph of the web server, whatever the one before has left. */
async function begin(): Promise<void> {
  await view.page.keyboard.press('Escape');
  if ((await view.ui.button('End').count()) > 0) await view.ui.button('End').click();
  await view.ui.service('revel_web').click();
  await view.startOver();
  await view.shows((await view.store.profile(web, shown)).total);
}

test('any number of the table is explained by its menu, its key and the palette', async () => {
  await begin();
  const answer = await view.store.profile(web, shown);
  const trust = await view.store.trust(web, shown);
  const { self = 0, total = 0 } = answer.functions.get('order_list') ?? {};
  await view.page.getByRole('tab', { name: 'Table' }).click();
  await view.page.getByLabel('Search functions').fill('order_list');
  const row = view.page
    .getByRole('table', { name: 'Functions' })
    .locator('[data-row]')
    .filter({ hasText: 'order_list' });
  await expect.poll(() => row.count()).toBe(1);
  const samples = (value: number): string => `samples ${words(formatCount(value / answer.period))} of 10.3 ms`;
  const text = await explain(row.getByRole('cell').nth(2), 'Total of order_list');
  expect(text).toContain(
    `of all ${words(`${formatShare(total / answer.total)} of ${formatValue(answer.total, 'nanoseconds')}`)}`,
  );
  expect(text).toContain(samples(total));
  expect(text).toContain(`windows ${trust.fates?.windows}`);
  expect(text).toContain(`for ${web}`);
  expect(await faultsOf(view.page)).toEqual([]);
  await view.pictures('explained-table');
  // The other numbers of the row are one key away.
  await view.page.keyboard.press('ArrowLeft');
  await expect.poll(async () => words(await explained('Self of order_list').innerText())).toContain(samples(self));
  await view.page.keyboard.press('Tab');
  await view.page.keyboard.press('Enter');
  await expect.poll(clipboard).toMatch(/^order_list, Self /);
  await close('Self of order_list');

  const name = row.getByRole('button', { name: 'order_list' });
  await name.focus();
  await view.page.keyboard.press('Shift+Tab');
  await name.focus();
  await view.page.keyboard.press('e');
  await explained('Self of order_list').waitFor();
  await close('Self of order_list');
  expect(await name.evaluate((element) => element === document.activeElement)).toBe(true);
  await view.page.keyboard.press('Control+Shift+P');
  await view.page.getByLabel('Search actions').fill('Explain this number');
  await view.page.keyboard.press('Enter');
  await explained('Self of order_list').waitFor();
  await close('Self of order_list');
  await view.page.getByLabel('Search functions').fill('');
});

test('numbers of the tree, the graph, the timeline and the lists are explained as well', async () => {
  await begin();
  const answer = await view.store.profile(web, shown);
  const { page } = view;
  const node = answer.nodeOf('order_list');
  const width = (answer.graph.x1[node] ?? 0) - (answer.graph.x0[node] ?? 0);
  await view.canvas.click({ button: 'right', position: await view.placeOf(answer, node) });
  await page.getByRole('menuitem', { name: /^Explain its numbers/ }).click();
  await expect
    .poll(async () => words(await explained('total of order_list').innerText()))
    .toContain(`samples ${words(formatCount(width / answer.period))} of 10.3 ms`);
  await close('total of order_list');

  await page.getByRole('tab', { name: 'Tree' }).click();
  const tree = page.getByRole('treegrid', { name: 'Call tree' });
  const line = tree.locator('[aria-selected="true"]');
  await expect.poll(() => line.innerText()).toContain('order_list');
  const said = await explain(line.getByRole('gridcell').nth(2), 'Total of order_list');
  expect(said).toContain('in this stack of callers');
  await close('Total of order_list');
  await tree.focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => line.innerText()).toContain('order_list');
  await page.keyboard.press('e');
  await explained('Self of order_list').waitFor();
  await view.pictures('explained-tree');
  await close('Self of order_list');
  expect(await tree.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.getByRole('tab', { name: 'Flame' }).click();
  await page.getByRole('treegrid', { name: 'Flame graph' }).press('Escape');

  // A window of the timeline: what it was asked for is just that time.
  const timeline = page.getByRole('group', { name: /^Timeline/ });
  const expected = await view.store.timeline(web, shown, 15_000);
  const canvas = timeline.locator('canvas');
  await expect.poll(() => canvas.getAttribute('data-points')).toBe(String(expected.values.length));
  const sizePx = await canvas.evaluate((element) => element.clientWidth);
  const x = 12 + (30.5 / expected.values.length) * (sizePx - 24);
  await canvas.click({ button: 'right', position: { x, y: 60 } });
  await page.getByRole('menuitem', { name: /^Explain this number/ }).click();
  const point = page.getByRole('dialog', { name: /^How use of revel_web, .* came about$/ });
  const window = { startMs: shown.startMs + 30 * 15_000, endMs: shown.startMs + 31 * 15_000 };
  const [own, trust] = [await view.store.profile(web, window), await view.store.trust(web, window)];
  await expect
    .poll(async () => words(await point.innerText()), { timeout: 30_000 })
    .toContain(`windows ${trust.fates?.windows}`);
  expect(words(await point.innerText())).toContain(
    `rate ${words(`${formatValue(own.total, 'nanoseconds')} in ${formatSpan(15_000)}`)}`,
  );
  expect(words(await point.innerText())).toContain(`samples ${words(formatCount(own.total / own.period))} of 10.3 ms`);
  await view.pictures('explained-timeline');
  await page.keyboard.press('Escape');
  await expect.poll(() => point.count()).toBe(0);
  await timeline.focus();
  await page.keyboard.press('Shift+Tab');
  await timeline.focus();
  await page.keyboard.press('e');
  await point.waitFor();
  await page.keyboard.press('Escape');

  const part = page.getByRole('region', { name: 'In words' }).getByRole('listitem').first();
  await part.waitFor();
  const [first] = answer.summary;
  if (first === undefined) throw new Error('the summary says something');
  expect(await explain(part, `share of ${partWords(first)}`)).toContain(
    `samples ${words(formatCount(first.value / answer.period))} of 10.3 ms`,
  );
  await close(`share of ${partWords(first)}`);
  expect(await explain(view.ui.service('revel_web'), 'CPU of revel_web')).toContain(`for ${web}`);
  await close('CPU of revel_web');
  // The key is there too, where a press on a service leaves the focus.
  await view.ui.service('revel_web').focus();
  await page.keyboard.press('e');
  await explained('CPU of revel_web').waitFor();
  await close('CPU of revel_web');
  const verdict = page.getByRole('region', { name: 'Trust' }).getByRole('row', { name: 'whole stacks' });
  await verdict.getByRole('button').click();
  const whole = explained('whole stacks of Trust');
  await expect.poll(async () => words(await whole.innerText())).toContain('could not be walked to the root');
  await view.pictures('explained-trust');
  await close('whole stacks of Trust');
});

test('each side of a diff has its own explanation', async () => {
  if ((await view.ui.button('End').count()) > 0) await view.ui.button('End').click();
  const box = await view.page
    .getByRole('group', { name: /^Timeline/ })
    .locator('canvas')
    .boundingBox();
  if (box === null) throw new Error('the timeline is not on the screen');
  const x = (timeMs: number): number => box.x + 12 + ((timeMs - shown.startMs) / (15 * minuteMs)) * (box.width - 24);
  const drag = async (fromMs: number, toMs: number): Promise<void> => {
    await view.page.mouse.move(x(fromMs), box.y + 50);
    await view.page.mouse.down();
    await view.page.mouse.move(x(toMs), box.y + 50, { steps: 5 });
    await view.page.mouse.up();
  };
  await drag(storeEndMs - 14 * minuteMs - 26_000, storeEndMs - 10 * minuteMs - 34_000);
  await view.page.keyboard.down('Shift');
  await drag(storeEndMs - 6 * minuteMs + 4_000, storeEndMs - 94_000);
  await view.page.keyboard.up('Shift');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.ui.graph();
  const details = view.page.getByRole('complementary', { name: 'Details' });
  const after = await view.store.profile(web, { startMs: storeEndMs - 6 * minuteMs, endMs: storeEndMs - 90_000 });
  await unfold(details.getByRole('button', { name: formatValue(after.total, 'nanoseconds') }));
  const side = details.getByRole('group', { name: 'How B came about' });
  const said = async (): Promise<string> => words(await side.innerText());
  await expect.poll(said).toContain(`samples ${words(formatCount(after.total / after.period))} of 10.3 ms`);
  expect(await said()).toContain('11:54:00 to 11:58:30');
  await side.scrollIntoViewIfNeeded();
  await view.pictures('explained-diff');

  // A change has both sides, and how certain it is.
  const before = await view.store.profile(web, {
    startMs: storeEndMs - 14.5 * minuteMs,
    endMs: storeEndMs - 10.5 * minuteMs,
  });
  await view.ui.select('customer_name');
  await view.page.getByLabel('Search functions').fill('');
  await unfold(details.getByRole('row', { name: /^change / }).getByRole('button'));
  const change = details.getByRole('group', { name: 'How change came about' });
  await expect
    .poll(async () => words(await change.innerText()), { timeout: 30_000 })
    .toMatch(
      /B less A .* certain yes: .* judged by 16 windows of A and 18 of B .*A samples [\d,]+ of 10\.3 ms .* windows 16 .* B samples .* windows 18 /,
    );
  expect(words(await change.innerText())).toContain('A and B sum of this frame and all it calls');
  await change.scrollIntoViewIfNeeded();
  await view.pictures('explained-change');
  const rowOf = (label: string): Locator => details.getByRole('row', { name: new RegExp(`^${label} `) });
  for (const label of ['self A', 'self B', 'self change', 'samples A', 'samples B']) await rowOf(label).waitFor();
  await view.page.getByRole('tab', { name: 'Table' }).click();
  const { total = 0 } = before.functions.get('customer_name') ?? {};
  const row = view.page
    .getByRole('table', { name: 'Functions' })
    .locator('[data-row]')
    .filter({ hasText: 'customer_name' })
    .first();
  const text = await explain(row.getByRole('cell').nth(3), 'Change of customer_name');
  expect(text).toContain(`A samples ${words(formatCount(total / before.period))} of 10.3 ms`);
  expect(text).toContain('judged by 16 windows of A and 18 of B');
  expect(await faultsOf(view.page)).toEqual([]);
  await view.pictures('explained-change-table');
  await close('Change of customer_name');
  // A frame that has no callers is called from nowhere.
  await view.page.getByRole('tab', { name: 'Diff' }).click();
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).press('Escape');
  await details.getByRole('heading', { name: 'Comparison' }).waitFor();
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).press('ArrowDown');
  await details.getByRole('heading', { name: 'Calls' }).waitFor();
  expect(await details.getByRole('heading', { name: 'Called from' }).count()).toBe(0);
  await view.ui.button('End').click();
});
