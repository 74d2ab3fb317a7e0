import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { commandLineOf } from '../cli/command-line';
import { startLoginProxy } from '../world/support/login-proxy';
import { startPrometheus, type Prometheus } from '../world/support/prometheus';
import { pictureFailures } from './picture-failures';
import { openReplayWindow, storeEndMs, type ReplayWindow } from './replay-window';

// Work counted by a Prometheus, which is Debian's own where the machine has it: two processes of the made-up web server that count
// requests, more of them after the deploy at 11:50.

const minuteMs = 60_000;
const world = inject('world');
const deployMs = storeEndMs - 10 * minuteMs;
let view: ReplayWindow;
let prometheus: Prometheus;

beforeAll(async () => {
  const startMs = storeEndMs - 60 * minuteMs;
  const counter = (instance: string, before: number, after: number) => ({
    labels: { job: 'web', instance },
    rates: [
      { fromMs: startMs, perSecond: before },
      { fromMs: deployMs, perSecond: after },
    ],
  });
  const counters = [counter('web-1', 10, 12), counter('web-2', 20, 24)];
  const folder = join(world.path, 'tmp', 'prometheus');
  prometheus = await startPrometheus(folder, counters, { startMs, endMs: storeEndMs + 5 * minuteMs });
  process.stderr.write(
    `work is counted by ${prometheus.kind === 'prometheus' ? 'a Prometheus' : 'a stand-in for Prometheus, which is not on this machine'}\n`,
  );
  view = await openReplayWindow(world, 'compare-work');
});

pictureFailures(() => view.app);

afterAll(async () => {
  await view.dispose();
  await prometheus.dispose();
});

/** Opens the form that asks how much work each side did, unless it is open. */
async function openWork(): Promise<void> {
  const perUnit = view.ui.button('Per unit');
  if ((await perUnit.getAttribute('aria-expanded')) !== 'true') await perUnit.click();
}

test('both sides are compared by what a Prometheus counted in them', async () => {
  // A first try of this may have left its comparison.
  if ((await view.ui.button('End').count()) > 0) await view.ui.button('End').click();
  await view.page.getByRole('radio', { name: 'All', exact: true }).click();
  await view.ui.button('revel_web was deployed, 11:50:00: compare before and after').click();
  await view.page.getByRole('region', { name: 'What changed' }).getByRole('listitem').first().waitFor();
  await openWork();
  const place = view.page.getByLabel('Prometheus', { exact: true });
  const counter = view.page.getByLabel('Counter', { exact: true });
  const read = view.ui.button('Read from Prometheus');
  await place.fill('no place');
  await counter.fill('http_requests_total');
  await read.click();
  await view.page.getByText(/^Say where it is/).waitFor();
  await place.fill(String(prometheus.port));
  await read.click();
  await view.page.getByText(/^The expression is 2 series in A: say which one/).waitFor();
  await view.pictures('several');
  await counter.fill('sum(');
  await read.click();
  await view.page.getByText(/does not take the expression/).waitFor();
  await counter.fill('sum(requests_nobody_counts)');
  await read.click();
  await view.page.getByText(/^Prometheus has no data for this expression in A/).waitFor();
  await counter.fill('sum(http_requests_total)');
  await read.click();
  // Ten minutes at 30 and at 36 a second.
  await expect
    .poll(() => view.page.getByLabel('In A', { exact: true }).inputValue(), { timeout: 30_000 })
    .toBe('18000');
  expect(await view.page.getByLabel('In B', { exact: true }).inputValue()).toBe('21600');
  await view.pictures('counted');
  await view.ui.button('Compare per unit').click();
  const panel = view.page.getByRole('region', { name: 'What changed' });
  await panel.getByText('Per unit of work.', { exact: true }).waitFor({ timeout: 30_000 });
  // What was asked is there the next time.
  await openWork();
  expect(await counter.inputValue()).toBe('sum(http_requests_total)');
  await view.page.keyboard.press('Escape');
  // In other ranges it is counted anew: in the first half of B.
  await view.page.getByRole('button', { name: /^Range B / }).click();
  await view.page.getByLabel('To', { exact: true }).fill('2026-03-04T11:55:00');
  await view.ui.button('Apply').click();
  const said = async (): Promise<readonly string[]> => {
    await openWork();
    const sides = ['In A', 'In B'].map((side) => view.page.getByLabel(side, { exact: true }).inputValue());
    const values = await Promise.all(sides);
    await view.page.keyboard.press('Escape');
    return values;
  };
  await expect.poll(said, { timeout: 30_000, interval: 500 }).toEqual(['18000', '10800']);
  await panel.getByText('Per unit of work.', { exact: true }).waitFor({ timeout: 30_000 });
});

test('a Prometheus that wants a login is told it, which is asked for', async () => {
  const proxy = await startLoginProxy(`http://127.0.0.1:${prometheus.port}`, 'jö', 'sesame');
  try {
    await openWork();
    await view.page.getByRole('radio', { name: 'Nothing', exact: true }).click();
    await view.page.getByLabel('Prometheus', { exact: true }).fill(proxy.url);
    await view.page.getByLabel('In A', { exact: true }).fill('');
    await view.ui.button('Read from Prometheus').click();
    await view.page.getByText(/wants to know who reads: say what it wants/).waitFor();
    await view.page.getByRole('radio', { name: 'User and password' }).click();
    await view.pictures('login');
    await view.ui.button('Read from Prometheus').click();
    const question = view.page.getByRole('dialog', {
      name: /^Prometheus at 127\.0\.0\.1:\d+ wants to know who reads$/,
    });
    await question.getByLabel('User', { exact: true }).fill('jö');
    await question.getByLabel('Password', { exact: true }).fill('sesame');
    await view.pictures('login-question');
    await view.page.keyboard.press('Enter');
    await expect
      .poll(() => view.page.getByLabel('In A', { exact: true }).inputValue(), { timeout: 30_000 })
      .toBe('18000');
    expect(proxy.passed).toHaveLength(2);
    await view.page.keyboard.press('Escape');
  } finally {
    await proxy.dispose();
  }
});

test('the command line compares by it, and by what is said', async () => {
  const cli = commandLineOf(world);
  const at = (ms: number): string => new Date(ms).toISOString();
  const side = (fromMs: number, toMs: number): string => `local{service_name="revel_web"}@${at(fromMs)}..${at(toMs)}`;
  const sides = [side(deployMs - 10 * minuteMs, deployMs), side(deployMs, storeEndMs)] as const;
  const json = async (...args: string[]) => {
    const done = await cli.run(['diff', ...sides, '--format', 'json', ...args]);
    return (JSON.parse(done.stdout) as { scaling: { by: string; factor: number } }).scaling;
  };
  const asked = ['--prometheus', `http://127.0.0.1:${prometheus.port}`, '--work-metric'];
  const counted = await json(...asked, 'sum(http_requests_total)');
  expect(counted.by).toBe('work');
  expect(counted.factor).toBeCloseTo(1.2, 6);
  expect((await json('--scale', 'work', '--work', '18000,21600')).factor).toBeCloseTo(1.2, 6);
  const several = await cli.run(['diff', ...sides, ...asked, 'http_requests_total']);
  expect(several.code).toBe(1);
  expect(several.stderr).toContain('The expression is 2 series in A');
  expect(several.stderr).toContain('instance="web-1"');
});
