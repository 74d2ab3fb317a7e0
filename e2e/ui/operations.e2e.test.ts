import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { formatShare, formatValue } from '../../src/renderer/format/numbers';
import { nowMs, openReplayWindow, type ReplayWindow } from './replay-window';
import type { Answer } from './replayed';

// What is done to a profile, and the views beside the flame graph, on the replayed store: numbers are compared with sums over
// what the store itself answers.

const shown = { startMs: nowMs - 15 * 60_000, endMs: nowMs };
const web = '{service_name="revel_web"}';
const unit = 'nanoseconds';
let view: ReplayWindow;
let answer: Answer;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'operations');
  await view.ui.service('revel_web').click();
  answer = await view.store.profile(web, shown);
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

/** Every test begins with the profile as it is, in the flame graph, whatever one that failed has left. */
async function begin(): Promise<void> {
  const { page, ui } = view;
  // Where nothing is open, Escape gives up what is being loaded.
  if ((await page.locator('.popover, dialog').count()) > 0) await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'Flame' }).click();
  await page.getByLabel('Search functions').fill('');
  const expression = ui.button('Regular expression');
  if ((await expression.getAttribute('aria-pressed')) === 'true') await expression.click();
  for (let left = await crumbs().count(); left > 0; left--) {
    await crumbs().first().click();
    await expect.poll(() => crumbs().count()).toBe(left - 1);
  }
  await view.shows(answer.total);
  // Neither zoomed nor selected.
  await page.getByRole('treegrid', { name: 'Flame graph' }).press('Escape');
}

/** Moves the pointer about a place of the window until the tooltip names this frame: a new picture lets go of what is hovered. */
async function pointAt(x: number, y: number, name: string): Promise<void> {
  await pointAtPlace(() => Promise.resolve({ x, y }), name);
}

/** The same of a place that may still be on its way: what is above the graph may move it. */
async function pointAtPlace(
  placeNow: () => Promise<{ readonly x: number; readonly y: number }>,
  name: string,
): Promise<void> {
  const tip = view.page.getByRole('tooltip');
  let moves = 0;
  await expect
    .poll(async () => {
      const { x, y } = await placeNow();
      await view.page.mouse.move(x + (moves++ % 2), y);
      return (await tip.allInnerTexts()).some((text) => text.startsWith(name));
    })
    .toBe(true);
}

const words = (text: string): string => text.replaceAll('\u00a0', ' ');
const crumbs = () => view.page.getByRole('list', { name: 'Operations' }).getByRole('button');
const menuItem = (name: string | RegExp) => view.page.getByRole('menuitem', { name });
const width = (node: number): number => (answer.graph.x1[node] ?? 0) - (answer.graph.x0[node] ?? 0);

/** Sum of the outermost frames of a function. */
function totalOf(name: string): number {
  let sum = 0;
  for (let node = 1; node < answer.graph.count; node++) {
    if (answer.nameOf(node) === name && !answer.pathOf(node).slice(0, -1).includes(name)) sum += width(node);
  }
  return sum;
}

test('a right click focuses on a function, the crumb takes it back, and Alt+Left and Right go over both', async () => {
  await begin();
  const node = answer.nodeOf('execute_sql');
  await view.canvas.click({ button: 'right', position: await view.placeOf(answer, node) });
  await view.page.getByRole('menu', { name: 'Actions for execute_sql' }).waitFor();
  await view.pictures('menu');
  await menuItem(/^Focus on the function/).click();
  await view.shows(totalOf('execute_sql'));
  await expect.poll(() => crumbs().allInnerTexts()).toEqual(['focus execute_sql']);
  await view.pictures('focused');
  await view.page.keyboard.press('Alt+ArrowLeft');
  await view.shows(answer.total);
  await expect.poll(() => crumbs().count()).toBe(0);
  await view.page.keyboard.press('Alt+ArrowRight');
  await view.shows(totalOf('execute_sql'));
});

test('hiding keeps the total, dropping does not, and each is taken out by itself', async () => {
  await begin();
  await view.canvas.click({ button: 'right', position: await view.placeOf(answer, answer.nodeOf('serialize_order')) });
  await menuItem(/^Hide the function/).click();
  await expect.poll(() => crumbs().allInnerTexts()).toEqual(['hidden: serialize_order']);
  await view.shows(answer.total);
  expect(await view.ui.findNow('serialize_order')).toEqual([]);
  await view.ui.button('Clear search').click();
  await view.page.getByRole('button', { name: 'Operations' }).click();
  await menuItem(/^Invert/).click();
  await expect.poll(() => crumbs().allInnerTexts()).toEqual(['hidden: serialize_order', 'inverted']);
  await view.shows(answer.total);
  await view.pictures('inverted');
  await view.page.getByRole('button', { name: 'Remove: hidden: serialize_order' }).click();
  await expect.poll(() => crumbs().allInnerTexts()).toEqual(['inverted']);
  await expect.poll(() => view.ui.findNow('serialize_order')).toEqual(['serialize_order']);
  await view.ui.button('Clear search').click();
});

