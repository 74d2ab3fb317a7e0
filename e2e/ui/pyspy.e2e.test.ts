import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from 'vitest';
import { launchApp, type App } from '../app';
import { startFakeDarwin } from '../world/fake-darwin';
import type { Sshd } from '../world/sshd';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';
import { addServer } from './servers';

// A Mac that is none: uname, sw_vers and ps answer as Darwin's do, Docker and py-spy are real.

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
let mac: Sshd;
let app: App;
let ui: Driver;

/** Containers of ours, running or not. */
async function sidecars(): Promise<number> {
  return (await docker.listContainers({ all: true, filters: { label: ['dev.pyrometer.py-spy'] } })).length;
}

beforeAll(async () => {
  mac = await startFakeDarwin(world.path);
  app = await launchApp({ world, name: 'pyspy' });
  ui = drive(app.window);
});

beforeEach(() => {
  onTestFailed(async () => {
    await app.screenshot('failed');
  });
});

afterAll(async () => {
  await app.dispose();
  await mac.dispose();
});

test('a Mac gets py-spy by itself, and the window says why', async () => {
  await addServer(app, ui, world, { ...mac, name: 'mac', user: 'pyro' });
  await ui.button('Connect').first().click();
  await ui.targetState('mac', /ready for py-spy/);
  await app.window.getByText('This is macOS, which has no eBPF').waitFor();
  await app.window.getByText('py-spy sees Python functions only').waitFor();
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
  expect(await processes.first().innerText()).toContain('gunicorn');
  const indent = (index: number): Promise<string> =>
    processes.nth(index).evaluate((element) => getComputedStyle(element).paddingInlineStart);
  expect([await indent(0), await indent(1), await indent(2)]).toEqual(['0px', '16px', '16px']);
  // One worker is recorded from here on.
  const worker = processes.nth(1).getByRole('button');
  await worker.click();
  expect(await worker.getAttribute('aria-pressed')).toBe('true');
  await app.screenshot('2-processes');
});

test('Record shows a flame graph of the container, and it grows', async () => {
  await app.window.getByRole('main').getByRole('button', { name: 'How to record' }).click();
  await app.window.getByText('Counts time that passes instead of CPU time').waitFor();
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

test('Stop recording keeps what was recorded and leaves no container', async () => {
  await ui.button('Stop recording').first().click();
  await ui.targetState('mac', /ready for py-spy/);
  await waitFor('the sidecars to be gone', async () => ((await sidecars()) === 0 ? true : undefined), {
    timeoutMs: 30_000,
    everyMs: 200,
  });
  expect(await ui.graph()).toBeGreaterThan(0);
  expect(app.log()).not.toMatch(/a container was left/);
});
