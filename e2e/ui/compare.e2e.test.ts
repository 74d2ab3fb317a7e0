import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { framePitchPx, topPaddingPx } from '../../src/renderer/flame/viewport';
import { formatValue } from '../../src/renderer/format/numbers';
import { nowMs, openReplayWindow, type ReplayWindow } from './replay-window';

// What can be compared with what, on the made-up store: its web server is deployed at 11:50, with an order list that then
// asks the database for each customer.

const shown = { startMs: nowMs - 15 * 60_000, endMs: nowMs };
const web = '{service_name="revel_web"}';
const unit = 'nanoseconds';
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'compare');
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const words = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll(/\s+/g, ' ');
const sides = async (): Promise<string> => words(await view.page.locator('.whole').innerText());
const said = (a: number, b: number): string => words(`A ${formatValue(a, unit)} B ${formatValue(b, unit)}`);
const totalOf = async (selector: string, range: { startMs: number; endMs: number }): Promise<number> =>
  (await view.store.profile(selector, range)).total;
/** Ends what is compared, if something is, and follows new windows. */
const endComparison = async (): Promise<void> => {
  const [end, live] = [view.ui.button('End'), view.ui.button('Live')];
  if ((await end.count()) > 0) await end.click();
  if ((await live.getAttribute('aria-pressed')) !== 'true') await live.click();
};
const chooseWeb = async (): Promise<void> => {
  // A test that failed may have left a dialog open, and its comparison.
  if ((await view.page.getByRole('dialog').count()) > 0) await view.page.keyboard.press('Escape');
  await endComparison();
  await view.ui.service('revel_web').click();
  await view.page.getByRole('radio', { name: '15 min' }).click();
  await view.shows(await totalOf(web, shown));
};
const choose = async (kind: string): Promise<void> => {
  await view.ui.button('Compare').click();
  await view.page.getByRole('menuitem', { name: /^Another service, label/ }).click();
  await view.page.getByRole('radio', { name: kind }).click();
};
const confirm = (): Promise<void> =>
  view.page.getByRole('dialog').getByRole('button', { name: 'Compare', exact: true }).click();

test('a deploy is marked and proposed, and its first sentence names what it made slower', async () => {
  const proposal = view.ui.button('revel_web was deployed, 11:50:00: compare before and after');
  await endComparison();
  await proposal.waitFor();
  await view.page.getByRole('radio', { name: 'All', exact: true }).click();
  await expect.poll(() => view.page.locator('.turnover').count()).toBe(1);
  await view.pictures('proposal');
  await proposal.click();
  const minute = (at: string): number => Date.parse(`2026-03-04T${at}Z`);
  const before = { startMs: minute('11:40:00'), endMs: minute('11:50:00') };
  const after = { startMs: minute('11:50:00'), endMs: minute('12:00:00') };
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(await totalOf(web, before), await totalOf(web, after)));
  const first = view.page.getByRole('region', { name: 'What changed' }).getByRole('listitem').first();
  await first.waitFor();
  expect(words(await first.innerText())).toMatch(/^customer_name /);
  await view.pictures('deploy');
});

test('the moment at which it changed is found, with the deploy that lies nearest, and is compared', async () => {
  await endComparison();
  await view.page.getByRole('radio', { name: 'All', exact: true }).click();
  await view.ui.button('Find changes in this range').click();
  const moment = view.page.getByRole('region', { name: 'When it changed' }).getByRole('listitem').first();
  await moment.waitFor({ timeout: 30_000 });
  const told = async (): Promise<string> => words(await moment.innerText());
  expect(await told()).toMatch(/^11:50:00 .*customer_name takes .* times as much/);
  await expect.poll(told).toContain('Nearest: revel_web was deployed, 11:50:00.');
  await view.pictures('moments');
  await moment.getByRole('button').click();
  const first = view.page.getByRole('region', { name: 'What changed' }).getByRole('listitem').first();
  await first.waitFor();
  expect(words(await first.innerText())).toMatch(/^customer_name /);
});