test('the search is an operation as well', async () => {
  await begin();
  await view.page.getByLabel('Search functions').fill('^execute_sql$');
  await view.ui.button('Regular expression').click();
  await expect
    .poll(async () => words(await view.page.locator('output[for="flame-search"]').innerText()))
    .toContain(words(formatShare(totalOf('execute_sql') / answer.total)));
  await view.page.getByRole('button', { name: 'Operations' }).click();
  await menuItem('Only stacks with a match').click();
  await view.shows(totalOf('execute_sql'));
  await view.page.getByLabel('Search functions').fill('(');
  await view.page.getByText('not a regular expression').waitFor();
  await view.page.getByLabel('Search functions').fill('a{1000}'.repeat(146));
  await view.page.getByText('repeats too much').waitFor();
  await view.ui.button('Clear search').click();
  await view.ui.button('Regular expression').click();
});

test('F3 goes from match to match and around', async () => {
  await begin();
  const matches = Array.from({ length: answer.graph.count }, (_, node) => node).filter((node) =>
    answer.nameOf(node).includes('execute_sql'),
  );
  await view.page.getByLabel('Search functions').fill('execute_sql');
  const selected = view.ui.selectedFrame();
  const share = (node: number): string => `execute_sql ${formatShare(width(node) / answer.total)}`;
  await expect
    .poll(() => view.page.getByRole('list', { name: 'Search matches' }).getByRole('listitem').count())
    .toBe(1);
  for (const node of [...matches, matches[0] ?? 0]) {
    await view.page.keyboard.press('F3');
    await expect.poll(() => selected.innerText()).toBe(share(node));
  }
  await view.page.keyboard.press('Shift+F3');
  await expect.poll(() => selected.innerText()).toBe(share(matches.at(-1) ?? 0));
  await view.ui.button('Clear search').click();
});

test('the sandwich shows who calls a function and what it calls', async () => {
  await begin();
  await view.canvas.click({ position: await view.placeOf(answer, answer.nodeOf('execute_sql')) });
  await view.page.keyboard.press('3');
  for (const half of ['Callers', 'Callees']) {
    const canvas = view.page.getByRole('treegrid', { name: half }).locator('canvas');
    await expect.poll(() => canvas.getAttribute('data-total')).toBe(String(totalOf('execute_sql')));
    await expect.poll(() => canvas.getAttribute('data-state')).toBe('ready');
  }
  expect(words(await view.page.locator('.sandwich-head').innerText())).toContain(
    words(formatValue(totalOf('execute_sql'), unit)),
  );
  await view.pictures('sandwich');
});

test('the call tree unfolds by keys, top down and bottom up', async () => {
  await begin();
  await view.page.keyboard.press('4');
  const tree = view.page.getByRole('treegrid', { name: 'Call tree' });
  await tree
    .getByRole('row', { name: /order_list/ })
    .first()
    .waitFor();
  await view.pictures('tree');
  await tree.focus();
  await view.page.keyboard.press('Home');
  const focused = tree.getByRole('row', { selected: true });
  const first = answer.nameOf(1);
  await expect.poll(() => focused.innerText()).toContain(first);
  expect(await focused.getAttribute('aria-expanded')).toBe('true');
  await view.page.keyboard.press('ArrowLeft');
  await expect.poll(() => focused.getAttribute('aria-expanded')).toBe('false');
  await view.page.keyboard.press('ArrowRight');
  await expect.poll(() => focused.getAttribute('aria-expanded')).toBe('true');

  await view.page.getByRole('radio', { name: 'Bottom up' }).click();
  await view.page.getByRole('radio', { name: 'Self' }).click();
  const most = [...answer.functions].sort(([a, one], [b, other]) => other.self - one.self || (a < b ? -1 : 1))[0];
  await expect.poll(() => tree.locator('[data-line="0"]').innerText()).toContain(most?.[0] ?? '?');
  expect(words(await tree.locator('[data-line="0"]').innerText())).toContain(
    words(formatValue(most?.[1].self ?? 0, unit)),
  );
  await view.pictures('tree-bottom-up');
});

test('the table shows the columns that are chosen, and is copied as CSV and Markdown', async () => {
  await begin();
  await view.page.keyboard.press('2');
  const table = view.page.getByRole('table', { name: 'Functions' });
  await view.ui.button('Columns').click();
  // As it is at first, and not as a first try of this has left it.
  await view.page.getByRole('checkbox', { name: 'Callers' }).check();
  await table.getByRole('columnheader', { name: 'Callers' }).waitFor();
  await view.page.getByRole('checkbox', { name: 'File' }).check();
  await view.page.getByRole('checkbox', { name: 'Callers' }).uncheck();
  await view.page.keyboard.press('Escape');
  await expect
    .poll(() => table.getByRole('columnheader').allInnerTexts())
    .toEqual(['Function', 'Self ↓', 'Total', 'File']);
  await view.pictures('table-columns');
  const clipboard = (): Promise<string> => view.app.electron.evaluate(({ clipboard: board }) => board.readText());
  // Beside the table, and not of the details.
  const copy = view.page.locator('.table-tools').getByRole('button', { name: 'Copy', exact: true });
  await copy.click();
  await menuItem(/^Copy as CSV/).click();
  await expect.poll(clipboard).toMatch(/^Function,Self \(nanoseconds\),Total \(nanoseconds\),File\r\n/);
  const functions = Number.parseInt(await view.page.locator('.table-tools').innerText(), 10);
  expect((await clipboard()).trimEnd().split('\r\n')).toHaveLength(functions + 1);
  await copy.click();
  await menuItem(/^Copy as Markdown/).click();
  await expect.poll(clipboard).toMatch(/^\| Function \| Self \| Total \| File \|\n\| --- \| ---: \| ---: \| --- \|\n/);
  const dismiss = view.ui.button('Dismiss');
  for (let left = await dismiss.count(); left > 0; left--) await dismiss.first().click();
});

