import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from 'vitest';
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

beforeEach(() => {
  onTestFailed(async () => {
    await view.app.screenshot('failed');
  });
});

afterAll(async () => {
  await view.dispose();
});

const words = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll(/\s+/g, ' ');
const sides = async (): Promise<string> => words(await view.page.locator('.whole').innerText());
const said = (a: number, b: number): string => words(`A ${formatValue(a, unit)} B ${formatValue(b, unit)}`);
const totalOf = async (selector: string, range: { startMs: number; endMs: number }): Promise<number> =>
  (await view.store.profile(selector, range)).total;
const chooseWeb = async (): Promise<void> => {
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
  await proposal.waitFor();
  await view.page.getByRole('radio', { name: 'All', exact: true }).click();
  expect(await view.page.locator('.turnover').count()).toBe(1);
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
  await view.ui.button('End').click();
  await view.ui.button('Live').click();
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
  await expect.poll(sides).toContain(said(server, database));
  await view.ui.button('End').click();
  await view.ui.button('Live').click();
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
  await view.ui.button('End').click();
  await view.ui.button('Live').click();
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
  await view.page.getByText(/without windows/).waitFor();
  await view.pictures('snapshot');
  await view.ui.button('Side A the web server, let go').click();
  await view.shows(whole);
  await view.ui.button('Compare').click();
  await view.page.getByRole('menuitem', { name: 'The same time a day before' }).click();
  await expect.poll(sides, { timeout: 30_000 }).toContain(said(0, whole));
  await view.app.screenshot('day-before');
  await view.ui.button('End').click();
  await view.ui.button('Live').click();
});

test('a pinned A stays when another service is chosen', async () => {
  await chooseWeb();
  await view.page.keyboard.press('Control+D');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.page.getByRole('button', { name: /^Range A / }).click();
  await view.ui.button('Pin A').click();
  const before = await sides();
  await view.ui.service('postgres').click();
  await expect.poll(sides).not.toBe(before);
  expect((await sides()).split(' B ')[0]).toBe(before.split(' B ')[0]);
  await view.pictures('pinned');
});
