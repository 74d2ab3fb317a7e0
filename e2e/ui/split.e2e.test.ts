import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { nowMs, openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';
import type { ShellApi } from '../../src/contract/shell';
import type { Answer } from './replayed';

// Two views side by side: each is of its own kind, and selection, search and pointer are one.

const minuteMs = 60_000;
const shown = { startMs: nowMs - 15 * minuteMs, endMs: nowMs };
const web = '{service_name="revel_web"}';
let view: ReplayWindow;
let answer: Answer;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'split');
  await view.ui.service('revel_web').click();
  answer = await view.store.profile(web, shown);
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const pane = (name: string): Locator => view.page.getByRole('region', { name, exact: true });
const panes = (): Promise<string[]> =>
  view.page
    .getByRole('region', { name: /^(?:Left|Right) view, / })
    .evaluateAll((all) =>
      all.map((each) => `${each.getAttribute('aria-label') ?? ''}${each.matches('.focused') ? '*' : ''}`),
    );
const tree = (): Locator => view.page.getByRole('treegrid', { name: 'Call tree' });
const treeRow = (): Locator => tree().getByRole('row', { selected: true });
const tableRow = (name: string): Locator =>
  view.page
    .getByRole('table', { name: 'Functions' })
    .locator('[data-row]')
    .filter({ has: view.page.getByRole('button', { name, exact: true }) });
const divider = (): Locator => view.page.getByRole('separator', { name: 'Width of the left view' });
const widthOf = async (name: string): Promise<number> => (await pane(name).boundingBox())?.width ?? 0;

async function clickFrame(name: string): Promise<void> {
  await view.canvas.click({ position: await view.placeOf(answer, answer.nodeOf(name)) });
}

test('Ctrl+\\ puts a view beside the one that is there, and F6 and a click go from one to the other', async () => {
  await view.shows(answer.total);
  await view.page.keyboard.press('Control+\\');
  await expect.poll(panes).toEqual(['Left view, Flame*', 'Right view, Table']);
  await view.page.keyboard.press('F6');
  await expect.poll(panes).toEqual(['Left view, Flame', 'Right view, Table*']);
  await view.page.keyboard.press('4');
  await expect.poll(panes).toEqual(['Left view, Flame', 'Right view, Tree*']);
  // What the other pane shows is gone to.
  await view.page.keyboard.press('1');
  await expect.poll(panes).toEqual(['Left view, Flame*', 'Right view, Tree']);
  await expect.poll(() => view.page.getByRole('tab', { name: 'Flame' }).getAttribute('aria-selected')).toBe('true');
  await tree().locator('[data-line="0"]').click();
  await expect.poll(panes).toEqual(['Left view, Flame', 'Right view, Tree*']);
});

test('what is selected in the graph is selected in the tree, and the other way round', async () => {
  await clickFrame('execute_sql');
  await expect.poll(() => treeRow().innerText()).toContain('execute_sql');
  await tree().focus();
  await view.page.keyboard.press('ArrowUp');
  await expect.poll(() => treeRow().getAttribute('title')).not.toContain('execute_sql');
  const row = await treeRow().getAttribute('title');
  await expect.poll(() => view.ui.selectedFrame().innerText()).toContain(row ?? '?');
});

