import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { tarOfFolder } from '../../src/engine/docker/tar';
import { launchApp, type App } from '../app';
import { faultsOf } from './axe';
import { pictureFailures } from './picture-failures';
import { startReplay, type Replay } from '../world/replay';
import { drive, type Driver } from './driver';
import { addAndConnect } from './servers';

// A server on which a replayed store answers as its agent, beside the demo's real containers: the store's container has another id, and
// is found by its name. The replayed shop's file is put there; its hot lines are those of the made-up samples.

const world = inject('world');
const views = '/app/revel/orders/views.py';
/** order_list of the replayed shop, whose calls are sampled on lines 41 and, by variants, below it. */
const hotLine = 41;
const text = Array.from({ length: 60 }, (_, at) =>
  at + 1 === 34
    ? 'def order_list(request):'
    : at + 1 === hotLine
      ? '    for order in orders_of(request):'
      : `    # ${at + 1}`,
).join('\n');

let app: App;
let ui: Driver;
let replay: Replay;

beforeAll(async () => {
  const web = new Docker({ socketPath: world.dockerSocket }).getContainer(world.demo.web.id);
  const archive = tarOfFolder('revel/orders', [{ name: 'views.py', content: Buffer.from(`${text}\n`) }], {
    uid: 0,
    gid: 0,
  });
  await web.putArchive(archive, { path: '/app' });
  replay = await startReplay({
    worldPath: world.path,
    uid: world.users.pyro.uid,
    seed: 7,
    endMs: Date.now(),
    minutes: 5,
  });
  app = await launchApp({ world, name: 'source' });
  ui = drive(app.window);
  await app.window.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  const { host, port, hostPublicKey } = world.sshd;
  await addAndConnect(app, ui, world, { name: 'web-1', host, port, hostPublicKey, user: 'pyro' });
  await ui.service('revel_web').click();
  await ui.graph();
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await replay.dispose();
});

const grid = (): Locator => app.window.getByRole('grid', { name: 'Source' });
const currentRow = (): Locator => grid().locator('[aria-selected="true"]');
/** The number of the current row's line. */
const currentLine = (): Promise<string> => currentRow().getByRole('rowheader').innerText();

/** Selects the widest frame of a function by searching for it. */
async function select(name: string): Promise<void> {
  await app.window.keyboard.press('1');
  await ui.find(name);
  await ui.select(name);
}

/** By the menu of a row. */
async function openSourceOf(row: Locator): Promise<void> {
  await row.click({ button: 'right' });
  await app.window.getByRole('menuitem', { name: /^Open source/ }).click();
}

