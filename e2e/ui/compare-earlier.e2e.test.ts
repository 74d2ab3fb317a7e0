import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { comparisonLink, type LinkedSide } from '../../src/contract/comparison-link';
import { cpuProfileType } from '../../src/contract/selection';
import { pictureFailures } from './picture-failures';
import { openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';

// Comparisons of a made-up store that is long enough to hold earlier pairs: its web server is deployed in its middle, which lies in one
// of them.

/** The deploy lies in the middle, and more than 20 pairs of 4 + 4 minutes before it. */
const storeMinutes = 340;
const minuteMs = 60_000;
const web = '{service_name="revel_web"}';
let view: ReplayWindow;

beforeAll(async () => {
  view = await openReplayWindow(inject('world'), 'compare-earlier', storeMinutes);
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
});

/** A range that ends so many minutes before the store does. */
const side = (selector: string, fromMinutes: number, toMinutes: number): LinkedSide => ({
  ...{ target: 'local', source: 'agent', selector, name: selector },
  startMs: storeEndMs - fromMinutes * minuteMs,
  endMs: storeEndMs - toMinutes * minuteMs,
});

async function compare(a: LinkedSide, b: LinkedSide): Promise<void> {
  await view.page.keyboard.press('Control+Shift+P');
  await view.page.keyboard.type('open a link');
  await view.page.keyboard.press('Enter');
  await view.page
    .getByLabel('Link', { exact: true })
    .fill(comparisonLink({ a, b, profileType: cpuProfileType, scale: { by: 'relative' } }));
  await view.page.keyboard.press('Enter');
  // Until then the one before is still there, and what is said of it.
  await view.ui.graph();
}

const panel = () => view.page.getByRole('region', { name: 'What changed' });

test('two ranges of one service are judged against the pairs before them', async () => {
  await compare(side(web, 8, 4), side(web, 4, 0));
  const note = panel().getByText(/^Judged against 2\d earlier pairs of ranges as long as these/);
  await note.waitFor({ timeout: 60_000 });
  await panel()
    .getByText(/^16 \+ 16 windows/)
    .waitFor();
  await note.scrollIntoViewIfNeeded();
  await view.pictures('judged');
});

test('a change that is far beyond them stays certain', async () => {
  await compare(side(web, storeMinutes / 2 + 4, storeMinutes / 2), side(web, storeMinutes / 2, storeMinutes / 2 - 4));
  await panel()
    .getByText(/^Judged against 2\d earlier pairs/)
    .waitFor({ timeout: 60_000 });
  const first = panel().getByRole('listitem').first();
  await first.waitFor();
  expect(await first.innerText()).toMatch(/customer_name/);
});

test('it says why earlier pairs were not looked at', async () => {
  await compare(side(web, storeMinutes, storeMinutes - 4), side(web, storeMinutes - 4, storeMinutes - 8));
  await panel()
    .getByText(/^Not judged against earlier pairs: there is none as long and as busy before both sides/)
    .waitFor({ timeout: 60_000 });
});
