import { chownSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { repositoryFolder } from '../world/support/places';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';

const world = inject('world');
const testdata = join(repositoryFolder, 'src/core/formats/testdata');
const folder = join(world.path, 'tmp', 'files-to-open');
const goCpu = place('go-cpu.pb.gz', readFileSync(join(testdata, 'go-cpu.pb.gz')));
const folded = place('shop.folded', 'main;checkout;tax 30\nmain;checkout 12\nmain;idle loop 8\n');
let app: App;
let ui: Driver;

/** Puts a file where the app's user can read it. */
function place(name: string, content: string | Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, content);
  for (const each of [folder, path]) chownSync(each, world.users.desk.uid, world.users.desk.gid);
  return path;
}

beforeAll(async () => {
  app = await launchApp({ world, name: 'files', args: [goCpu, join(folder, 'never-was.pb.gz')] });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

const heading = (): Promise<string> => app.window.getByRole('banner', { name: 'Selection' }).innerText();
const shows = (title: string): Promise<true> =>
  waitFor(`${title} on the screen`, async () => ((await heading()).includes(title) ? true : undefined), {
    timeoutMs: 20_000,
  });

/** Ctrl+O; the system's dialog can not be pressed by a test: what it would answer is put in its place. */
async function openByDialog(...filePaths: string[]): Promise<void> {
  await app.electron.evaluate(({ dialog }, paths) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: paths.length === 0, filePaths: paths });
  }, filePaths);
  await app.window.locator('body').click({ position: { x: 2, y: 2 } });
  await app.window.keyboard.press('Control+o');
}

/** A drag of files from the desktop that ends over the graph, as Chromium gets it from the window system. */
async function drop(...files: string[]): Promise<void> {
  await app.electron.evaluate(async ({ BrowserWindow }, paths) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined) throw new Error('there is no window to drop on');
    if (!contents.debugger.isAttached()) contents.debugger.attach('1.3');
    const data = { items: [], files: paths, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
      await contents.debugger.sendCommand('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
    }
  }, files);
}

/** Waits for the one sentence, dismisses it and answers it. */
async function refusal(): Promise<string> {
  const alert = app.window.getByRole('alert').first();
  await alert.waitFor({ timeout: 30_000 });
  const said = (await alert.locator('p').innerText()).trim();
  await alert.getByRole('button', { name: 'Dismiss' }).click();
  await alert.waitFor({ state: 'detached' });
  return said;
}

test("a FILE argument opens, a pprof of Go's runtime/pprof; one that is not there is named", async () => {
  await shows('go-cpu.pb.gz');
  expect(await refusal()).toMatch(/^never-was\.pb\.gz is not there/);
  // 48 samples of 10 ms.
  await expect.poll(() => ui.graph()).toBe(480_000_000);
  expect(await ui.find('runtime.mallocgc')).toContain('runtime.mallocgc');
  await app.screenshot('1-argument');
});

test('Ctrl+O opens folded stacks, and a cancelled dialog changes nothing', async () => {
  await openByDialog(folded);
  await shows('shop.folded');
  await expect.poll(() => ui.graph()).toBe(50);
  expect(await ui.find('idle')).toEqual(['idle loop']);
  await openByDialog();
  expect(await ui.graph()).toBe(50);
  expect(await app.window.getByRole('alert').count()).toBe(0);
});

test('a dropped file opens', async () => {
  const heap = place('go-heap.pb.gz', readFileSync(join(testdata, 'go-heap.pb.gz')));
  await drop(heap);
  await shows('go-heap.pb.gz');
  await ui.graph();
  expect(await ui.find('encoding/json.Marshal')).toEqual(['encoding/json.Marshal']);
  await app.screenshot('2-dropped');
});

const whole = readFileSync(goCpu);
const plain = gunzipSync(whole);

test.each([
  ['a compressed pprof that is cut off', () => place('cut.pb.gz', whole.subarray(0, 2000)), /cut off/],
  ['a plain pprof that is cut off', () => place('cut.pb', plain.subarray(0, plain.length - 7)), /cut off/],
  ['a file that is no profile', () => place('photo.png', '\u0089PNG\r\n\u001a\n\u0000\u0000'), /not a profile/],
  ['text that is no profile', () => place('notes.txt', 'Dear diary,\ntoday I profiled nothing.\n'), /not a profile/],
  ['an empty file', () => place('empty.pb.gz', ''), /is empty/],
  ['a file that is not there', () => join(folder, 'gone.pb.gz'), /not there/],
  ['a folder', () => folder, /is no file/],
])('%s is said in one sentence, and what was open stays', async (_what, make, says) => {
  await openByDialog(folded);
  await shows('shop.folded');
  await ui.graph();
  const path = make();
  await drop(path);
  const said = await refusal();
  expect(said).toMatch(says);
  expect(said).toContain(basename(path));
  expect(said).not.toContain('\n');
  expect(await ui.graph()).toBe(50);
  expect(await heading()).toContain('shop.folded');
  expect(await ui.find('checkout')).toEqual(['checkout']);
});