test('the source of a hot function is read from its container, at its hottest line', async () => {
  await select('order_list');
  await app.window.getByRole('complementary', { name: 'Details' }).getByRole('button', { name: 'Open source' }).click();
  await expect.poll(() => currentRow().innerText()).toContain('for order in orders_of(request):');
  await expect.poll(currentLine).toBe(String(hotLine));
  const cells = currentRow().getByRole('gridcell');
  await expect.poll(() => cells.nth(1).innerText()).toMatch(/\d.s$/); // total
  await expect.poll(() => cells.nth(2).innerText()).toMatch(/%$/);
  await app.window.getByText('The container that was sampled is gone').waitFor();
  await app.screenshot('1-container-dark');
  expect(await faultsOf(app.window)).toEqual([]);
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('1-container-light');
  expect(await faultsOf(app.window)).toEqual([]);
  await app.window.keyboard.press('Control+Shift+L');

  await grid().focus();
  await app.window.keyboard.press('ArrowUp');
  await expect.poll(currentLine).toBe(String(hotLine - 1));
  await app.window.keyboard.press('n');
  await expect.poll(currentLine).toBe(String(hotLine));
  await app.window.keyboard.press('c');
  await expect.poll(() => app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe(`${views}:${hotLine}`);

  // What a line costs is explained, by the menu of the number and by its key.
  const explained = (what: string): Locator =>
    app.window.getByRole('dialog', { name: `How ${what} of views.py:${hotLine} came about` });
  await cells.nth(1).click({ button: 'right' });
  await app.window.getByRole('menuitem', { name: /^Explain this number/ }).click();
  await explained('Total').getByText('samples on this line and in all that it called; a stack counts once').waitFor();
  await explained('Total').getByText('the store of the agent of web-1').waitFor();
  await app.screenshot('1-explained');
  await app.window.keyboard.press('Escape');
  await expect.poll(() => explained('Total').count()).toBe(0);
  await grid().focus();
  await app.window.keyboard.press('ArrowUp');
  await app.window.keyboard.press('n');
  await expect.poll(currentLine).toBe(String(hotLine));
  await app.window.keyboard.press('e');
  await explained('Self').waitFor();
  await app.window.keyboard.press('Escape');
});

test('a snapshot has its source as well, as long as the container is there', async () => {
  await app.window.keyboard.press('Control+s');
  await app.window.getByLabel('Title').fill('With its source');
  await ui.button('Save').last().click();
  await app.window.getByRole('list', { name: 'Snapshots' }).getByRole('button').first().click();
  await expect.poll(() => currentRow().innerText()).toContain('for order in orders_of(request):');
  await ui.service('revel_web').click();
  await app.window.getByRole('tab', { name: 'Flame' }).click();
  await ui.graph();
});

test('what is not found says where it was looked for, and a chosen folder mends it', async () => {
  await app.window.keyboard.press('2');
  await app.window.getByLabel('Search functions').fill('rank');
  await openSourceOf(
    app.window.getByRole('table', { name: 'Functions' }).getByRole('button', { name: 'rank', exact: true }),
  );
  const looks = app.window.getByRole('list', { name: 'Where it was looked for' }).getByRole('listitem');
  await looks.first().waitFor();
  await expect.poll(() => looks.first().innerText()).toContain('revel_web');
  expect(await looks.first().innerText()).toContain('It is not there.');
  const said = async (): Promise<string> => (await looks.allInnerTexts()).join('\n');
  await expect.poll(said).toContain('There is no rule for paths yet.');
  await expect
    .poll(() => app.window.getByRole('region', { name: 'Lines that cost most' }).innerText())
    .toContain('rank');
  await app.screenshot('2-not-found-dark');
  expect(await faultsOf(app.window)).toEqual([]);
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('2-not-found-light');
  await app.window.keyboard.press('Control+Shift+L');

  const folder = join(app.home, 'work');
  const file = join(folder, 'revel/catalogue/search.py');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, Array.from({ length: 140 }, (_, at) => `line ${at + 1}`).join('\n'));
  for (const path of [folder, join(folder, 'revel'), join(folder, 'revel/catalogue'), file]) {
    chownSync(path, world.users.desk.uid, world.users.desk.gid);
  }
  // The system's dialog can not be pressed by a test: what it would answer is put in its place.
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
  }, folder);
  await expect.poll(() => app.window.getByLabel('Paths that begin with').inputValue()).toBe('/app');
  await ui.button('Choose the folder…').click();
  await expect.poll(() => currentRow().innerText()).toMatch(/line 1[12]\d$/);
  await ui.button('Folders…').click();
  await app.window.getByRole('list', { name: 'Folders' }).getByText(folder).waitFor();
  await app.screenshot('3-folders');
  await app.window.getByRole('button', { name: `Forget ${folder}` }).click();
  await ui.button('Close').last().click();
  await looks.first().waitFor();

  await app.window.keyboard.press('4');
  await openSourceOf(
    app.window.getByRole('treegrid', { name: 'Call tree' }).getByText('get_response', { exact: true }),
  );
  await app.window.getByRole('heading', { name: 'base.py was not found' }).waitFor();
  await expect.poll(said).toContain('It is a file of a library');
});