test('the tree says how certain each row is, and shows only what leads to certain changes', async () => {
  // A tree that was left begins anew: top down, with all rows.
  await view.page.getByRole('tab', { name: 'Diff' }).click();
  await view.page.getByRole('tab', { name: 'Tree' }).click();
  const rows = view.page.getByRole('treegrid', { name: 'Call tree' }).locator('[data-line]');
  const orders = rows.filter({ hasText: 'order_list' }).first();
  await expect.poll(async () => words(await orders.innerText()), { timeout: 30_000 }).toMatch(/ certain$/);
  const all = await rows.count();
  await view.page.getByRole('radio', { name: 'Certain' }).click();
  await expect.poll(() => rows.count()).toBeLessThan(all);
  await orders.waitFor();
  await view.pictures('tree-certain');
  await view.page.getByRole('radio', { name: 'Bottom up' }).click();
  await expect.poll(async () => words((await rows.allInnerTexts())[0] ?? ''), { timeout: 30_000 }).toMatch(/ certain$/);
  await rows.first().click();
  await view.page.keyboard.press('ArrowRight');
  await expect.poll(async () => words((await rows.allInnerTexts())[1] ?? '')).toMatch(/ certain$/);
  await view.pictures('tree-callers-certain');
  await view.page.getByRole('radio', { name: 'Top down' }).click();
  await view.page.getByRole('tab', { name: 'Diff' }).click();
});

test('a tooltip says the interval of a change', async () => {
  await view.page.getByLabel('Search functions').fill('customer_name');
  await view.page.getByLabel('Search functions').press('Enter');
  await view.page.getByRole('rowheader', { name: '95 %' }).waitFor();
  const interval = view.page.getByRole('row', { name: /^95 %/ });
  await expect.poll(async () => words(await interval.innerText())).toMatch(/^95 % \+.* to \+.* certain ?$/);
  await view.page.getByLabel('Search functions').fill('');
});

test('both sides lie side by side with one selection, one search and one frame below the pointer', async () => {
  await view.page.getByRole('button', { name: /^Width A/ }).click();
  await view.page.getByRole('menuitem', { name: /^A and B side by side/ }).click();
  const sideOf = (name: string) => view.page.getByRole('region', { name: `Side ${name}` });
  for (const name of ['A', 'B']) await sideOf(name).locator('canvas[data-state="ready"]').waitFor();
  await view.page.getByLabel('Search functions').fill('customer_name');
  const matches = (name: string) => sideOf(name).getByRole('list', { name: 'Search matches' }).getByRole('listitem');
  await expect.poll(() => matches('B').allInnerTexts()).toEqual(['customer_name']);
  await view.page.getByLabel('Search functions').fill('');
  const chosen = (name: string) => sideOf(name).locator('[role="row"][aria-selected="true"]');
  await sideOf('A')
    .locator('canvas')
    .click({ position: { x: 200, y: topPaddingPx + 2.5 * framePitchPx } });
  const named = (name: string): Promise<string> => chosen(name).getByRole('gridcell').first().innerText();
  // The rows follow with the next picture; before it the root stands for what is selected.
  await expect.poll(() => named('A')).not.toMatch(/^(root|all)$/);
  const inA = await named('A');
  await expect.poll(() => named('B')).toBe(inA);
  await view.pictures('side-by-side');
  await view.page.keyboard.press('Escape');
  await view.ui.button('Width A | B, A and B').click();
  await view.page.getByRole('menuitem', { name: /^Mean of A and B/ }).click();
  await view.ui.graph();
});

test('a link brings the comparison back', async () => {
  const before = await sides();
  const command = async (words: string): Promise<void> => {
    await view.page.keyboard.press('Control+Shift+P');
    await view.page.keyboard.type(words);
    await view.page.keyboard.press('Enter');
  };
  await command('copy a link');
  const copied = (): Promise<string> => view.app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await expect.poll(copied).toMatch(/^pyrometer:\/\/compare\?.*a\.target=local/);
  const link = await copied();
  await view.ui.button('End').click();
  await command('open a link');
  const field = view.page.getByLabel('Link', { exact: true });
  await field.fill('pyrometer://nothing');
  await view.page.getByText('That is no link to a comparison.').waitFor();
  await field.fill(link);
  await view.app.screenshot('open-link');
  await view.page.keyboard.press('Enter');
  await expect.poll(sides, { timeout: 30_000 }).toBe(before);
  await endComparison();
});

test('another service is A in the same time, and is swapped with what is shown', async () => {
  await chooseWeb();
  await choose('Service');
  await view.page.getByLabel('A is the service').selectOption({ label: 'postgres' });
  await view.app.screenshot('dialog-service');
  await confirm();
  const [database, server] = [await totalOf('{service_name="postgres"}', shown), await totalOf(web, shown)];
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(database, server));
  await view.pictures('service');
  await view.ui.button('Swap').click();
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(server, database));
  await endComparison();
});

