import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pictureFailures } from './picture-failures';
import { nowMs, openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';

// The timeline: the graph follows a drag over it, and nobody is asked for that; it is zoomed and moved; it shows services, and what a selector takes.

const minuteMs = 60_000;
const shown = { startMs: nowMs - 15 * minuteMs, endMs: nowMs };
const web = '{service_name="revel_web"}';
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'scrub');
  await view.ui.service('revel_web').click();
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

const total = (): Promise<string | null> => view.canvas.getAttribute('data-total');

/** Where a time is on the timeline. */
async function placeOf(timeMs: number): Promise<{ readonly x: number; readonly y: number }> {
  const box = await view.page
    .getByRole('group', { name: /^Timeline/ })
    .locator('canvas')
    .boundingBox();
  if (box === null) throw new Error('the timeline is not on the screen');
  return { x: box.x + 12 + ((timeMs - shown.startMs) / (15 * minuteMs)) * (box.width - 24), y: box.y + 50 };
}

async function moveTo(timeMs: number): Promise<void> {
  const { x, y } = await placeOf(timeMs);
  await view.page.mouse.move(x, y);
}

const startMs = storeEndMs - 12 * minuteMs;
const endsMs = [1, 2, 5, 9, 4].map((minutes) => startMs + minutes * minuteMs);

/** Chooses a range by a drag, from nothing chosen. */
async function choose(untilMs: number): Promise<void> {
  await view.startOver();
  await moveTo(startMs + 4_000);
  await view.page.mouse.down();
  await moveTo(untilMs - 4_000);
  await view.page.mouse.up();
}

test('the graph follows the drag without a request', async () => {
  await view.startOver();
  await view.shows((await view.store.profile(web, shown)).total);
  const answers = await Promise.all(endsMs.map((endMs) => view.store.profile(web, { startMs, endMs })));
  await moveTo(startMs + 4_000);
  await view.page.mouse.down();
  // The windows are fetched while the pointer comes and presses; from the first step on all is here.
  await moveTo((endsMs[0] ?? 0) - 4_000);
  await expect.poll(total).toBe(String(answers[0]?.total));
  process.kill(view.storePid, 'SIGSTOP');
  try {
    for (const [index, endMs] of endsMs.entries()) {
      await moveTo(endMs - 4_000);
      await expect.poll(total).toBe(String(answers[index]?.total));
      expect(await view.canvas.getAttribute('data-nodes')).toBe(String(answers[index]?.graph.count));
      if (index === 2) await view.pictures('dragging');
    }
  } finally {
    process.kill(view.storePid, 'SIGCONT');
  }
  await view.page.mouse.up();
  await view.ui.button('Range 11:48:00 to 11:52:00').waitFor();
  await view.shows(answers.at(-1)?.total ?? 0);
});

test('zoom and selection stay, and the table follows', async () => {
  await choose(endsMs.at(-1) ?? 0);
  const before = await view.store.profile(web, { startMs, endMs: endsMs.at(-1) ?? 0 });
  await view.shows(before.total);
  await view.canvas.dblclick({ position: await view.placeOf(before, before.nodeOf('order_list')) });
  const crumbs = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.page.getByRole('tab', { name: 'Table' }).click();
  const self = (): Promise<string> =>
    view.page.getByRole('table', { name: 'Functions' }).locator('[data-row]').first().innerText();
  await expect.poll(self).not.toBe('');
  const told = await self();
  // An edge of the range is taken and moved.
  await moveTo(endsMs.at(-1) ?? 0);
  await view.page.mouse.down();
  await moveTo(startMs + 2 * minuteMs);
  await expect.poll(self).not.toBe(told);
  await view.page.mouse.up();
  await view.ui.button('Range 11:48:00 to 11:50:00').waitFor();
  await view.page.getByRole('tab', { name: 'Flame' }).click();
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  const after = await view.store.profile(web, { startMs, endMs: startMs + 2 * minuteMs });
  await view.shows(after.total);
  await view.page.keyboard.press('Home');
});

test('a drag back to where it began leaves what was there', async () => {
  const range = { startMs, endMs: startMs + 2 * minuteMs };
  await choose(range.endMs);
  const answer = await view.store.profile(web, range);
  await view.shows(answer.total);
  await moveTo(range.endMs);
  await view.page.mouse.down();
  await moveTo(range.endMs + 3 * minuteMs);
  await expect.poll(total).not.toBe(String(answer.total));
  await moveTo(range.endMs);
  await view.page.mouse.up();
  await view.shows(answer.total);
  await view.ui.button('Range 11:48:00 to 11:50:00').waitFor();
});

