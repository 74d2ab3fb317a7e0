import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import type { Settings } from '../../src/contract/settings';
import type { ShellApi } from '../../src/contract/shell';
import { nowMs, openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';

// A function is watched on the made-up store, whose order list becomes slow halfway: the app finds it above for certain, and tells.

const minuteMs = 60_000;
const storeMinutes = 60;
/** When the order list became slow. */
const changedMs = storeEndMs - (storeMinutes / 2) * minuteMs;
const shown = { startMs: nowMs - 15 * minuteMs, endMs: nowMs };
let view: ReplayWindow;

/** What the test keeps in the main process: notifications that would have been shown. */
interface Told {
  told?: { readonly title: string; readonly body: string; emit(event: 'click'): boolean }[];
}

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'watches', storeMinutes);
  await view.app.electron.evaluate(({ Notification }) => {
    const kept: NonNullable<Told['told']> = [];
    (globalThis as Told).told = kept;
    // The world has no desktop that would show them.
    Notification.isSupported = () => true;
    Notification.prototype.show = function show() {
      kept.push(this);
    };
  });
  await view.ui.service('revel_web').click();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const words = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll(/\s+/g, ' ');
const dialog = () => view.page.getByRole('dialog', { name: 'Watch list' });
const rules = () => dialog().getByRole('list', { name: 'Watched' }).getByRole('listitem');

type Rules = Settings['watches'];

/** Changes the rules behind the window's back, which shows them when it is loaded anew. */
async function saveRules(change: (rules: Rules) => Rules): Promise<void> {
  const before = await view.page.evaluate(async () => {
    const { pyrometer } = window as unknown as { readonly pyrometer: ShellApi };
    return ((await pyrometer.call('settings.load', {})) as { readonly value: Settings }).value;
  });
  await view.page.evaluate(
    async (settings) => {
      const { pyrometer } = window as unknown as { readonly pyrometer: ShellApi };
      await pyrometer.call('settings.save', { settings });
    },
    { ...before, watches: change(before.watches) },
  );
}

test('a function is watched from its frame, and has not enough windows at first', async () => {
  const answer = await view.store.profile('{service_name="revel_web"}', shown);
  await view.shows(answer.total);
  const place = await view.placeOf(answer, answer.nodeOf('customer_name'));
  await view.canvas.click({ button: 'right', position: place });
  await view.page.getByRole('menuitem', { name: /^Watch this function/ }).click();
  const threshold = dialog().getByLabel('Its share stays below, in %');
  await threshold.fill('none');
  await dialog().getByRole('button', { name: 'Watch the function' }).click();
  await dialog().getByText('A number above 0, such as 5.').waitFor();
  await threshold.fill('5');
  await dialog().getByRole('button', { name: 'Watch the function' }).click();
  await expect
    .poll(async () => words(await rules().first().innerText()))
    .toMatch(/stays below 5\.0 %.*Not enough windows/);
  await view.pictures('added');
  await dialog().getByRole('button', { name: 'Close' }).click();
});

test('above for certain is told once, and a click on the notification shows the place', async () => {
  // As if it had been added when the change came.
  await saveRules((before) => before.map((rule) => ({ ...rule, createdMs: changedMs })));
  const told = () =>
    view.app.electron.evaluate(() => (globalThis as Told).told?.map(({ title, body }) => ({ title, body })) ?? []);
  await expect.poll(async () => (await told()).length, { timeout: 60_000 }).toBe(1);
  const [notice] = await told();
  expect(notice?.title).toBe('customer_name in revel_web is above its threshold');
  expect(words(notice?.body ?? '')).toMatch(
    /^For certain, since \d\d:\d\d: [\d.]+ % \([\d.]+ % to [\d.]+ %\)\. Watched: it stays below 5\.0 %\.$/,
  );

  await view.page.reload();
  const status = view.page.getByRole('button', { name: /1 of 1 above/ });
  await status.waitFor();
  await view.app.electron.evaluate(() => (globalThis as Told).told?.[0]?.emit('click'));
  await expect.poll(() => view.page.getByLabel('Search functions').inputValue()).toBe('customer_name');
  await view.pictures('shown');
  await status.click();
  await expect.poll(async () => words(await rules().first().innerText())).toMatch(/Above for certain since/);
  await view.pictures('above');
});

test('two dozen rules are watched beside it, and what is above is the only one that is told', async () => {
  const show = async (): Promise<void> => {
    await view.page.reload();
    await view.page.getByRole('button', { name: /watching \d+|\d+ of \d+ above/ }).click();
  };
  await saveRules((before) => [
    ...before.slice(0, 1),
    ...before.slice(0, 1).flatMap((rule) =>
      Array.from({ length: 24 }, (_, at): Rules[number] => ({
        ...rule,
        id: `more-${at}`,
        function: { name: `function_${at}`, file: '' },
        most: 0.3,
      })),
    ),
  ]);
  await show();
  await expect.poll(() => rules().count()).toBe(25);
  await expect.poll(() => rules().filter({ hasText: 'Fine' }).count(), { timeout: 60_000 }).toBe(24);
  await view.pictures('many');
  expect(await view.app.electron.evaluate(() => (globalThis as Told).told?.length)).toBe(1);
  await saveRules((before) => before.slice(0, 1));
  await show();
  await expect.poll(() => rules().count()).toBe(1);
});

test('rules are copied for Prometheus, and removed', async () => {
  await dialog().getByRole('button', { name: 'Copy as Prometheus rules' }).click();
  const copied = (): Promise<string> => view.app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await expect.poll(copied).toContain('# Left out: "customer_name in revel_web"');
  await dialog()
    .getByRole('button', { name: /^Remove customer_name/ })
    .click();
  await expect.poll(() => rules().count()).toBe(0);
  await dialog().getByRole('button', { name: 'Close' }).click();
  await expect.poll(() => view.page.getByRole('button', { name: /watching|above/ }).count()).toBe(0);
});
