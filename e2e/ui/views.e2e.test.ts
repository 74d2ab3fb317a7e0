import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { formatCores, formatCount, formatShare, formatValue } from '../../src/renderer/format/numbers';
import { topPaddingPx, framePitchPx, sidePaddingPx } from '../../src/renderer/flame/viewport';
import { nowMs, openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';
import { compareRanges, dragRange, hovered, liesInside } from './view-gestures';
import { watchDecoder } from './watch-decoder';

// Every view on a made-up store that is the same in every run, with the clock standing still: what is shown is compared
// with what the store itself answers, decoded by the reference decoder.

const minuteMs = 60_000;
const shown = { startMs: nowMs - 15 * minuteMs, endMs: nowMs };
const web = '{service_name="revel_web"}';
const unit = 'nanoseconds';
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'views');
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const total = async (): Promise<number> => Number(await view.canvas.getAttribute('data-total'));
const words = (text: string): string => text.replaceAll('\u00a0', ' ');

test('services are listed by CPU use', async () => {
  const expected = (await view.store.services(shown)).toSorted((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0));
  const rows = view.page.getByRole('list', { name: 'Services' }).getByRole('listitem');
  const all = expected.reduce((sum, { cpuCores = 0 }) => sum + cpuCores, 0);
  await expect
    .poll(() => Promise.all(Array.from({ length: expected.length + 1 }, (_, at) => rows.nth(at).innerText())))
    .toEqual([
      `All services\n${formatCores(all)}`,
      ...expected.map(({ name, cpuCores = 0 }) => `${name}\n${formatCores(cpuCores)}`),
    ]);
  expect(await rows.count()).toBe(expected.length + 1);
  await view.pictures('all-services');
});

test.each(['{}', web, '{service_name="revel_beat"}'])('the graph of %s is what the store answers', async (selector) => {
  const name = /"(.*)"/.exec(selector)?.[1] ?? 'All services';
  await view.ui.service(name).click();
  const answer = await view.store.profile(selector, shown);
  await view.shows(answer.total);
  await expect.poll(() => view.canvas.getAttribute('data-nodes')).toBe(String(answer.graph.count));
  const callee = answer.nameOf(1);
  const width = (answer.graph.x1[1] ?? 0) / answer.total;
  await expect.poll(() => view.ui.frames().allInnerTexts()).toContain(`${callee} ${formatShare(width)}`);
});

test('the trust panel says what the agent judges of the chosen service', async () => {
  const panel = view.page.getByRole('region', { name: 'Trust' });
  const verdict = (label: string): Promise<string> =>
    panel.getByRole('row', { name: label }).locator('td').innerText().then(words);
  await view.ui.service('revel_web').click();
  await view.shows((await view.store.profile(web, shown)).total);
  const trust = await view.store.trust(web, shown);
  expect(trust.fates).toMatchObject({ windows: 59, unbalancedWindows: 0 });
  await expect.poll(() => verdict('balance')).toBe('adds up');
  expect(await verdict('whole stacks')).toBe(words(formatShare(1 - trust.cutNs / trust.totalNs)));
  expect(await verdict('native frames named')).toContain(words(formatShare(trust.namedFrameNs / trust.frameNs)));
  expect(trust.namedFrameNs).toBeGreaterThan(0); // one static function without a name does not make it nothing
  expect(await verdict('Python')).not.toBe('');
  await view.pictures('trust');

  // Two samples of the worker were lost at 11:50: its window is marked, and says which one it is.
  await view.ui.service('revel_celery_default').click();
  await expect.poll(() => verdict('balance')).toContain('1 of 59 off');
  expect(await panel.getByRole('row', { name: 'balance' }).getAttribute('title')).toContain('11:50:00');
  await view.pictures('trust-warns');

  await view.ui.service('revel_web').click();
  await expect.poll(() => verdict('balance')).toBe('adds up');
});