test('Alt+Left and Alt+Right go over ranges and services with what is zoomed to, a drag being one step', async () => {
  const range = { startMs, endMs: endsMs.at(-1) ?? 0 };
  const beat = '{service_name="revel_beat"}';
  const [whole, part] = [await view.store.profile(web, shown), await view.store.profile(web, range)];
  const ofBeat = await view.store.profile(beat, range);
  const live = view.ui.button('Live');
  const crumbs = view.page.getByRole('navigation', { name: 'Zoom' }).getByRole('button');
  const isCurrent = (name: string) =>
    expect.poll(() => view.ui.service(name).getAttribute('aria-current')).toBe('true');
  const press = (keys: string): Promise<void> => view.page.keyboard.press(keys);
  await choose(range.endMs);
  await view.shows(part.total);
  await view.canvas.dblclick({ position: await view.placeOf(part, part.nodeOf('order_list')) });
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.ui.service('revel_beat').click();
  await view.shows(ofBeat.total);
  expect(await crumbs.count()).toBe(1);

  // What was on the screen is still here: nobody is asked for it.
  process.kill(view.storePid, 'SIGSTOP');
  try {
    await press('Alt+ArrowLeft');
    await view.shows(part.total);
  } finally {
    process.kill(view.storePid, 'SIGCONT');
  }
  await isCurrent('revel_web');
  await expect.poll(() => crumbs.last().innerText()).toBe('order_list');
  await view.ui.button('Range 11:48:00 to 11:52:00').waitFor();
  await view.app.screenshot('gone-back');
  await press('Alt+ArrowLeft');
  await expect.poll(() => crumbs.last().innerText()).toBe('all');
  await expect.poll(() => view.ui.selectedFrame().innerText()).toContain('order_list');
  await press('Alt+ArrowLeft');
  await expect.poll(() => view.ui.selectedFrame().innerText()).toMatch(/^all\b/);
  expect(await live.getAttribute('aria-pressed')).toBe('false');
  // The step before is the drag as a whole.
  await press('Alt+ArrowLeft');
  await view.shows(whole.total);
  await expect.poll(() => live.getAttribute('aria-pressed')).toBe('true');
  for (let step = 0; step < 4; step++) await press('Alt+ArrowRight');
  await view.shows(ofBeat.total);
  await isCurrent('revel_beat');
  await view.ui.button('Range 11:48:00 to 11:52:00').waitFor();

  await view.page.keyboard.down('Shift');
  await moveTo(range.endMs + minuteMs);
  await view.page.mouse.down();
  await moveTo(range.endMs + 3 * minuteMs);
  await view.page.mouse.up();
  await view.page.keyboard.up('Shift');
  const sides = view.page.getByRole('button', { name: /^Range [AB] / });
  await expect.poll(() => sides.count()).toBe(2);
  await view.ui.service('revel_web').click();
  await isCurrent('revel_web');
  await press('Alt+ArrowLeft');
  await isCurrent('revel_beat');
  await expect.poll(() => sides.count()).toBe(2);
  await press('Alt+ArrowLeft');
  await expect.poll(() => sides.count()).toBe(0);
  await view.shows(ofBeat.total);
  // What is done now takes the place of what was ahead.
  await view.ui.service('revel_web').click();
  await view.shows(part.total);
  await press('Alt+ArrowRight');
  await view.painted();
  await isCurrent('revel_web');
  expect(await sides.count()).toBe(0);
});

const timeline = (): Locator => view.page.getByRole('group', { name: /^Timeline/ });
const shownTime = async (): Promise<string> => (await timeline().getAttribute('aria-label')) ?? '';
const row = (name: string): Locator =>
  view.page.getByRole('list', { name: 'Services' }).getByRole('listitem').filter({ hasText: name });

