import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { agentFolders, startSshd, type Sshd } from '../world/sshd';
import { repositoryFolder } from '../world/support/places';
import { run } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { addAndConnect } from './servers';

// Two servers with an agent each: on the first one of another build, which somebody else's app may have started.

const world = inject('world');
let app: App;
let ui: Driver;
let second: Sshd;
let otherBuild: string;

const log = '/var/lib/pyrometer/agent.log';

/** What the agent of a server writes of itself. */
async function record(server: Sshd | undefined): Promise<{ readonly pid: number; readonly version: string }> {
  const apart = server === undefined ? [] : ['nsenter', '-t', String(server.pid), '-m'];
  const args = [...apart, 'cat', '/run/pyrometer/agent.json'];
  return JSON.parse(await run('env', args)) as { pid: number; version: string };
}

beforeAll(async () => {
  const ours = readFileSync(join(repositoryFolder, 'resources/agent/linux-amd64/pyrometer-agent'));
  otherBuild = join(world.path, 'tmp', 'pyrometer-agent');
  writeFileSync(otherBuild, Buffer.concat([ours, Buffer.from([0])]), { mode: 0o700 });
  second = await startSshd({ worldPath: world.path, apart: true });
  await run(otherBuild, ['start', '--uid', String(world.users.pyro.uid)]);
  app = await launchApp({ world, name: 'fleet' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await run('nsenter', ['-t', String(second.pid), '-m', otherBuild, 'stop', '--force']);
  await second.dispose();
  await run(otherBuild, ['remove', '--force']);
  for (const folder of agentFolders) {
    try {
      rmdirSync(folder);
    } catch {
      // Removed with what the agent left there.
    }
  }
});

const row = (name: string) => app.window.getByRole('region', { name: 'Fleet overview' }).getByRole('row', { name });
const cells = async (name: string): Promise<readonly string[]> => row(name).getByRole('cell').allInnerTexts();

/** Whether a first try of a test has started the agent. */
const profiles = async (name: string): Promise<boolean> =>
  (await ui.target(name).getAttribute('aria-description')) === 'profiling';

async function openOverview(): Promise<void> {
  if ((await app.window.getByRole('region', { name: 'Fleet overview' }).count()) === 0) {
    await ui.button('Fleet overview').click();
  }
}

async function choose(name: string, item: string): Promise<void> {
  await ui.button(`More for ${name}`).click();
  await app.window.getByRole('menuitem', { name: item }).click();
}

test('the fleet overview has both servers, with what runs there', { timeout: 420_000 }, async () => {
  for (const [name, server] of [
    ['web-1', world.sshd],
    ['web-2', second],
  ] as const) {
    if ((await ui.target(name).count()) === 0) await addAndConnect(app, ui, world, { ...server, user: 'pyro', name });
  }
  await ui.target('web-2').click();
  if (!(await profiles('web-2'))) await ui.button('Start agent').first().click();
  await ui.targetState('web-2', /profiling/, 180_000);
  await ui.targetState('web-1', /profiling/);
  await openOverview();
  const known = await waitFor(
    'all of both servers',
    async () => {
      const both = [await cells('web-1'), await cells('web-2')];
      // Services come with the first window, or are asked for again 15 s later.
      if (both.every((each) => each.length === 7 && !each.includes('–') && Number(each[3]) > 0)) return both;
      throw new Error(JSON.stringify(both));
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  for (const [state, kernel, version, services, cores, overhead, last] of known) {
    expect(state).toBe('profiling');
    expect(kernel).toContain(release());
    expect(version).toMatch(/^0\.1\.0/);
    expect(Number(services)).toBeGreaterThan(0);
    expect(cores).toMatch(/ of \d+$/);
    expect(overhead).toMatch(/%/);
    expect(last).toMatch(/ ago$/);
  }
  expect(known[0]?.[2]).toBe('0.1.0, other');
  expect(known[1]?.[2]).toBe('0.1.0');
  await app.window.getByText(/, 2 profiling$/).waitFor();
  await app.screenshot('1-overview');
});

test('the overview is sorted and filtered, and a row is the way to its server', async () => {
  const names = (): Promise<readonly string[]> => app.window.locator('.fleet-name').allInnerTexts();
  await openOverview();
  await app.window.getByLabel('Filter the fleet').fill('');
  const byName = app.window.getByRole('columnheader', { name: /^Target/ });
  if ((await byName.getAttribute('aria-sort')) !== 'descending') await byName.getByRole('button').click();
  await expect.poll(names).toEqual(['web-2', 'web-1', 'This computer']);
  await app.window.getByLabel('Filter the fleet').fill('web-1');
  await expect.poll(names).toEqual(['web-1']);
  await row('web-1').getByRole('button').click();
  await app.window.getByRole('region', { name: 'Fleet overview' }).waitFor({ state: 'detached' });
  await expect.poll(() => ui.target('web-1').getAttribute('aria-current')).toBe('true');
});

test('another build is named and replaced, and the new one goes on', { timeout: 420_000 }, async () => {
  const before = await record(undefined);
  const banner = app.window.getByRole('status', { name: 'Version of the agent' });
  await banner.getByText(before.version).waitFor();
  await ui.button('Replace…').click();
  const dialog = app.window.getByRole('dialog', { name: 'Replace the agent on web-1?' });
  await dialog.getByText(`${before.version} runs there`).waitFor();
  await app.screenshot('2-replace');
  await ui.button('Replace agent').click();
  await banner.waitFor({ state: 'detached', timeout: 120_000 });
  await ui.targetState('web-1', /profiling/, 120_000);
  const after = await record(undefined);
  expect(after.pid).not.toBe(before.pid);
  expect(after.version).not.toBe(before.version);
  expect(after.version).toBe((await record(second)).version);
  await ui.service('revel_web').waitFor({ timeout: 60_000 });
});

test('the log is followed live, and filtered', async () => {
  // What a first try of this has left: its dialog, and its lines in the log.
  const mark = randomUUID().slice(0, 8);
  if ((await app.window.getByRole('dialog').count()) > 0) await ui.button('Close').last().click();
  await choose('web-1', 'Log of the agent…');
  const lines = app.window.getByRole('list', { name: 'Log' }).getByRole('listitem');
  await lines.first().waitFor({ timeout: 30_000 });
  const write = (level: string, text: string): void => {
    appendFileSync(log, `time=${new Date().toISOString()} level=${level} msg="${text}"\n`);
  };
  write('WARN', `a line of the <b>test</b> ${mark}`);
  await lines.filter({ hasText: `a line of the <b>test</b> ${mark}` }).waitFor({ timeout: 30_000 });
  await app.screenshot('3-log');
  await app.window.getByLabel('Filter the log').fill(`line ${mark} absent`);
  await expect.poll(() => lines.count()).toBe(0);
  await app.window.getByLabel('Filter the log').fill(`test line ${mark}`);
  await expect.poll(() => lines.count()).toBe(1);
  await app.window.getByRole('radio', { name: 'Errors' }).click();
  await expect.poll(() => lines.count()).toBe(0);
  write('ERROR', `another test line ${mark}`);
  await expect.poll(() => lines.count(), { timeout: 30_000 }).toBe(1);
  await ui.button('Pause').click();
  write('ERROR', `a later test line ${mark}`);
  await app.window.getByText(/\b[1-9]\d* more since/).waitFor({ timeout: 30_000 });
  expect(await lines.count()).toBe(1);
  await ui.button('Follow').click();
  await expect.poll(() => lines.count()).toBe(2);
  await ui.button('Close').last().click();
});

test('an agent of the same version is restarted', async () => {
  await ui.target('web-2').click();
  const before = await record(second);
  await choose('web-2', 'Restart agent…');
  await app.window.getByRole('dialog', { name: 'Restart the agent on web-2?' }).waitFor();
  await ui.button('Restart agent').click();
  await waitFor('another agent', async () => ((await record(second)).pid === before.pid ? undefined : true), {
    timeoutMs: 60_000,
    everyMs: 250,
  });
  await ui.targetState('web-2', /profiling/, 120_000);
  expect((await record(second)).version).toBe(before.version);
});
