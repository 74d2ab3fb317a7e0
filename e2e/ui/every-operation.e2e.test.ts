import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Operation } from '../../src/contract/operations';
import { layoutFlame } from '../../src/core/flame/layout';
import { ancestorsOf } from '../../src/core/flame/navigate';
import { frameOfPlace, shownFile } from '../../src/core/operations/frames';
import { operate } from '../../src/core/operations/testing/operate';
import { framePitchPx } from '../../src/renderer/flame/viewport';
import { pictureFailures } from './picture-failures';
import type { Answer } from './replayed';
import { nowMs, openReplayWindow, type ReplayWindow } from './replay-window';

// Every entry of a frame's menu and of the menu of operations that rewrites a profile, chosen in the window: what the graph shows then is
// what the reference makes of the store's own answer. Each crumb takes its operation back.

const shown = { startMs: nowMs - 15 * 60_000, endMs: nowMs };
let view: ReplayWindow;
let answer: Answer;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'every-operation');
  await view.ui.service('revel_web').click();
  answer = await view.store.profile('{service_name="revel_web"}', shown);
  await view.ui.graph();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const crumbs = () => view.page.getByRole('list', { name: 'Operations' }).getByRole('button');

/** How wide the whole is, and how many frames there are. */
async function sizeAfter(...operations: readonly Operation[]): Promise<readonly [string, string]> {
  const made = await operate(answer.profile, operations);
  if (!made.ok) throw new Error(made.reason);
  const { graph } = layoutFlame(made.value.tree);
  return [String(graph.x1[0] ?? 0), String(graph.count)];
}

const sizeShown = (): Promise<readonly [string | null, string | null]> =>
  Promise.all([view.canvas.getAttribute('data-total'), view.canvas.getAttribute('data-nodes')]);

/** What is chosen is seen in the graph as the reference has it, and is gone with its crumb. */
async function isDone(choose: () => Promise<void>, operation: Operation): Promise<void> {
  await choose();
  await expect.poll(() => crumbs().count()).toBe(1);
  await view.ui.graph();
  await expect.poll(sizeShown).toEqual(await sizeAfter(operation));
  await crumbs().click();
  await view.shows(answer.total);
}

const frameOf = (node: number) => frameOfPlace(answer.placeOf(node));
const keyOf = (node: number) => ({ name: answer.nameOf(node), file: shownFile(answer.placeOf(node)) });

const beginsWith = (text: string): RegExp => new RegExp(`^${text}`);

/** Chooses an entry of the menu of a frame that is open; "Group by > File" is one of a submenu. */
async function chooseEntry(entry: string): Promise<void> {
  const titles = entry.split(' > ');
  let menu = view.page.getByRole('menu', { name: /^Actions for/ });
  for (const title of titles.slice(0, -1)) {
    await menu.locator('[role="menuitem"][aria-haspopup="menu"]', { hasText: beginsWith(title) }).click();
    menu = view.page.getByRole('menu', { name: title, exact: true });
  }
  await menu.getByRole('menuitem', { name: beginsWith(titles.at(-1) ?? '') }).click();
}

const openMenu = async (node: number): Promise<void> =>
  view.canvas.click({ button: 'right', position: await view.placeOf(answer, node) });

/** Chooses an entry of the menu of a frame. */
const inFrameMenu = (node: number, entry: string) => async (): Promise<void> => {
  await openMenu(node);
  await chooseEntry(entry);
};

/** Chooses an entry of the menu of the first frame that a search finds, which may lie below what is on the screen. */
async function inMenuOfMatch(name: string, entry: string): Promise<void> {
  await view.page.getByLabel('Search functions').fill(name);
  await view.page.getByRole('list', { name: 'Search matches' }).getByText(name, { exact: true }).waitFor();
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await view.page.keyboard.press('F3');
  await expect.poll(() => view.ui.selectedFrame().innerText()).toContain(name);
  await view.page.keyboard.press('Shift+F10');
  await chooseEntry(entry);
  await view.ui.button('Clear search').click();
}

/** Chooses an entry of the menu of operations. */
const inMenu = (entry: string) => async (): Promise<void> => {
  await view.page.getByRole('button', { name: 'Operations', exact: true }).click();
  await view.page.getByRole('menuitem', { name: new RegExp(`^${entry}`) }).click();
};

test('what is done with a frame', async () => {
  const node = answer.nodeOf('execute_sql');
  const frames = { by: 'function', ...keyOf(node) } as const;
  const here = { by: 'path' as const, path: ancestorsOf(answer.graph, node).slice(1).map(keyOf) };
  const ofPackage = { by: 'package', name: frameOf(node).packageName } as const;
  const entries: readonly (readonly [string, Operation])[] = [
    ['Focus on the function', { kind: 'focus', frames }],
    ['Focus on this place', { kind: 'focus', frames: here }],
    ['Only stacks with it', { kind: 'keep', frames }],
    ['Drop stacks with it', { kind: 'drop', frames }],
    ['Hide the function', { kind: 'hide', frames }],
    ['Merge what it calls into it', { kind: 'merge', frames }],
    ['Collapse its recursion', { kind: 'collapse-recursion', reach: 'whole', frames }],
    ['Its package > Collapse the package', { kind: 'collapse', frames: ofPackage }],
    ['Its package > Hide the package', { kind: 'hide', frames: ofPackage }],
    ['Its package > Only stacks with it', { kind: 'keep', frames: ofPackage }],
  ];
  for (const [entry, operation] of entries) await isDone(inFrameMenu(node, entry), operation);
});

