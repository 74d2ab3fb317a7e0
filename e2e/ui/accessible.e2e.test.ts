import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { faultsOf } from './axe';
import { pictureFailures } from './picture-failures';
import { formatShare } from '../../src/renderer/format/numbers';
import { nowMs, openReplayWindow, type ReplayWindow } from './replay-window';

// axe-core looks at every view in every theme: nothing that keeps somebody out may be there.

let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'accessible');
  await view.ui.service('revel_web').click();
  await view.ui.graph();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await view.page.keyboard.press(key);
}

/** Every test begins with the flame graph of the service alone, whatever one that failed has left. */
async function begin(): Promise<void> {
  const { page, ui } = view;
  await page.emulateMedia({ forcedColors: 'none' });
  for (let left = await page.getByRole('dialog').count(); left > 0; left--) await press('Escape');
  await ui.target('This computer').click();
  await ui.service('revel_web').click();
  if ((await ui.button('End').count()) > 0) await ui.button('End').click();
  const split = ui.button('Two views side by side');
  if ((await split.getAttribute('aria-pressed')) === 'true') await split.click();
  await page.getByRole('tab', { name: /^(Flame|Diff)$/ }).click();
  await page.getByRole('tab', { name: 'Flame' }).waitFor();
  await ui.graph();
}