test('bottom up, the tree unfolds the callers that tell the selected frame from others of its function', async () => {
  await view.page.getByRole('radio', { name: 'Bottom up' }).click();
  await clickFrame('tcp_sendmsg');
  await expect.poll(() => treeRow().getAttribute('title')).toContain('tcp_sendmsg');
  await expect.poll(() => treeRow().getAttribute('aria-level')).toBe('1');
  const { graph } = answer;
  const width = (node: number): number => (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
  const [, second = 0] = Array.from({ length: graph.count }, (_, node) => node)
    .filter((node) => answer.nameOf(node) === 'tcp_sendmsg')
    .sort((a, b) => width(b) - width(a));
  await view.canvas.click({ position: await view.placeOf(answer, second) });
  await expect.poll(async () => Number(await treeRow().getAttribute('aria-level'))).toBeGreaterThan(1);
  const level = Number(await treeRow().getAttribute('aria-level'));
  expect(await treeRow().getAttribute('title')).toContain(answer.pathOf(second).at(-level) ?? '?');
  await view.page.getByRole('radio', { name: 'Top down' }).click();
  await clickFrame('execute_sql');
  await expect.poll(() => treeRow().innerText()).toContain('execute_sql');
});

test('what the pointer is on is marked in the other view, and what is searched for is found in both', async () => {
  const marked = tree().locator('.marked');
  await view.canvas.hover({ position: await view.placeOf(answer, answer.nodeOf('order_list')) });
  await expect.poll(() => marked.first().innerText()).toContain('order_list');
  await tree()
    .getByRole('row', { name: /execute_sql/ })
    .first()
    .hover();
  await expect.poll(() => view.canvas.getAttribute('data-marked')).toBe('execute_sql');
  await expect.poll(() => marked.count()).toBe(0);
  await view.page.keyboard.press('Control+F');
  await view.page.keyboard.type('execute_sql');
  await expect.poll(() => tree().locator('.matched').first().innerText()).toContain('execute_sql');
  await view.pictures('flame-tree');
  await view.ui.button('Clear search').click();
});

test('a row of the table selects the widest frame of its function, and stays where it is', async () => {
  await pane('Right view, Tree').getByRole('heading', { name: 'Tree' }).click();
  await view.page.getByRole('tab', { name: 'Table' }).click();
  const name = answer.nameOf(answer.nodeOf('execute_sql'));
  await tableRow(name).click();
  await expect.poll(() => view.ui.selectedFrame().innerText()).toContain(name);
  await expect.poll(() => tableRow(name).getAttribute('aria-current')).toBe('true');
  await clickFrame('order_list');
  await expect.poll(() => tableRow('order_list').getAttribute('aria-current')).toBe('true');
  await view.pictures('flame-table');
});

test('callers and callees open beside the graph, and follow what is selected in it', async () => {
  await view.canvas.click({
    button: 'right',
    position: await view.placeOf(answer, answer.nodeOf('execute_sql')),
  });
  await view.page.getByRole('menuitem', { name: 'Callers and callees' }).click();
  await expect.poll(panes).toEqual(['Left view, Flame*', 'Right view, Sandwich']);
  const head = view.page.locator('.sandwich-head');
  await expect.poll(() => head.innerText()).toContain('execute_sql');
  await clickFrame('order_list');
  await expect.poll(() => head.innerText()).toContain('order_list');
  await view.pictures('flame-sandwich');
});

test('the line between is moved by keys and by hand, and there is room for two in a small window', async () => {
  await divider().focus();
  const before = await widthOf('Left view, Flame');
  await view.page.keyboard.press('PageDown');
  await expect.poll(() => widthOf('Left view, Flame')).toBeGreaterThan(before + 50);
  await expect.poll(() => divider().getAttribute('aria-valuenow')).toBe('60');
  const line = await divider().boundingBox();
  if (line === null) throw new Error('there is no line between the views');
  await view.page.mouse.move(line.x + 4, line.y + 100);
  await view.page.mouse.down();
  await view.page.mouse.move(line.x - 5_000, line.y + 100, { steps: 3 });
  await view.page.mouse.up();
  await expect.poll(() => widthOf('Left view, Flame')).toBeCloseTo(240, -1);
  await divider().dblclick();
  await expect.poll(() => divider().getAttribute('aria-valuenow')).toBe('50');

  await view.resize({ width: 1024, height: 640 });
  for (const [key, name] of [
    ['2', 'Table'],
    ['4', 'Tree'],
    ['3', 'Sandwich'],
  ] as const) {
    if (!(await panes()).at(-1)?.endsWith('*')) await view.page.keyboard.press('F6');
    await view.page.keyboard.press(key);
    await expect.poll(panes).toEqual(['Left view, Flame', `Right view, ${name}*`]);
    expect(await widthOf(`Right view, ${name}`)).toBeGreaterThanOrEqual(240);
    const overflow = await view.page.locator('.main').evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(overflow).toBe(0);
    await view.app.screenshot(`small-${name.toLowerCase()}`);
  }
  await view.resize({ width: 1440, height: 900 });
});

test('unfolded rows and the selection stay when the range is another', async () => {
  await view.page.keyboard.press('4');
  await clickFrame('execute_sql');
  await expect.poll(() => treeRow().innerText()).toContain('execute_sql');
  const before = await treeRow().innerText();
  const box = await view.page
    .getByRole('group', { name: /^Timeline/ })
    .locator('canvas')
    .boundingBox();
  if (box === null) throw new Error('the timeline is not on the screen');
  const x = (timeMs: number): number => box.x + 12 + ((timeMs - shown.startMs) / (15 * minuteMs)) * (box.width - 24);
  await view.page.mouse.move(x(storeEndMs - 8 * minuteMs), box.y + 50);
  await view.page.mouse.down();
  await view.page.mouse.move(x(storeEndMs - 2 * minuteMs), box.y + 50, { steps: 3 });
  await view.page.mouse.up();
  await expect
    .poll(async () => {
      const now = await treeRow().innerText();
      return now !== before && now.includes('execute_sql');
    })
    .toBe(true);
});

test('the two views are there after a reload, are listed, and Ctrl+\\ leaves the one with the focus', async () => {
  const session = (): Promise<string> =>
    view.page.evaluate(async () => {
      const { pyrometer } = window as unknown as { pyrometer: ShellApi };
      return JSON.stringify(await pyrometer.call('session.load', {}));
    });
  await expect.poll(session).toContain(JSON.stringify('"other":"tree"').slice(1, -1));
  await view.page.reload();
  await view.ui.graph();
  await expect.poll(panes).toEqual(['Left view, Flame*', 'Right view, Tree']);
  await view.page.keyboard.press('?');
  await view.page.getByText('Go to the other view').waitFor();
  await view.page.keyboard.press('Escape');
  await view.page.keyboard.press('Control+Shift+P');
  await view.page.keyboard.type('one view');
  await view.page.keyboard.press('Enter');
  await expect.poll(panes).toEqual([]);
  await view.canvas.waitFor();
});