test('of several files those that are damaged are named, and the whole ones open', async () => {
  await drop(place('torn.pb.gz', whole.subarray(0, 1000)), goCpu);
  await shows('go-cpu.pb.gz');
  await expect.poll(() => ui.graph()).toBe(480_000_000);
  expect(await refusal()).toMatch(/^torn\.pb\.gz: .*cut off/);
  // It was open already: it is shown, and not opened twice.
  const open = app.window.getByRole('list', { name: 'Open profiles' });
  expect(await open.getByRole('button', { name: 'go-cpu.pb.gz', exact: true }).count()).toBe(1);
});

test('names that mean harm are shown as text', async () => {
  const bidi = '\u202Egnp.exe\u2066';
  const html = '<img src=x onerror=alert(1)>';
  const stack = `main;${html};a${bidi}b;tab\u0085\u200b 7`;
  const path = join(folder, `evil${bidi}\u0007${html}.folded`);
  copyFileSync(place('evil.folded', `${stack}\n`), path);
  const dialogs: string[] = [];
  app.window.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss(); // only that it came counts
  });
  await drop(path);
  await shows('‹U+202E›gnp.exe‹U+2066›‹U+0007›<img src=x onerror=alert(1)>.folded');
  await expect.poll(() => ui.graph()).toBe(7);
  expect(await ui.find('gnp')).toEqual(['a‹U+202E›gnp.exe‹U+2066›b']);
  expect(await ui.find('onerror')).toEqual([html]);
  expect(await ui.find('tab')).toEqual(['tab‹U+0085›‹U+200B›']);
  expect(await app.window.locator('img[src="x"]').count()).toBe(0);
  await app.window.getByLabel('Search functions').fill(''); // the table shows what the search finds
  await app.window.getByRole('tab', { name: 'Table' }).click();
  await app.window.getByRole('table', { name: 'Functions' }).getByText(html).first().waitFor();
  await app.screenshot('3-hostile');
  await app.window.getByRole('tab', { name: 'Flame' }).click();
  // A failure that carries such a name is text as well.
  const empty = join(folder, `void${bidi}${html}.pb`);
  writeFileSync(empty, '');
  await drop(empty);
  expect(await refusal()).toBe(`void‹U+202E›gnp.exe‹U+2066›${html}.pb is empty.`);
  const everything = await app.window.locator('body').innerText();
  expect(everything).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0007]/);
  expect(dialogs).toEqual([]);
});

test('files that were opened are listed, in the window and in the menu, and open again', async () => {
  const { window: page } = app;
  const recent = page.getByRole('list', { name: 'Recent files' }).getByRole('button');
  await openByDialog(folded);
  await shows('shop.folded');
  await expect.poll(async () => (await recent.first().innerText()).split('\n')[0]).toBe('shop.folded');
  const names = async (): Promise<string[]> => (await recent.allInnerTexts()).map((text) => text.split('\n')[0] ?? '');
  await expect.poll(async () => (await names()).filter((name) => name === 'shop.folded').length).toBe(1);
  expect(await names()).not.toContain('photo.png');
  const inMenu = (): Promise<string[]> =>
    app.electron.evaluate(({ Menu }) => {
      const file = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'File')?.submenu;
      const list = file?.items.find(({ label }) => label === 'Open recent')?.submenu;
      return list?.items.map(({ label }) => label) ?? [];
    });
  await expect.poll(async () => (await inMenu())[0]).toBe('shop.folded');
  await app.screenshot('4-recent');
  await ui.button('Close').click();
  await recent.filter({ hasText: 'shop.folded' }).click();
  await shows('shop.folded');
  await expect.poll(() => ui.graph()).toBe(50);

  // A file that is gone is said, and leaves the list.
  const gone = place('soon-gone.folded', 'main 1\n');
  await openByDialog(gone);
  await shows('soon-gone.folded');
  rmSync(gone);
  await recent.filter({ hasText: 'soon-gone' }).click();
  expect(await refusal()).toMatch(/^soon-gone\.folded is not there/);
  await expect.poll(names).not.toContain('soon-gone.folded');
  await ui.button('Forget the recent files').click();
  await expect.poll(() => recent.count()).toBe(0);
  await expect.poll(inMenu).not.toContain('shop.folded');
});

test('closing the file leads back to the targets', async () => {
  const open = app.window.getByRole('list', { name: 'Open profiles' }).getByRole('listitem');
  for (let left = await open.count(); left > 0; left--) {
    await ui.button('Close').click();
    await expect.poll(() => open.count()).toBe(left - 1);
  }
  await ui.button('Record').first().waitFor();
});