test('the timeline says the CPU use of each window', async () => {
  await view.ui.service('revel_web').click();
  const expected = await view.store.timeline(web, shown, 15_000);
  const canvas = view.page.getByRole('group', { name: /^Timeline/ }).locator('canvas');
  await expect.poll(() => canvas.getAttribute('data-points')).toBe(String(expected.values.length));
  const width = await canvas.evaluate((element) => element.clientWidth);
  for (const index of [0, 7, 30, 58]) {
    const share = (index + 0.5) / expected.values.length;
    const cores = expected.values[index] ?? NaN;
    let away = 0;
    await expect
      .poll(async () => {
        away = 1 - away; // a pointer that stays where it is is not told of
        await canvas.hover({ position: { x: 12 + share * (width - 24) + away, y: 40 } });
        return view.page.locator('.timeline-words').innerText();
      })
      .toMatch(new RegExp(`^11:\\d\\d:\\d\\d, ${formatCores(cores)} cores$`));
  }
});

test('a double click zooms, Escape goes back, and keys do the same', async () => {
  const answer = await view.store.profile(web, shown);
  await view.shows(answer.total);
  const node = answer.nodeOf('order_list');
  await view.canvas.dblclick({ position: await view.placeOf(answer, node) });
  const crumbs = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.pictures('zoomed');
  await view.page.keyboard.press('Escape');
  await expect.poll(() => crumbs.count()).toBe(1);

  await view.page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  const selected = view.ui.selectedFrame();
  for (let level = 0; level < 4; level++) await view.page.keyboard.press('ArrowDown');
  let deep = 0;
  for (let level = 0; level < 4; level++) {
    deep = Array.from(answer.graph.parent).findIndex((parent, child) => child > 0 && parent === deep);
  }
  const share = formatShare(((answer.graph.x1[deep] ?? 0) - (answer.graph.x0[deep] ?? 0)) / answer.total);
  await expect.poll(() => selected.innerText()).toBe(`${answer.nameOf(deep)} ${share}`);
  await view.page.keyboard.press('Enter');
  await expect.poll(() => crumbs.last().innerText()).toBe(answer.nameOf(deep));
  await view.page.keyboard.press('Backspace');
  await expect.poll(() => crumbs.last().innerText()).toBe(answer.pathOf(deep).at(-2));
  await view.page.keyboard.press('Home');
  await expect.poll(() => crumbs.count()).toBe(1);
});