test('what is done with a library', async () => {
  const name = 'PKCS5_PBKDF2_HMAC';
  const frames = { by: 'library', name: frameOf(answer.nodeOf(name)).library } as const;
  await isDone(() => inMenuOfMatch(name, 'Its library > Collapse the library'), { kind: 'collapse', frames });
});

test('what is done with the whole, from the menu of operations and from that of every frame', async () => {
  const entries: readonly (readonly [string, string, Operation])[] = [
    ['Invert', 'Invert', { kind: 'invert' }],
    ['Hide interpreter internals', 'Hide > Interpreter', { kind: 'hide', frames: { by: 'interpreter' } }],
    ['Hide the kernel', 'Hide > The kernel', { kind: 'hide', frames: { by: 'kind', kind: 'kernel' } }],
    ['Collapse direct recursion', 'Collapse recursion > Direct', { kind: 'collapse-recursion', reach: 'direct' }],
    ['Collapse all recursion', 'Collapse recursion > All', { kind: 'collapse-recursion', reach: 'whole' }],
    ['Group by file', 'Group by > File', { kind: 'group', by: 'file' }],
    ['Group by package', 'Group by > Package', { kind: 'group', by: 'package' }],
    ['Group by library', 'Group by > Library', { kind: 'group', by: 'library' }],
    ['Group by kind of code', 'Group by > Kind of code', { kind: 'group', by: 'kind' }],
    ['Tell lines apart', 'Group by > Line', { kind: 'group', by: 'line' }],
  ];
  const node = answer.nodeOf('execute_sql');
  for (const [entry, ofFrame, operation] of entries) {
    await isDone(inMenu(entry), operation);
    await isDone(inFrameMenu(node, ofFrame), operation);
  }
});

test('a frame’s menu is driven by keys: arrows, letters, submenus beside it, Escape', async () => {
  const { page } = view;
  await view.ui.select('execute_sql');
  await view.ui.button('Clear search').click();
  await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu', { name: 'Actions for execute_sql' });
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
  await expect.poll(focused).toMatch(/^Zoom to it/);
  await page.keyboard.press('End');
  await expect.poll(focused).toMatch(/^Filter/);
  await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toMatch(/^Zoom to it/);
  await page.keyboard.type('gr');
  await expect.poll(focused).toMatch(/^Group by/);
  await page.keyboard.press('ArrowRight');
  const beside = page.getByRole('menu', { name: 'Group by', exact: true });
  await expect.poll(focused).toBe('File');
  await page.keyboard.press('ArrowLeft');
  await beside.waitFor({ state: 'detached' });
  await expect.poll(focused).toMatch(/^Group by/);
  await page.keyboard.press('Enter');
  await expect.poll(focused).toBe('File');
  // Escape leaves one menu at a time.
  await page.keyboard.press('Escape');
  await beside.waitFor({ state: 'detached' });
  await menu.waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treegrid');
  const group = { kind: 'group', by: 'package' } as const;
  await isDone(async () => {
    await page.keyboard.press('Shift+F10');
    await page.keyboard.type('gr');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('p');
    await page.keyboard.press('Enter');
  }, group);
});

test('menus stay inside of the smallest window, from any corner', async () => {
  const { page } = view;
  await view.resize({ width: 1024, height: 640 });
  await view.ui.graph();
  const box = await view.canvas.boundingBox();
  if (box === null) throw new Error('the graph is not on the screen');
  const boxes = (): Promise<readonly (readonly [number, number, number, number])[]> =>
    page.getByRole('menu').evaluateAll((menus) =>
      menus.map((each) => {
        const { left, top, right, bottom } = each.getBoundingClientRect();
        return [left, top, right, bottom] as const;
      }),
    );
  const isInside = async (count: number): Promise<void> => {
    await expect.poll(async () => (await boxes()).length).toBe(count);
    await expect
      .poll(async () =>
        (await boxes()).every(([left, top, right, bottom]) => left >= 0 && top >= 0 && right <= 1024 && bottom <= 640),
      )
      .toBe(true);
  };
  const { x1, count, depth } = answer.graph;
  // The frame of the graph's right edge that lies lowest on the screen.
  const level = Math.floor((box.height - 8) / framePitchPx) - 1;
  const right = Array.from({ length: count }, (_, node) => node)
    .filter((node) => (depth[node] ?? 0) <= level && (x1[node] ?? 0) > 0.97 * answer.total)
    .reduce((lowest, node) => ((depth[node] ?? 0) >= (depth[lowest] ?? 0) ? node : lowest), 0);
  const at = await view.placeOf(answer, right);
  for (const position of [{ x: box.width - 14, y: at.y }, at]) {
    await view.canvas.click({ button: 'right', position });
    await isInside(1);
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('menuitem', { name: /^Only pid/ }).waitFor();
    await isInside(2);
    await page.getByRole('menuitem', { name: /^Only pid/ }).click();
    await isInside(3);
    await view.app.screenshot(`menu-small-${position === at ? 'frame' : 'edge'}`);
    await page.keyboard.press('Tab');
    await expect.poll(async () => (await boxes()).length).toBe(0);
  }
  await view.resize({ width: 1440, height: 900 });
  await view.shows(answer.total);
  await openMenu(answer.nodeOf('execute_sql'));
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('menuitem', { name: /^Only pid/ }).waitFor();
  await view.pictures('menu');
  await page.keyboard.press('Tab');
  await expect.poll(async () => (await boxes()).length).toBe(0);
});

