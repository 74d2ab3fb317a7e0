import type { Server } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { engineOfAnotherMachine } from '../world/docker/other-machine';
import { darwinPath, startFakeDarwin } from '../world/fake-darwin';
import type { Sshd } from '../world/sshd';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { killApp, killHelper } from './killing';
import { addServer } from './servers';

// A Mac that is none: uname, sw_vers and ps answer as Darwin's do, Docker and py-spy are real.

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
const engineSocket = join(world.path, 'tmp', 'colima', 'default', 'docker.sock');
let engine: Server;
let mac: Sshd;
let app: App;
let ui: Driver;

/** Containers of ours, running or not. */
function sidecars(): Promise<readonly Docker.ContainerInfo[]> {
  return docker.listContainers({ all: true, filters: { label: ['dev.pyrometer.py-spy'] } });
}

async function noSidecar(): Promise<void> {
  await waitFor('the sidecars to be gone', async () => ((await sidecars()).length === 0 ? true : undefined), {
    timeoutMs: 30_000,
    everyMs: 200,
  });
}

beforeAll(async () => {
  mac = await startFakeDarwin(world.path);
  engine = await engineOfAnotherMachine(world, engineSocket);
  app = await launchApp({ world, name: 'pyspy' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await mac.dispose();
  engine.close();
});

test('a Mac gets py-spy by itself, and the window says why', async () => {
  await addServer(app, ui, world, { ...mac, name: 'mac', user: 'pyro' });
  await ui.button('Connect').first().click();
  await ui.targetState('mac', /ready for py-spy/);
  await app.window.getByText('This is macOS, which has no eBPF').waitFor();
  await app.window.getByText('py-spy sees Python functions only').waitFor();
  await app.window.getByText('It counts threads that are active, which is not CPU time').waitFor();
  await app.window.getByText('the rights of root').waitFor();
  await ui.service('revel_web').waitFor();
  await ui.service('revel_celery_default').waitFor();
  await app.screenshot('1-ready');
});

test('a chosen container shows its processes, workers below their master', async () => {
  await ui.service('revel_web').click();
  await app.window.getByRole('heading', { name: 'Record revel_web' }).waitFor();
  const processes = app.window.getByRole('list', { name: 'Python processes' }).getByRole('listitem');
  await waitFor('master and two workers', async () => ((await processes.count()) === 3 ? true : undefined), {
    timeoutMs: 30_000,
    everyMs: 200,
  });
  await expect.poll(() => processes.first().innerText()).toContain('gunicorn');
  const indent = (index: number): Promise<string> =>
    processes.nth(index).evaluate((element) => getComputedStyle(element).paddingInlineStart);
  expect([await indent(0), await indent(1), await indent(2)]).toEqual(['0px', '16px', '16px']);
  // One worker is recorded from here on.
  const worker = processes.nth(1).getByRole('button');
  if ((await worker.getAttribute('aria-pressed')) !== 'true') await worker.click();
  await expect.poll(() => worker.getAttribute('aria-pressed')).toBe('true');
  await app.screenshot('2-processes');
});

test('Record shows a flame graph of the container, and it grows', async () => {
  await app.window.getByRole('main').getByRole('button', { name: 'How to record' }).click();
  await app.window.getByText('Counts every thread instead of active ones').waitFor();
  await app.screenshot('3-options');
  await app.window.keyboard.press('Escape');
  await ui.button('Record').first().click();
  await ui.targetState('mac', /recording/);
  const first = await ui.graph();
  await app.screenshot('4-first-flame');
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  await waitFor('the graph to grow', async () => ((await ui.graph()) > 2 * first ? true : undefined), {
    timeoutMs: 60_000,
    everyMs: 200,
  });
  await app.window
    .locator('.status-item[data-key="engine"]', { hasText: /py-spy\s[\d.]+\s%\sof a core/ })
    .waitFor({ timeout: 30_000 });
  await ui.findNow('');
  await app.screenshot('5-grown');
  // Only what was chosen is recorded.
  await ui.service('revel_beat').click();
  await app.window.getByText('No samples here').waitFor();
  await ui.service('revel_web').click();
  await ui.graph();
});

test('what is counted is called active, and never CPU time or cores', async () => {
  const bar = app.window.getByLabel('Selection', { exact: true });
  await bar.getByText('Active time').waitFor();
  expect(await bar.getByText('Active time').getAttribute('title')).toContain('This is not CPU time');
  await app.window.getByText(/ active, \d+ stacks?/).waitFor();
  await app.window.getByRole('region', { name: 'Services' }).getByText('Active', { exact: true }).waitFor();
  const canvas = app.window.locator('.timeline canvas');
  const width = (await canvas.boundingBox())?.width ?? 0;
  const words = app.window.locator('.timeline-words');
  await waitFor(
    'a point of the timeline in words',
    async () => {
      for (let x = width - 4; x > 0; x -= width / 60) {
        await canvas.hover({ position: { x, y: 50 } });
        if (/, [\d.]+ active threads?$/.test((await words.textContent()) ?? '')) return true;
      }
      return undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(await app.window.getByText(/of CPU|\d cores?$/).count()).toBe(0);
});

test('while it records another choice of processes can be made', async () => {
  const dialog = app.window.getByRole('dialog', { name: 'What is recorded' });
  const one = app.window.getByRole('button', { name: /^Process \d+/ });
  await one.or(ui.button('Processes')).waitFor();
  if ((await one.count()) === 0) {
    // A first try of this test ended here.
    await ui.button('Processes').click();
    await dialog.getByRole('listitem').nth(1).getByRole('button').click();
  }
  await one.click();
  await dialog.getByText(/Recorded now: process \d+ of revel_web/).waitFor();
  await app.screenshot('6-choice');
  await dialog.getByRole('button', { pressed: true }).click(); // all of them again
  await ui.button('Processes').waitFor();
  await ui.targetState('mac', /recording/);
  await ui.button('Processes').click();
  await dialog.getByText('Recorded now: revel_web.').waitFor();
  await dialog.getByRole('listitem').nth(2).getByRole('button').click();
  await one.waitFor();
  await ui.targetState('mac', /recording/);
});

test('memory of a process: what it needs is said, and nothing is left where it is not there', async () => {
  await ui.button('Memory…').click();
  const dialog = app.window.getByRole('dialog', { name: 'Memory of revel_web' });
  const record = dialog.getByRole('button', { name: 'Record memory' });
  expect(await record.isDisabled()).toBe(true);
  await dialog.getByRole('listitem').nth(1).getByRole('button').click();
  await record.click();
  await dialog.getByText(/needs gdb or lldb beside it/).waitFor();
  await app.screenshot('7-memory');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('the dialog of Pyroscope says who pushes', async () => {
  await ui.button('More for mac').click();
  await app.window.getByRole('menuitem', { name: /Pyroscope/ }).click();
  const dialog = app.window.getByRole('dialog', { name: /^Pyroscope of mac/ });
  await dialog.getByLabel('What py-spy records is pushed there').waitFor();
  expect(await dialog.innerText()).not.toMatch(/agent/i);
  await app.screenshot('7-pyroscope');
  await app.window.keyboard.press('Escape');
});

test('kill -9 of links: the recording goes on with what it had, and nothing of the one before is left', async () => {
  const before = await ui.graph();
  const orphans = new Set((await sidecars()).map(({ Id: id }) => id));
  await killHelper(app, 'links');
  await ui.targetState('mac', /recording/);
  await waitFor('the graph to grow from where it was', async () => ((await ui.graph()) > before ? true : undefined), {
    timeoutMs: 60_000,
    everyMs: 200,
  });
  await waitFor(
    'what the killed process had begun to be gone',
    async () => ((await sidecars()).some(({ Id: id }) => orphans.has(id)) ? undefined : true),
    { timeoutMs: 60_000, everyMs: 200 },
  );
  expect(await app.window.getByRole('alert').count()).toBe(0);
  await app.screenshot('8-after-links');
});

test('Stop recording keeps what was recorded and leaves no container', async () => {
  await ui.button('Stop recording').first().click();
  await ui.targetState('mac', /ready for py-spy/);
  await noSidecar();
  expect(await ui.graph()).toBeGreaterThan(0);
  expect(app.log()).not.toMatch(/a container was left/);
});

test('kill -9 of the whole app: what was recorded is kept, its end is told, and what it left is swept', async () => {
  await ui.button('Record').first().click();
  await ui.targetState('mac', /recording/);
  await waitFor(
    'a slice that runs, and one that waits',
    async () => ((await sidecars()).length === 2 ? true : undefined),
    { timeoutMs: 30_000, everyMs: 50 },
  );
  const kept = await ui.graph();
  await killApp(app);
  expect((await sidecars()).length).toBeGreaterThan(0);
  // From here on this computer is a Mac as well, with Docker in a virtual machine.
  app = await launchApp({
    world,
    name: 'pyspy',
    home: app.home,
    env: { PATH: darwinPath(world.path), DOCKER_HOST: `unix://${engineSocket}` },
  });
  ui = drive(app.window);
  await ui.target('mac').click();
  await ui.button('Connect').first().click();
  await ui.targetState('mac', /ready for py-spy/);
  // Before the time is over after which anybody may sweep them.
  await noSidecar();
  await expect
    .poll(() => ui.target('mac').getAttribute('title'))
    .toContain('Pyrometer was ended while it recorded revel_web');
  await ui.service('revel_web').click();
  expect(await ui.graph()).toBeGreaterThanOrEqual(kept);
  await app.screenshot('9-after-app');
});

test('this computer as a Mac: choose the container, press Record; it ends by itself after its time', async () => {
  await ui.target('This computer').click();
  await ui.targetState('This computer', /ready for py-spy/);
  await app.window.getByText('This is macOS, which has no eBPF').waitFor();
  await ui.service('revel_web').click();
  await app.window.getByRole('heading', { name: 'Record revel_web' }).waitFor();
  await app.window.getByRole('main').getByRole('button', { name: 'How to record' }).click();
  // Time for a container to start on a busy machine, and for work to come by.
  await app.window.getByLabel('Seconds', { exact: true }).fill('8');
  await app.window.keyboard.press('Escape');
  await recordedForItsTime('This computer');
  await app.screenshot('10-this-computer');
});

test('a Docker engine of another machine is a target by itself', async () => {
  await ui.target('Docker: Colima').click();
  await ui.targetState('Docker: Colima', /ready for py-spy/);
  await app.window.getByText('a Docker engine alone').waitFor();
  await app.screenshot('11-engine');
  await ui.service('revel_celery_default').click();
  await app.window.getByRole('heading', { name: 'Record revel_celery_default' }).waitFor();
  await recordedForItsTime('Docker: Colima');
  await app.screenshot('12-engine-recorded');
});

test('a Docker engine is hidden until hidden ones are asked for, and one that starts later appears', async () => {
  await ui.button('More for Docker: Colima').click();
  await app.window.getByRole('menuitem', { name: /^Hide/ }).click();
  await ui.target('Docker: Colima').waitFor({ state: 'detached' });
  await focusAnew();
  await ui.button('More for This computer').click();
  await app.screenshot('13-hidden');
  expect(await ui.target('Docker: Colima').count()).toBe(0);
  await app.window.getByRole('menuitem', { name: /^Find Docker engines/ }).click();
  await ui.targetState('Docker: Colima', /ready for py-spy/);

  engine.close();
  engine = await engineOfAnotherMachine(world, join(app.home, '.docker', 'desktop', 'docker.sock'));
  expect(await ui.target('Docker: Docker Desktop').count()).toBe(0);
  await focusAnew();
  await ui.targetState('Docker: Docker Desktop', /ready for py-spy/);
  await app.screenshot('14-started-later');
});

/** What a window gets when somebody comes back to it. A page under test has the focus always, so that none comes by itself. */
function focusAnew(): Promise<void> {
  return app.window.evaluate(() => {
    window.dispatchEvent(new Event('focus'));
  });
}

/** Presses Record, and waits until that has ended by itself with a graph. */
async function recordedForItsTime(target: string): Promise<void> {
  await ui.button('Record').first().click();
  await ui.targetState(target, /recording/);
  await ui.targetState(target, /ready for py-spy/);
  expect(await ui.graph()).toBeGreaterThan(0);
  await noSidecar();
}