test('the tree grid says level, place among siblings, name and share of each frame, by keyboard alone', async () => {
  const answer = await view.store.profile('{service_name="revel_web"}', { startMs: nowMs - 15 * 60_000, endMs: nowMs });
  await view.shows(answer.total);
  const { graph } = answer;
  const label = (): Promise<string> =>
    view.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  for (let pressed = 0; pressed < 100 && (await label()) !== 'Flame graph'; pressed++) await press('Tab');
  expect(await label()).toBe('Flame graph');

  const row = view.ui.selectedFrame();
  const said = async (): Promise<readonly (string | null)[]> => [
    ...(await Promise.all(['aria-level', 'aria-setsize', 'aria-posinset'].map((name) => row.getAttribute(name)))),
    await row.innerText(),
  ];
  const isSaid = async (node: number): Promise<void> => {
    const parent = graph.parent[node];
    const siblings = [...graph.parent.keys()].filter((other) => other > 0 && graph.parent[other] === parent);
    const width = (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
    const level = (graph.depth[node] ?? 0) + 1;
    await expect
      .poll(said)
      .toEqual([
        String(level),
        String(siblings.length),
        String(siblings.indexOf(node) + 1),
        `${answer.nameOf(node)} ${formatShare(width / answer.total)}`,
      ]);
  };
  // The focus is said by the grid: its active row is the one that was read.
  const active = (): Promise<string | null> =>
    view.page.getByRole('treegrid', { name: 'Flame graph' }).getAttribute('aria-activedescendant');
  let node = 0;
  for (let level = 0; level < 12; level++) {
    node = graph.parent.findIndex((parent, child) => child > 0 && parent === node);
    await press('ArrowDown');
    await isSaid(node);
    expect(await active()).toBe(await row.getAttribute('id'));
  }
  // Where one has a sibling, up the graph.
  while (graph.parent[node + 1] !== graph.parent[node]) {
    node = graph.parent[node] ?? 0;
    await press('ArrowUp');
    await isSaid(node);
  }
  await press('ArrowRight');
  await isSaid(node + 1);
  await press('ArrowLeft');
  await isSaid(node);
  await press('Escape');
});

test.each([
  ['Dark', 'dark'],
  ['Light', 'light'],
  ['High contrast', 'contrast'],
])('no view has a serious fault: %s', async (title, theme) => {
  await begin();
  await view.ui.button('Theme').click();
  await view.page.getByRole('menuitem', { name: title }).click();
  await view.page.locator(`html[data-theme="${theme}"]`).waitFor();
  const found: string[] = [];
  const look = async (what: string): Promise<void> => {
    found.push(...(await faultsOf(view.page)).map((fault) => `${what}: ${fault}`));
    if (theme === 'contrast') await view.app.screenshot(what);
  };
  const { page } = view;

  await view.canvas.click({ position: { x: 300, y: 150 } });
  await press('Control+F');
  await page.keyboard.type('sql');
  await look('flame');
  await view.canvas.click({ button: 'right', position: { x: 300, y: 150 } });
  await page.getByRole('menu', { name: /^Actions for/ }).waitFor();
  await look('menu');
  await press('End');
  await press('ArrowRight');
  await page.getByRole('menu', { name: 'Filter', exact: true }).waitFor();
  await look('submenu');
  await press('Escape');
  await press('Escape');
  await view.ui.button('Clear search').click();
  await page.getByRole('tab', { name: 'Table' }).click();
  await page.getByRole('table', { name: 'Functions' }).locator('[data-row]').first().waitFor();
  await look('table');
  await press('3');
  await page.getByRole('treegrid', { name: 'Callees' }).locator('canvas[data-state="ready"]').waitFor();
  await look('sandwich');
  await press('4');
  await page.getByRole('treegrid', { name: 'Call tree' }).locator('[data-line="1"]').waitFor();
  await look('tree');
  await press('5');
  await page
    .getByRole('heading', { name: /(was not found|is not shown)$|^\S+$/ })
    .first()
    .waitFor();
  await look('source');
  await press('4', 'Control+\\');
  await view.ui.graph();
  await look('split');
  await press('Control+\\', '1', 'Control+k');
  await page.getByRole('combobox', { name: 'Selector' }).pressSequentially('web');
  await page.getByRole('option').first().waitFor();
  await look('selector');
  await press('Escape');
  await page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await press('?');
  await look('keys');
  await press('Escape', 'Control+Shift+P');
  await look('palette');
  await press('Escape', 'Control+N');
  await page.getByRole('dialog').waitFor();
  await look('server');
  await press('Escape', 'Control+Shift+F');
  await look('fleet');
  await press('Control+Shift+F', 'Control+D');
  await page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.ui.graph();
  await look('diff');
  await press('2');
  await page.getByRole('columnheader', { name: 'Change' }).waitFor();
  await look('diff-table');
  await press('1');
  await view.ui.button('End').click();
  await page.getByRole('tab', { name: 'Flame' }).waitFor();
  await press('Control+Shift+P');
  await page.keyboard.type('learn to read');
  await press('Enter');
  await page.getByRole('complementary', { name: 'Learn' }).waitFor();
  await page.getByRole('tab', { name: 'Heat map' }).waitFor();
  await view.ui.graph();
  await look('learn');
  await press('6');
  await page.getByRole('group', { name: /^Heat map/ }).waitFor();
  await look('heat');
  await press('1', 't');
  await page.locator('canvas[data-order="time"]').waitFor();
  await view.ui.graph();
  await look('time-order');
  await press('t');
  await page.locator('canvas[data-order="left-heavy"]').waitFor();
  await press('Control+Shift+P');
  await page.keyboard.type('close the guide');
  await press('Enter');
  await view.ui.service('revel_web').waitFor();
  await view.ui.graph();
  expect(found).toEqual([]);
});

test('where the system forces its colours, the graph is drawn in them', async () => {
  await begin();
  await view.page.emulateMedia({ forcedColors: 'active' });
  // A row of pixels through the middle of the second level: frames and the gaps between them.
  const drawn = (): Promise<readonly string[]> =>
    view.canvas.evaluate(
      (canvas: HTMLCanvasElement, y) => {
        const row = canvas.getContext('2d')?.getImageData(12, y, canvas.width - 24, 1).data ?? [];
        const colours = new Set<string>();
        for (let at = 0; at < row.length; at += 4) colours.add(`rgb(${row[at]}, ${row[at + 1]}, ${row[at + 2]})`);
        return [...colours];
      },
      4 + 19 + 2,
    );
  const system = (name: string): Promise<string> =>
    view.page.evaluate((colour) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = colour;
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    }, name);
  const others = async (): Promise<readonly string[]> => {
    const known = await Promise.all(['Canvas', 'CanvasText', 'GrayText'].map(system));
    return (await drawn()).filter((colour) => !known.includes(colour));
  };
  await expect.poll(others).toEqual([]);
  await expect.poll(drawn).toContain(await system('CanvasText'));
  await view.canvas.click({ position: { x: 300, y: 150 } });
  await view.app.screenshot('forced-flame');
  await view.page.keyboard.press('Control+\\');
  await view.ui.graph();
  await view.painted();
  await view.app.screenshot('forced-split');
  await view.page.keyboard.press('Control+\\');
  await view.page.keyboard.press('Control+D');
  await view.page.getByRole('tab', { name: 'Diff' }).waitFor();
  await view.ui.graph();
  await view.app.screenshot('forced-diff');
  await view.page.emulateMedia({ forcedColors: 'none' });
});

test('where the system forces its colours, the heat map is drawn in them', async () => {
  await begin();
  await view.page.emulateMedia({ forcedColors: 'active' });
  await press('Control+Shift+P');
  await view.page.keyboard.type('learn to read');
  await press('Enter');
  await view.page.getByRole('tab', { name: 'Heat map' }).click();
  const map = view.page.getByRole('group', { name: /^Heat map/ }).locator('canvas');
  await map.waitFor();
  // Grey like the two colours that it is mixed of, which are black and white here; -1 before anything is drawn.
  const coloured = (): Promise<number> =>
    map.evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')?.getImageData(60, 10, canvas.width - 120, canvas.height - 40) ?? {
        data: [],
      };
      let found = 0;
      let drawn = false;
      for (let at = 0; at < data.length; at += 4) {
        drawn ||= data[at] !== data[0];
        if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) found++;
      }
      return drawn ? found : -1;
    });
  await expect.poll(coloured).toBe(0);
  await view.app.screenshot('forced-heat');
  await view.page.emulateMedia({ forcedColors: 'none' });
});