test('the wheel with Ctrl zooms around the pointer, a drag pans, and 0 shows the whole', async () => {
  await begin();
  const node = answer.nodeOf('execute_sql');
  const place = await view.placeOf(answer, node);
  const box = await view.canvas.boundingBox();
  if (box === null) throw new Error('the graph is not on the screen');
  const at = { x: box.x + place.x, y: box.y + place.y };
  const picture = (): Promise<string> => view.canvas.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  await pointAt(at.x, at.y, 'execute_sql');
  await view.page.mouse.move(at.x, at.y);
  await view.painted();
  const before = await picture();
  await view.page.keyboard.down('Control');
  for (let notch = 0; notch < 5; notch++) await view.page.mouse.wheel(0, -100);
  await view.page.keyboard.up('Control');
  // What was below the pointer stays there, and is wider.
  await expect.poll(picture).not.toBe(before);
  await pointAt(at.x, at.y, 'execute_sql');
  await view.page.mouse.move(at.x + 60, at.y);
  await view.app.screenshot('magnified');
  await view.page.mouse.move(at.x, at.y);
  await view.page.mouse.down();
  await view.page.mouse.move(at.x + 120, at.y, { steps: 6 });
  await view.page.mouse.up();
  await pointAt(at.x + 120, at.y, 'execute_sql');
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await view.page.keyboard.press('0');
  await pointAt(at.x, at.y, 'execute_sql');
});

test('letters and signs move the graph and choose views, until single keys are turned off', async () => {
  await begin();
  const { keyboard } = view.page;
  const picture = (): Promise<string> => view.canvas.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const grid = view.page.getByRole('treegrid', { name: 'Flame graph' });
  const switchKeys = async (): Promise<void> => {
    await keyboard.press('Control+Shift+P');
    await keyboard.type('single keys');
    await keyboard.press('Enter');
    await grid.focus();
  };
  await view.page.mouse.move(5, 5);
  await grid.focus();
  await view.painted();
  const whole = await picture();
  await keyboard.press('+');
  await expect.poll(picture).not.toBe(whole);
  const closer = await picture();
  await keyboard.press('d');
  await expect.poll(picture).not.toBe(closer);
  await keyboard.press('a');
  await expect.poll(picture).toBe(closer);
  await keyboard.press('-');
  await expect.poll(picture).toBe(whole);
  await keyboard.press('+');
  await keyboard.press('0');
  await expect.poll(picture).toBe(whole);
  await switchKeys();
  for (const key of ['+', 'd', '2']) await keyboard.press(key);
  expect(await picture()).toBe(whole);
  expect(await view.page.getByRole('tab', { name: 'Flame' }).getAttribute('aria-selected')).toBe('true');
  await switchKeys();
  await keyboard.press('2');
  await view.page.getByRole('tab', { name: 'Table', selected: true }).waitFor();
  await keyboard.press('1');
});

test('colours and the way that the graph stands are chosen, with a legend', async () => {
  await begin();
  await view.page.getByRole('button', { name: 'Colours' }).click();
  await view.page.getByRole('radio', { name: 'Kind of code' }).click();
  await view.page.getByRole('radio', { name: 'Root at the bottom' }).click();
  const legend = view.page.getByRole('list', { name: 'Legend' });
  await legend.getByText('Python').waitFor();
  await view.pictures('colours');
  await view.page.getByRole('radio', { name: 'Library' }).click();
  await legend.getByText('/usr/lib/x86_64-linux-gnu/libcrypto.so.3').waitFor();
  await view.page.getByRole('radio', { name: 'Blue and yellow' }).click();
  await view.page.getByRole('radio', { name: 'Package' }).click();
  await view.page.keyboard.press('Escape');
  await view.page.mouse.move(5, 5);
  await view.pictures('blue-yellow');
  await pointAtPlace(async () => {
    const box = await view.canvas.boundingBox();
    if (box === null) throw new Error('the graph is not on the screen');
    const place = await view.placeOf(answer, answer.nodeOf('execute_sql'));
    return { x: box.x + place.x, y: box.y + box.height - place.y };
  }, 'execute_sql');
  await view.page.getByRole('button', { name: 'Colours' }).click();
  await view.page.getByRole('radio', { name: 'Root on top' }).click();
  await view.page.getByRole('radio', { name: 'All hues' }).click();
  await view.page.keyboard.press('Escape');
});
