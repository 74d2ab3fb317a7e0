import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ViewState } from '../../src/contract/selection';
import { len, num, smallPprof } from '../../src/core/formats/testing/wire';
import { CodeFolders } from '../../src/engine/code/code-folders';
import { value } from '../../src/engine/link/testing/results';
import { SnapshotLibrary } from '../../src/engine/snapshots/library';
import { formatValue } from '../../src/renderer/format/numbers';
import { launchApp, type App } from '../app';
import { faultsOf } from './axe';
import { pictureFailures } from './picture-failures';

// A comparison that was saved knows which revision each side ran, and a clone on this computer has both: its source is B's text, in which
// what A's lines cost stands beside the lines that they became.

const world = inject('world');
const repository = 'https://git.example/acme/shop';
const before = `def price(cart):
    total = 0
    log(cart)
    for item in cart:
        total += cost(item)
    total = rounded(total)
    return total
`;
const after = `import tax

def price(cart):
    total = 0
    for item in cart:
        total += tax.of(item)
    total = rounded(total)
    audit(total)
    return total
`;

/** A profile of one function, which begins on a line and was sampled on lines for so many seconds. */
function profileOf(startLine: number, seconds: Readonly<Record<number, number>>): Uint8Array {
  const lines = Object.entries(seconds);
  return smallPprof({
    sample: lines.flatMap(([, value], at) => len(2, [...num(1, at + 1), ...num(2, value * 1e9)])),
    locations: lines.flatMap(([line], at) =>
      len(4, [
        ...num(1, at + 1),
        ...num(2, 1),
        ...num(3, 0x1000 + at),
        ...len(4, [...num(1, 1), ...num(2, Number(line))]),
      ]),
    ),
    functions: len(5, [...num(1, 1), ...num(2, 3), ...num(4, 6), ...num(5, startLine)]),
    strings: ['', 'cpu', 'nanoseconds', 'main', 'work', '/bin/app', '/app/shop/prices.py'].flatMap((text) =>
      len(6, text),
    ),
  });
}

let app: App;

beforeAll(async () => {
  app = await launchApp({ world, name: 'source-compared' });
  await app.window.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  const clone = join(app.home, 'shop');
  const git = (...argv: string[]): string =>
    execFileSync('git', ['-C', clone, '-c', 'user.name=a', '-c', 'user.email=a@b', ...argv], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: app.home, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  const commit = (text: string): string => {
    writeFileSync(join(clone, 'shop/prices.py'), text);
    git('add', '.');
    git('commit', '--quiet', '-m', 'prices');
    return git('rev-parse', 'HEAD');
  };
  mkdirSync(join(clone, 'shop'), { recursive: true });
  git('init', '--quiet', '--initial-branch=trunk');
  git('remote', 'add', 'origin', `${repository}.git`);
  const [former, own] = [commit(before), commit(after)];

  const data = join(app.home, '.config/Pyrometer');
  value(await new CodeFolders(join(data, 'code-folders.json')).add(clone, ''));
  const library = new SnapshotLibrary(join(data, 'library'));
  const comparison = { bytes: profileOf(3, { 6: 40, 7: 20, 8: 5 }), title: 'after' };
  const baseline = { bytes: profileOf(1, { 3: 10, 5: 30, 6: 20 }), title: 'before' };
  const view: ViewState = {
    kind: 'diff',
    tab: 'source',
    valueIndex: 0,
    zoomPath: [],
    search: '',
    selectedPath: ['main'],
  };
  const save = async (title: string, formerRevision: string): Promise<void> => {
    const profiles = [
      { ...baseline, built: [{ repository, revision: formerRevision }] },
      { ...comparison, built: [{ repository, revision: own }] },
    ];
    value(await library.save({ title, notes: '', view, profiles }));
  };
  await save('both texts', former);
  await save('one text', 'a1b2c3d4');
  const { uid, gid } = world.users.desk;
  execFileSync('chown', ['-R', `${uid}:${gid}`, clone, data]);
  await app.window.reload();
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
});

const grid = (): Locator => app.window.getByRole('grid', { name: 'Source' });
const open = (title: string): Promise<void> =>
  app.window
    .getByRole('list', { name: 'Snapshots' })
    .getByRole('button', { name: new RegExp(`^${title}`) })
    .click();

const seconds = (value: number): string => formatValue(value * 1e9, 'nanoseconds');

/** Number, A, B, change and text of each row, as it is drawn. */
async function rows(): Promise<readonly (readonly string[])[]> {
  const drawn = await grid().locator('[data-row]').all();
  return Promise.all(
    drawn.map(async (row) => {
      const cells = await row.locator('> span').allInnerTexts();
      return cells.map((cell) => cell.trim());
    }),
  );
}

test('lines of A stand beside what they became, where both texts are there', async () => {
  await open('both texts');
  await expect
    .poll(async () => (await rows()).map(([number, a, b, , text]) => [number, a, b, text]))
    .toEqual([
      ['+ 1', '', '', 'import tax'],
      ['+ 2', '', '', ''],
      ['1 → 3', '', '', 'def price(cart):'],
      ['2 → 4', '', '', 'total = 0'],
      ['− 3', seconds(10), '', 'log(cart)'],
      ['4 → 5', '', '', 'for item in cart:'],
      ['5 ~ 6', seconds(30), seconds(40), 'total += tax.of(item)'],
      ['6 → 7', seconds(20), seconds(20), 'total = rounded(total)'],
      ['+ 8', '', seconds(5), 'audit(total)'],
      ['7 → 9', '', '', 'return total'],
    ]);
  const current = grid().locator('[aria-selected="true"]');
  expect(await current.getByRole('rowheader').getAttribute('aria-label')).toBe('6, in A line 5, changed');
  expect(await current.getAttribute('title')).toContain('It was: total += cost(item)');
  await app.window.getByText('lines matched by both texts').waitFor();
  await app.screenshot('1-both-dark');
  expect(await faultsOf(app.window)).toEqual([]);
  await app.window.keyboard.press('Control+Shift+L');
  await app.screenshot('1-both-light');
  expect(await faultsOf(app.window)).toEqual([]);
  await app.window.keyboard.press('Control+Shift+L');

  // Hot lines are those of both sides, also such as are gone.
  await grid().focus();
  await app.window.keyboard.press('p');
  expect(await current.getByRole('rowheader').innerText()).toBe('− 3');
  await app.window.keyboard.press('c');
  await expect.poll(() => app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe('/app/shop/prices.py:3');
});

test('lines are compared by number where only one text is there, and the view says so', async () => {
  await open('one text');
  await app.window.getByText(/^The text that A ran was not found .*The clone does not have this revision/).waitFor();
  await expect
    .poll(async () => (await rows()).map(([number, a, b]) => [number, a, b]))
    .toEqual([
      ['1', '', ''],
      ['2', '', ''],
      ['3', '', ''],
      ['4', '', ''],
      ['5', seconds(10), ''],
      ['6', '', seconds(40)],
      ['7', seconds(30), seconds(20)],
      ['8', seconds(20), seconds(5)],
      ['9', '', ''],
    ]);
  await app.screenshot('2-one-dark');
});
