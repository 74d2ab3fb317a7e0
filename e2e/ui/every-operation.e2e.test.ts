import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Operation } from '../../src/contract/operations';
import { layoutFlame } from '../../src/core/flame/layout';
import { ancestorsOf } from '../../src/core/flame/navigate';
import { frameOfPlace, shownFile } from '../../src/core/operations/frames';
import { operate } from '../../src/core/operations/testing/operate';
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

/** Chooses an entry of the menu of a frame. */
const inFrameMenu = (node: number, entry: string) => async (): Promise<void> => {
  await view.canvas.click({ button: 'right', position: await view.placeOf(answer, node) });
  await view.page.getByRole('menuitem', { name: new RegExp(`^${entry}`) }).click();
};

/** Chooses an entry of the menu of the first frame that a search finds, which may lie below what is on the screen. */
async function inMenuOfMatch(name: string, entry: string): Promise<void> {
  await view.page.getByLabel('Search functions').fill(name);
  await view.page.getByRole('list', { name: 'Search matches' }).getByText(name, { exact: true }).waitFor();
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await view.page.keyboard.press('F3');
  await expect.poll(() => view.ui.selectedFrame().innerText()).toContain(name);
  await view.page.keyboard.press('Shift+F10');
  await view.page.getByRole('menuitem', { name: new RegExp(`^${entry}`) }).click();
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
    ['Collapse the package', { kind: 'collapse', frames: ofPackage }],
    ['Hide the package', { kind: 'hide', frames: ofPackage }],
  ];
  for (const [entry, operation] of entries) await isDone(inFrameMenu(node, entry), operation);
});

test('what is done with a library', async () => {
  const name = 'PKCS5_PBKDF2_HMAC';
  const frames = { by: 'library', name: frameOf(answer.nodeOf(name)).library } as const;
  await isDone(() => inMenuOfMatch(name, 'Collapse the library'), { kind: 'collapse', frames });
});

test('what is done with the whole', async () => {
  const entries: readonly (readonly [string, Operation])[] = [
    ['Invert', { kind: 'invert' }],
    ['Hide interpreter internals', { kind: 'hide', frames: { by: 'interpreter' } }],
    ['Hide the kernel', { kind: 'hide', frames: { by: 'kind', kind: 'kernel' } }],
    ['Collapse direct recursion', { kind: 'collapse-recursion', reach: 'direct' }],
    ['Collapse all recursion', { kind: 'collapse-recursion', reach: 'whole' }],
    ['Group by file', { kind: 'group', by: 'file' }],
    ['Group by package', { kind: 'group', by: 'package' }],
    ['Group by library', { kind: 'group', by: 'library' }],
    ['Group by kind of code', { kind: 'group', by: 'kind' }],
    ['Tell lines apart', { kind: 'group', by: 'line' }],
  ];
  for (const [entry, operation] of entries) await isDone(inMenu(entry), operation);
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
  for (const [entry, operation] of entries) await isDone(inMenu(entry), operation);
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
