import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { partWords, summaryWords } from '../../src/core/guidance/summary-words';
import { lossWords } from '../../src/renderer/features/trust/trust-words';
import { formatCount, formatShare, formatValue } from '../../src/renderer/format/numbers';
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
  const explained = details.getByRole('group', { name: 'How B came about' });
  const text = async (): Promise<string> => words(await explained.innerText());
  await expect.poll(text).toContain(`samples ${words(formatCount(after.total / after.period))} of 10.3 ms`);
  expect(await text()).toContain('11:54:00 to 11:58:30');
  await explained.scrollIntoViewIfNeeded();
  await view.pictures('explained-diff');
});