test('a filter by a process asks the store anew, from a frame’s menu, and Alt+Left takes it back', async () => {
  const node = answer.nodeOf('execute_sql');
  await openMenu(node);
  await view.page.keyboard.press('End');
  await view.page.keyboard.press('ArrowRight');
  await view.page.getByRole('menuitem', { name: /^Only pid/ }).click();
  const values = view.page.getByRole('menu', { name: 'Only pid', exact: true }).getByRole('menuitem');
  const pid = (await values.first().innerText()).trim();
  expect(pid).toMatch(/^\d+$/);
  await values.first().click();
  const only = await view.store.profile(`{service_name="revel_web",pid="${pid}"}`, shown);
  expect(only.total).toBeLessThan(answer.total);
  await view.shows(only.total);
  await view.ui.button(`Selector {service_name="revel_web",pid="${pid}"}`).waitFor();
  await view.page.keyboard.press('Alt+ArrowLeft');
  await view.shows(answer.total);
  await inFrameMenu(node, `Filter > Without pid > ${pid}`)();
  await view.shows(answer.total - only.total);
  await view.page.keyboard.press('Alt+ArrowLeft');
  await view.shows(answer.total);
});

test('what is done with what a search finds', async () => {
  await view.page.getByLabel('Search functions').fill('execute_sql');
  const frames = { by: 'pattern', pattern: 'execute_sql' } as const;
  const entries: readonly (readonly [string, Operation])[] = [
    ['Only stacks with a match', { kind: 'keep', frames }],
    ['Drop stacks with a match', { kind: 'drop', frames }],
    ['Focus on what matches', { kind: 'focus', frames }],
    ['Hide what matches', { kind: 'hide', frames }],
  ];
  const node = answer.nodeOf('execute_sql');
  for (const [entry, operation] of entries) {
    await isDone(inMenu(entry), operation);
    await isDone(inFrameMenu(node, `Filter > ${entry}`), operation);
  }
  await view.ui.button('Clear search').click();
});

test('operations combine in their order, and all go at once', async () => {
  const frames = { by: 'function', ...keyOf(answer.nodeOf('execute_sql')) } as const;
  const operations: readonly Operation[] = [
    { kind: 'hide', frames: { by: 'interpreter' } },
    { kind: 'focus', frames },
    { kind: 'group', by: 'package' },
    { kind: 'invert' },
  ];
  await inMenu('Hide interpreter internals')();
  await view.shows(answer.total);
  await inMenuOfMatch('execute_sql', 'Focus on the function');
  await inMenu('Group by package')();
  await inMenu('Invert')();
  await expect.poll(() => crumbs().count()).toBe(operations.length);
  await view.ui.graph();
  await expect.poll(sizeShown).toEqual(await sizeAfter(...operations));
  await inMenu('Show the profile as it is')();
  await view.shows(answer.total);
  expect(await crumbs().count()).toBe(0);
});

test('what a menu copies, finds and zooms to', async () => {
  const node = answer.nodeOf('execute_sql');
  const clipboard = (): Promise<string> => view.app.electron.evaluate(({ clipboard: board }) => board.readText());
  await inFrameMenu(node, 'Copy name')();
  await expect.poll(clipboard).toBe('execute_sql');
  await inFrameMenu(node, 'Copy stack')();
  await expect.poll(clipboard).toBe(answer.pathOf(node).join('\n'));
  await inFrameMenu(node, 'Find all of this name')();
  await expect.poll(() => view.page.getByLabel('Search functions').inputValue()).toBe('execute_sql');
  await view.ui.button('Clear search').click();
  await inFrameMenu(node, 'Zoom to it')();
  // Crumbs leave out the middle of a long way.
  const crumb = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button').last();
  await expect.poll(() => crumb.innerText()).toBe('execute_sql');
  await view.page.keyboard.press('Home');
});