test('a rename is told on a frame, holds from then on, and is forgotten', async () => {
  await chooseWeb();
  await choose('Service');
  await view.page.getByLabel('A is the service').selectOption({ label: 'postgres' });
  await confirm();
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.ui.graph();
  await view.page.getByLabel('Search functions').fill('order_list');
  await view.page.getByLabel('Search functions').press('Enter');
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).press('Shift+F10');
  await view.page.getByRole('menuitem', { name: 'It had another name before…' }).click();
  const gone = view.page.getByRole('listbox', { name: 'Functions only in A' }).getByRole('option');
  await gone.first().click();
  const [name = ''] = (await gone.first().innerText()).split('\n');
  await view.app.screenshot('rename');
  await view.ui.button('Take for one').click();
  const details = view.page.getByRole('complementary', { name: 'Details' });
  await details.getByText(`${name} in A`, { exact: true }).waitFor({ timeout: 30_000 });
  await view.page.getByLabel('Search functions').fill('');
  await view.ui.button('Width A+B, Mean of A and B').click();
  await view.page.getByRole('menuitem', { name: /^Names/ }).click();
  await view.app.screenshot('names');
  await view.ui.button(`Forget that ${name} is order_list`).click();
  await details.getByText(`${name} in A`, { exact: true }).waitFor({ state: 'detached', timeout: 30_000 });
  await view.ui.button('Close').click();
  await endComparison();
});

test('two values of a label are compared, each in its own time', async () => {
  await chooseWeb();
  await choose('Label');
  await view.page.getByLabel('Label', { exact: true }).selectOption('image_digest');
  const values = await view.page.getByLabel('A has').locator('option').allInnerTexts();
  expect(values.length).toBe(2);
  await view.app.screenshot('dialog-label');
  await confirm();
  const [first = '', second = ''] = await Promise.all(
    values.map(async (value) => String(await totalOf(`{service_name="revel_web",image_digest="${value}"}`, shown))),
  );
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(Number(first), Number(second)));
  // Windows in which a version did not run are no windows of it.
  const panel = view.page.getByRole('region', { name: 'What changed' });
  await panel.getByText(/^(19 \+ 40|40 \+ 19) windows/).waitFor();
  await view.pictures('label');
  await endComparison();
});

test('a snapshot is compared with what is live, and the same time of an earlier day has nothing', async () => {
  await chooseWeb();
  const whole = await totalOf(web, shown);
  await view.ui.button('Save snapshot').click();
  await view.page.getByLabel('Title').fill('the web server');
  await view.page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await choose('Snapshot or file');
  await confirm();
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(whole, whole));
  expect(await view.ui.button('Live').getAttribute('aria-pressed')).toBe('true');
  // Where it was taken its windows are still there.
  const panel = view.page.getByRole('region', { name: 'What changed' });
  await panel.getByText(/^(59|60) \+ (59|60) windows/).waitFor({ timeout: 30_000 });
  // The load may have wandered within them: then equal sides are no proof of anything either.
  await panel.getByText(/^(Nothing changed for certain\.|Neighbouring windows are alike)/).waitFor();
  await view.pictures('snapshot');
  await view.ui.button('Side A the web server, let go').click();
  await view.shows(whole);
  await view.ui.button('Compare').click();
  await view.page.getByRole('menuitem', { name: 'The same time a day before' }).click();
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(0, whole));
  await view.app.screenshot('day-before');
  await endComparison();
});

test('a pinned A stays when another service is chosen', async () => {
  await chooseWeb();
  await view.page.keyboard.press('Control+D');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.ui.graph();
  await view.page.getByRole('button', { name: /^Range A / }).click();
  await view.ui.button('Pin A').click();
  await view.ui.graph();
  const before = await sides();
  await view.ui.service('postgres').click();
  await expect.poll(sides, { timeout: 30_000 }).not.toBe(before);
  await view.ui.graph();
  expect((await sides()).split(' B ')[0]).toBe(before.split(' B ')[0]);
  await view.pictures('pinned');
});

test('a snapshot whose source is gone is compared all the same, and says why nothing is certain', async () => {
  const save = async (title: string): Promise<void> => {
    await view.ui.graph();
    await view.ui.button('Save snapshot').click();
    await view.page.getByLabel('Title').fill(title);
    await view.page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
    await view.page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  const saved = view.page.getByRole('list', { name: 'Snapshots' }).getByRole('button', { name: /^the database/ });
  // What a first try of this has killed stays so.
  if ((await saved.count()) === 0) {
    await endComparison();
    await view.ui.service('postgres').click();
    await save('the database');
    process.kill(view.storePid, 'SIGKILL');
  }
  await saved.click();
  await view.ui.button('Compare…').click();
  await view.page.getByLabel('A is', { exact: true }).selectOption({ label: 'the web server (snapshot)' });
  await confirm();
  const panel = view.page.getByRole('region', { name: 'What changed' });
  await panel
    .getByText(/^A snapshot is one sum without windows\. Where it was taken they cannot be asked for now/)
    .waitFor({
      timeout: 60_000,
    });
  await view.pictures('snapshot-alone');
});