test('the tooltip says all that is known, asks nobody for it, and stays inside the window', async () => {
  const answer = await view.store.profile(web, shown);
  const { graph } = answer;
  const askedOfDecoder = await watchDecoder(view.page);
  // The agent kept its rate over all of the range, so its samples can be told.
  expect(answer.period).toBeGreaterThan(0);
  for (const name of ['order_list', 'tcp_sendmsg', '_PyEval_EvalFrameDefault']) {
    const node = answer.nodeOf(name);
    const tip = await hovered(view, await view.placeOf(answer, node));
    const width = (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
    const self = graph.self[node] ?? 0;
    const text = words(await tip.innerText()).replaceAll(/\s+/g, ' ');
    const caller = graph.parent[node] ?? 0;
    const callerWidth = (graph.x1[caller] ?? 0) - (graph.x0[caller] ?? 0);
    const line = (label: string, value: number): string =>
      words(
        `${label} ${formatValue(value, unit)} ${formatShare(value / answer.total)} ${formatShare(value / callerWidth)}`,
      );
    expect(text.startsWith(name)).toBe(true);
    expect(text).toContain(line('total', width));
    expect(text).toContain(line('self', self));
    expect(text).toContain(`samples ${formatCount(width / answer.period)}`);
    const { file, library, buildId, firstLine, lastLine } = answer.placeOf(node);
    const lines = firstLine === 0 ? '' : firstLine === lastLine ? `:${firstLine}` : `:${firstLine}–${lastLine}`;
    if (file !== '') expect(text).toContain(`${file}${lines}`);
    if (library !== '' && !library.startsWith('[')) expect(text).toContain(library);
    if (buildId !== '') expect(text).toContain(`build-id ${buildId}`);
    await liesInside(tip, view.canvas);
  }
  expect(await askedOfDecoder()).toEqual([]);
  const place = await view.placeOf(answer, answer.nodeOf('_PyEval_EvalFrameDefault'));
  for (const theme of ['dark', 'light']) {
    await hovered(view, place);
    await view.app.screenshot(`tooltip-${theme}`);
    await view.page.mouse.move(5, 5);
    await view.page.keyboard.press('Control+Shift+L');
  }
});

test('a search says how much of the total it found', async () => {
  const answer = await view.store.profile(web, shown);
  const matched = Array.from({ length: answer.graph.count }, (_, node) => answer.nameOf(node).includes('execute'));
  let share = 0;
  for (const [node, matches] of matched.entries()) {
    let at = answer.graph.parent[node] ?? 0;
    let under = false;
    for (; at !== 0; at = answer.graph.parent[at] ?? 0) under ||= matched[at] === true;
    if (matches && !under) share += ((answer.graph.x1[node] ?? 0) - (answer.graph.x0[node] ?? 0)) / answer.total;
  }
  await view.page.keyboard.press('Control+F');
  await view.page.keyboard.type('execute');
  const frames = matched.filter((matches) => matches).length;
  await expect
    .poll(async () => words(await view.page.locator('output[for="flame-search"]').innerText()))
    .toBe(words(`${frames} matches, ${formatShare(share)}`));
  await view.canvas.click({ position: await view.placeOf(answer, answer.nodeOf('execute_sql')) });
  await view.pictures('search-and-selection');
  await expect
    .poll(() => view.page.getByRole('complementary', { name: 'Details' }).innerText())
    .toContain('execute_sql');
  await view.ui.button('Clear search').click();
});

test('the table sorts, filters, and leads to the graph and back', async () => {
  const answer = await view.store.profile(web, shown);
  await view.page.keyboard.press('Escape');
  await view.page.getByRole('tab', { name: 'Table' }).click();
  const table = view.page.getByRole('table', { name: 'Functions' });
  const names = (): Promise<string[]> => table.locator('[data-row] .name > button').allInnerTexts();
  const search = view.page.getByLabel('Search functions');
  const by = (column: 'self' | 'total'): string[] =>
    [...answer.functions]
      .sort(([a, one], [b, other]) => other[column] - one[column] || (a < b ? -1 : 1))
      .slice(0, 5)
      .map(([name]) => name);
  await expect.poll(async () => (await names()).slice(0, 5)).toEqual(by('self'));
  await table.getByRole('button', { name: 'Total' }).click();
  await expect.poll(async () => (await names()).slice(0, 5)).toEqual(by('total'));
  await view.pictures('table');
  await table.getByRole('button', { name: 'Function' }).click();
  await expect.poll(async () => (await names()).slice(0, 3)).toEqual([...answer.functions.keys()].sort().slice(0, 3));
  await search.fill('sql');
  await expect
    .poll(async () => {
      const found = await names();
      return found.length > 0 && found.every((name) => name.includes('sql'));
    })
    .toBe(true);
  await table.getByRole('button', { name: 'execute_sql' }).click();
  await expect.poll(() => search.inputValue()).toBe('execute_sql');
  await expect
    .poll(() => view.page.getByRole('list', { name: 'Search matches' }).getByRole('listitem').allInnerTexts())
    .toEqual(['execute_sql']);
  await view.ui.button('Clear search').click();
});

const rangeA = { startMs: storeEndMs - 14 * minuteMs - 30_000, endMs: storeEndMs - 10 * minuteMs - 30_000 };
const rangeB = { startMs: storeEndMs - 6 * minuteMs, endMs: storeEndMs - 90_000 };

const compare = (a: typeof rangeA, b: typeof rangeA): Promise<void> => compareRanges(view, shown, a, b);

test('a range is dragged', async () => {
  await view.startOver();
  await dragRange(view, shown, rangeA);
  await view.shows((await view.store.profile(web, rangeA)).total);
  await view.page.getByRole('button', { name: 'Range 11:45:30 to 11:49:30' }).waitFor();
  await view.pictures('range');
});

test('a second range with Shift is a diff; its sides can be swapped and scaled', async () => {
  await compare(rangeA, rangeB);
  const before = await view.store.profile(web, rangeA);
  const after = await view.store.profile(web, rangeB);
  const sides = async (): Promise<string> =>
    words(await view.page.locator('.whole').innerText()).replaceAll(/\s+/g, ' ');
  const said = (a: number, b: number): string => words(`A ${formatValue(a, unit)} B ${formatValue(b, unit)}`);
  await expect.poll(sides).toContain(said(before.total, after.total));
  await view.ui.graph();
  // The load was another, so what did not move is the measure.
  const scaled = before.total * (after.durationNs / before.durationNs);
  const chosen = (name: string): Promise<string | null> =>
    view.page.getByRole('radio', { name, exact: true }).getAttribute('aria-checked');
  await expect.poll(() => chosen('Relative')).toBe('true');
  await expect.poll(total).toBeGreaterThan((scaled + after.total) / 2);
  await view.page.getByRole('region', { name: 'What changed' }).getByRole('listitem').first().waitFor();
  await view.page.mouse.move(5, 5);
  await view.pictures('diff');
  // The colours are chosen at the legend, and the legend shows what is drawn.
  const legend = view.page.getByTitle('Choose other colours');
  const more = (): Promise<string> =>
    legend
      .locator('.swatch')
      .nth(4)
      .evaluate((element) => getComputedStyle(element).backgroundColor);
  const red = await more();
  await legend.click();
  await view.app.screenshot('diff-palettes');
  await view.page.getByRole('menuitem', { name: 'Violet and yellow' }).click();
  await expect.poll(more).not.toBe(red);
  await view.page.mouse.move(5, 5);
  await view.pictures('diff-violet-yellow');
  await legend.click();
  await view.page.getByRole('menuitem', { name: 'Blue and red' }).click();
  await expect.poll(more).toBe(red);

  // Frames as wide as one side, and per unit of work that somebody counted: twice as much was done in B.
  await view.ui.button('Width A+B, Mean of A and B').click();
  await view.page.getByRole('menuitem', { name: 'B without what is gone' }).click();
  await expect.poll(total).toBeCloseTo(after.total, -3);
  await view.ui.button('Width B').click();
  await view.page.getByRole('menuitem', { name: 'Mean of A and B' }).click();
  await view.ui.button('Per unit').click();
  await view.page.getByLabel('In A').fill('1,000');
  await view.page.getByLabel('In B').fill('none');
  await view.ui.button('Compare per unit').click();
  await view.page.getByText('Say how many on both sides').waitFor();
  await view.page.getByLabel('In B').fill('2000');
  await view.app.screenshot('per-unit');
  await view.ui.button('Compare per unit').click();
  await expect.poll(total).toBeCloseTo((2 * before.total + after.total) / 2, -3);
  await view.page.getByRole('radio', { name: 'Absolute' }).click();
  await expect.poll(total).toBeCloseTo((scaled + after.total) / 2, -3);
  await view.page.getByRole('radio', { name: 'Relative' }).click();

  await view.ui.button('Swap').click();
  await expect.poll(sides).toContain(said(after.total, before.total));
  await view.ui.graph();
  await view.page.keyboard.press('2');
  await view.page.getByRole('table', { name: 'Functions' }).locator('[data-row]').first().waitFor();
  await expect
    .poll(() => view.page.getByRole('columnheader', { name: 'Change' }).getAttribute('aria-sort'))
    .toBe('descending');
  await view.pictures('diff-table');
  await view.page.keyboard.press('1');
  await view.ui.button('Swap').click();
  await expect.poll(sides).toContain(said(before.total, after.total));
  await view.ui.button('End').click();
  await view.shows(after.total);
});

test('what changed is said in sentences, certain or not, in the panel, the graph and the table', async () => {
  await compare(rangeA, rangeB);
  await view.ui.graph();
  const panel = view.page.getByRole('region', { name: 'What changed' });
  // The shop asks for each customer by itself since 11:50: the first sentence names the function that does.
  await expect
    .poll(async () => words(await panel.innerText()))
    .toMatch(/^What changed\s+customer_name takes [\d.]+ times as much, certain\./);
  const changes = panel.getByRole('listitem');
  await expect.poll(async () => words(await changes.first().innerText())).toMatch(/95 %: \+.* to \+.*, through /);
  // Those that only pass the time on are no change of their own, and what shared the machine with it is none at all.
  const named = await panel.locator('.change-name').allInnerTexts();
  for (const caller of ['order_list', 'get_response', 'execute', 'check_password']) expect(named).not.toContain(caller);
  await expect
    .poll(async () => words(await panel.innerText()))
    .toMatch(/16 \+ 18 windows\. Smallest change these data show: \d\.\d % of all\./);

  await changes.first().getByRole('button').click();
  const crumbs = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  await expect.poll(() => crumbs.last().innerText()).toBe('customer_name');
  await view.app.screenshot('change-found');
  await view.page.keyboard.press('Home');

  await view.page.keyboard.press('2');
  const table = view.page.getByRole('table', { name: 'Functions' });
  const rows = (): Promise<string[]> => table.locator('[data-row]').allInnerTexts();
  await view.page.getByRole('radio', { name: 'Certain', exact: true }).click();
  await expect
    .poll(async () => {
      const certain = await rows();
      return (
        certain.every((row) => row.split('\n').includes('certain')) &&
        certain.some((row) => row.startsWith('customer_name\n'))
      );
    })
    .toBe(true);
  await view.pictures('diff-table-certain');
  await view.page.getByRole('button', { name: 'Copy', exact: true }).click();
  await view.page.getByRole('menuitem', { name: /Copy as CSV/ }).click();
  const copied = (): Promise<string> => view.app.electron.evaluate(({ clipboard }) => clipboard.readText());
  await expect.poll(copied).toContain('95 % interval +- (nanoseconds),Certainty');
  const csv = await copied();
  expect(csv.split('\r\n')[0]).toContain('95 % interval +- (nanoseconds),Certainty');
  expect(csv).toMatch(/customer_name,[\d.]+,[\d.]+,[\d.]+,[\d.]+,certain/);
  await view.page.getByRole('radio', { name: 'Gone', exact: true }).click();
  await view.page.getByText('No function is gone.').waitFor();
  await view.page.getByRole('radiogroup', { name: 'Show' }).getByRole('radio', { name: 'All' }).click();
  await view.page.keyboard.press('1');
  await view.ui.button('End').click();
});

test('a comparison of ranges in which nothing changed certifies nothing', async () => {
  await compare(
    { startMs: storeEndMs - 9 * minuteMs, endMs: storeEndMs - 5 * minuteMs },
    { startMs: storeEndMs - 5 * minuteMs, endMs: storeEndMs - minuteMs },
  );
  const panel = view.page.getByRole('region', { name: 'What changed' });
  // By the clock the load is alike and wanders: neighbouring windows are, too.
  await panel.getByText(/Compared relative, a load that wanders is no noise/).waitFor();
  await view.page.getByRole('radio', { name: 'Relative' }).click();
  await panel.getByText('Nothing changed for certain.').waitFor();
  await view.ui.graph();
  await view.app.screenshot('nothing-changed');
  // One minute is too short to judge by, and the panel says how much more it takes.
  await compare(
    { startMs: storeEndMs - 9 * minuteMs, endMs: storeEndMs - 8 * minuteMs },
    { startMs: storeEndMs - 5 * minuteMs, endMs: storeEndMs - minuteMs },
  );
  await panel.getByText(/^4 \+ 16 windows: fewer than 8 on a side cannot tell/).waitFor();
  await view.app.screenshot('too-few-windows');
  await view.ui.button('End').click();
});

test('a frame of a diff says both sides', async () => {
  await compare(rangeA, rangeB);
  await view.ui.graph();
  const place = { x: sidePaddingPx + 200, y: topPaddingPx + 10.5 * framePitchPx };
  const tip = words(await (await hovered(view, place)).innerText());
  expect(tip.replaceAll(/\s+/g, ' ')).toMatch(
    /change \+[\d.]+ \w+ \+[\d.]+ %(?: 95 % .*)? self A .* self B .* self change .* samples A [\d,]+ samples B [\d,]+$/,
  );
  expect(tip).toMatch(/A\s[\d.]+ \w+\s[\d.]+ %\s[\d.]+ %\s+B\s[\d.]+ \w+\s[\d.]+ %\s[\d.]+ %/);
  await view.app.screenshot('diff-tooltip');
  await view.page.mouse.move(5, 5);
  await view.ui.button('End').click();
});

test('two ranges that touch share an edge and no window', async () => {
  const edge = storeEndMs - 8 * minuteMs;
  // Pressed where the other was let go, beside the edge of a window.
  await compare(
    { startMs: edge - 3 * minuteMs, endMs: edge + 9_000 },
    { startMs: edge + 1_000, endMs: edge + 3 * minuteMs },
  );
  await view.ui.button('Range A 11:49:00 to 11:52:00').waitFor();
  await view.ui.button('Range B 11:52:00 to 11:55:00').waitFor();
  await view.ui.button('End').click();
});

test('a snapshot comes back with its zoom and its search', async () => {
  await view.ui.service('revel_web').click();
  await view.startOver();
  await dragRange(view, shown, rangeA);
  const answer = await view.store.profile(web, rangeA);
  await view.shows(answer.total);
  const crumbs = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  await view.canvas.dblclick({ position: await view.placeOf(answer, answer.nodeOf('order_list')) });
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.page.getByLabel('Search functions').fill('fetch');
  await view.ui.button('Save snapshot').click();
  await view.page
    .getByLabel('Title')
    .fill('Orders before the change, with a name that is longer than the sidebar is wide');
  await view.page.getByLabel('Notes').fill('order_list asks once.\nLook at it again after the deploy.');
  await view.app.screenshot('save-snapshot');
  await view.ui.button('Save').last().click();
  await view.page.getByRole('treegrid', { name: 'Flame graph' }).focus();
  await view.page.keyboard.press('Home');
  await view.ui.button('Clear search').click();
  await view.ui.service('postgres').click();
  const row = view.page.getByRole('list', { name: 'Snapshots' }).getByRole('button', { name: /^Orders before/ });
  await row.first().click();
  await view.shows(answer.total);
  await expect.poll(() => view.page.getByLabel('Search functions').inputValue()).toBe('fetch');
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.pictures('snapshot');
  await view.ui.button('Close').click();
});

test('the palette finds an action and carries it out', async () => {
  await view.page.keyboard.press('Control+Shift+P');
  await view.page.keyboard.type('sh');
  await view.pictures('palette');
  await view.page.getByLabel('Search actions').fill('table of');
  await view.page.keyboard.press('Enter');
  await expect.poll(() => view.page.getByRole('tab', { name: 'Table' }).getAttribute('aria-selected')).toBe('true');
  await view.page.keyboard.press('1');
});

test('the theme is switched by its button and by its keys', async () => {
  const theme = (): Promise<string | null> => view.page.locator('html').getAttribute('data-theme');
  expect(await theme()).toBe('dark');
  const choose = async (name: string): Promise<void> => {
    await view.ui.button('Theme').click();
    await view.page.getByRole('menuitem', { name }).click();
  };
  await choose('Light');
  await expect.poll(theme).toBe('light');
  await view.page.keyboard.press('Control+Shift+L');
  await expect.poll(theme).toBe('dark');
  await choose('High contrast');
  await expect.poll(theme).toBe('contrast');
  await choose('Dark');
  await expect.poll(theme).toBe('dark');
});

test('times are said by the clock of this computer or in UTC', async () => {
  // The test's computer is in UTC: another zone is given to its window.
  const session = await view.page.context().newCDPSession(view.page);
  await session.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
  await view.page.reload();
  await view.ui.service('revel_web').click();
  await view.ui.graph();
  const range = view.page.getByRole('button', { name: /^Range/ });
  // 11:30 or later in UTC is 17:00 or later there.
  await expect.poll(() => range.innerText()).toMatch(/^Range\s17:\d\d/);
  await view.app.screenshot('local-time');
  await view.page.getByTitle(/^Times are of this computer/).click();
  await expect.poll(() => range.innerText()).toMatch(/^Range\s1[12]:\d\d/);
  await range.click();
  await expect.poll(() => view.page.getByLabel('To', { exact: true }).inputValue()).toMatch(/^2026-03-04T1[12]:/);
  await view.page.keyboard.press('Escape');
  await view.pictures('utc');
  await view.page.getByTitle(/^Times are in UTC/).click();
  await expect.poll(() => range.innerText()).toMatch(/^Range\s17:\d\d/);
  await session.send('Emulation.setTimezoneOverride', { timezoneId: '' });
  await view.page.reload();
  await view.ui.service('revel_web').click();
  await view.ui.graph();
});

test('a time without samples says so', async () => {
  await view.page.getByRole('button', { name: /^Range/ }).click();
  await view.page.getByLabel('From').fill('2026-03-04T10:00:00');
  await view.page.getByLabel('To', { exact: true }).fill('2026-03-04T10:10:00');
  await view.app.screenshot('range-form');
  await view.ui.button('Apply').click();
  await view.page.getByText('No samples here').waitFor();
  await view.page.getByText('10:00 to 10:10.').waitFor();
  await view.pictures('no-samples');
  await view.ui.button('Show all there is').click();
  await view.ui.graph();
});