test('W, A, S and D, the wheel and the middle button move the time that is shown', async () => {
  await view.startOver();
  await timeline().focus();
  const whole = await shownTime();
  await view.shows((await view.store.profile(web, shown)).total);
  // Around what is followed, the newest: half of the time is left after some presses.
  await view.page.keyboard.press('w');
  await view.page.keyboard.press('w');
  await expect.poll(shownTime).toMatch(/^Timeline, 11:53:\d\d to 12:00:07$/);
  const spanMs = 15 * minuteMs * (2 / 3) ** 2;
  const closer = await view.store.profile(web, { startMs: Math.round(nowMs - spanMs), endMs: nowMs });
  await view.shows(closer.total);
  await view.page.keyboard.press('a');
  await expect.poll(shownTime).toMatch(/^Timeline, 11:51:\d\d to 11:58:\d\d$/);
  await view.page.keyboard.press('d');
  await expect.poll(shownTime).toMatch(/ to 12:00:07$/);
  await view.page.keyboard.press('s');
  await view.page.keyboard.press('s');
  await expect.poll(shownTime).toBe(whole);

  await moveTo(nowMs - 7.5 * minuteMs);
  await view.page.keyboard.down('Control');
  for (let notch = 0; notch < 3; notch++) await view.page.mouse.wheel(0, -100);
  await view.page.keyboard.up('Control');
  await expect.poll(shownTime).not.toBe(whole);
  const zoomed = await shownTime();
  await view.page.mouse.down({ button: 'middle' });
  await view.page.mouse.move((await placeOf(nowMs)).x, (await placeOf(nowMs)).y, { steps: 4 });
  await view.page.mouse.up({ button: 'middle' });
  await expect.poll(shownTime).not.toBe(zoomed);
  // Once it has come to rest, what does not end now any more is not followed.
  await expect.poll(() => view.ui.button('Live').getAttribute('aria-pressed')).toBe('false');
  await view.app.screenshot('moved');
  await view.page.getByRole('radio', { name: '15 min' }).click();
  await expect.poll(shownTime).not.toBe(zoomed);
  // No key reloads: what was moved would be gone, and Live be on.
  await view.page.keyboard.press('Control+r');
  expect(await view.ui.button('Live').getAttribute('aria-pressed')).toBe('false');
  await view.ui.button('Live').click();
  await expect.poll(shownTime).toBe(whole);
});

test('all services stand on the timeline one on the other, or as lines, and the one below the pointer is named', async () => {
  await view.ui.service('All services').click();
  const canvas = timeline().locator('canvas');
  await expect.poll(async () => Number(await canvas.getAttribute('data-services'))).toBeGreaterThan(2);
  await view.page.mouse.move(5, 5);
  await view.pictures('services');
  const height = await canvas.evaluate((element) => element.clientHeight);
  await canvas.hover({ position: { x: 500, y: height - 24 } });
  await expect
    .poll(() => view.page.locator('.timeline-words').innerText())
    .toMatch(/, of them revel_web [\d.]+ cores?$/);
  await view.app.screenshot('service-hovered');
  await view.page.getByRole('radio', { name: 'Lines' }).click();
  await view.page.mouse.move(5, 5);
  await view.pictures('services-lines');
  await view.page.getByRole('radio', { name: 'Stacked' }).click();
});

test('services say how far they can be believed, and are filtered by their labels', async () => {
  await row('revel_web')
    .getByRole('img', { name: /^Trust/ })
    .waitFor();
  const label = (await row('revel_beat').locator('bdi').getAttribute('title'))?.split('\n').at(1) ?? '';
  expect(label).toMatch(/^\w+=/);
  const filter = view.page.getByLabel('Filter services', { exact: true });
  await filter.fill(`beat ${label}`);
  await expect.poll(() => view.page.getByRole('list', { name: 'Services' }).getByRole('listitem').count()).toBe(1);
  await filter.fill('');
});

test('a selector is written with what can come next, and taken as it is asked', async () => {
  await view.page.keyboard.press('Control+k');
  const field = view.page.getByRole('combobox', { name: 'Selector' });
  await field.pressSequentially('web');
  const first = view.page.getByRole('listbox', { name: 'What can be written' }).getByRole('option').first();
  await expect.poll(() => first.innerText()).toContain('service_name="revel_web"');
  await view.pictures('selector');
  await view.page.keyboard.press('Enter');
  await expect.poll(() => field.inputValue()).toBe('{service_name="revel_web"}');
  await view.page.keyboard.press('Enter');
  // It is the service of the list.
  await view.shows((await view.store.profile(web, shown)).total);
  await expect.poll(() => row('revel_web').getByRole('button').getAttribute('aria-current')).toBe('true');

  await view.page.keyboard.press('Control+k');
  await field.fill('{service_name=~"revel_(web|beat)"');
  await view.page.keyboard.press('Enter');
  await view.page
    .getByRole('alert')
    .getByText(/^Write it as/)
    .waitFor();
  await field.press('End');
  await field.pressSequentially('}');
  await view.page.keyboard.press('Enter');
  await view.shows((await view.store.profile('{service_name=~"revel_(web|beat)"}', shown)).total);
  await expect.poll(async () => Number(await timeline().locator('canvas').getAttribute('data-services'))).toBe(2);
  await view.page.keyboard.press('Control+k');
  await view.page.keyboard.press('Escape');
  await view.ui.button('Selector {service_name=~"revel_(web|beat)"}').waitFor();
});
