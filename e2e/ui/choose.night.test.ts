import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from 'vitest';
import { connectAgent, type AgentConnection } from '../../src/engine/agent/agent-connection';
import { LocalLink } from '../../src/engine/link/local-link';
import { QuerierClient } from '../../src/engine/pyroscope/querier-client';
import { launchApp, type App } from '../app';
import { demoImage } from '../world/docker/image';
import { waitFor } from '../world/support/wait';
import { drive, type Driver } from './driver';

const world = inject('world');
const docker = new Docker({ socketPath: world.dockerSocket });
let app: App;
let ui: Driver;

beforeAll(async () => {
  app = await launchApp({ world, name: 'choose' });
  ui = drive(app.window);
  await ui.target('This computer').click();
  await record();
  // A machine that is busy with other things must not lower the rate meanwhile.
  await withAgent(({ client }) => client.setBudget({ machinePercent: 100, memoryBytes: 8n << 30n }));
});

beforeEach(() => {
  onTestFailed(async ({ task }) => {
    await app.screenshot(`failed ${task.name.slice(0, 20)}`);
    await app.window.keyboard.press('Escape');
  });
});

afterAll(async () => {
  try {
    await putBack();
  } finally {
    await app.dispose();
  }
});

/** What was set is kept on this computer, and other tests look for services by the names that they have by themselves. */
async function putBack(): Promise<void> {
  if ((await ui.button('Stop recording').count()) === 0) await record();
  await withAgent(async ({ client }) => {
    await client.setNaming({});
    await client.setSampling({ rateHz: 97, windowSeconds: 15 });
    await client.setBudget({ machinePercent: 1, memoryBytes: 256n << 20n });
  });
  await ui.button('Stop recording').first().click();
  await ui.targetState('This computer', /stopped|ready/);
}

async function record(): Promise<void> {
  await ui.button('Record').first().click();
  await ui.targetState('This computer', /recording/, 120_000);
}

/** Opens one of the target's dialogs. */
async function open(item: string): Promise<Locator> {
  await ui.target('This computer').hover();
  await ui.button('More for This computer').click();
  await app.window.getByRole('menuitem', { name: item }).click();
  return app.window.getByRole('dialog');
}

const status = (key: string): Locator => app.window.locator(`.status-item[data-key="${key}"]`);

/** A counter of the agent's, as the status bar tells it. */
async function counter(name: string): Promise<number> {
  const title = (await status('lost').getAttribute('title')) ?? '';
  return Number(
    new RegExp(`^${name.replaceAll('.', '\\.')}: ([\\d,.\u00a0\u202f ]+)$`, 'm').exec(title)?.[1]?.replace(/\D/g, ''),
  );
}

async function grows(name: string): Promise<void> {
  const before = await counter(name);
  await waitFor(`${name} to grow`, async () => ((await counter(name)) > before ? true : undefined), {
    timeoutMs: 60_000,
    everyMs: 250,
  });
}

const row = (name: string): Locator =>
  app.window
    .getByRole('list', { name: 'Services' })
    .getByRole('listitem')
    .filter({ has: app.window.getByRole('button', { name: new RegExp(`^${name}\\b`) }) });

const agentPid = (): string => /"pid":(\d+)/.exec(readFileSync('/run/pyrometer/agent.json', 'utf8'))?.[1] ?? '';

/** Asks the agent beside the window. */
async function withAgent<T>(ask: (agent: AgentConnection) => Promise<T>): Promise<T> {
  const link = new LocalLink();
  const connected = await connectAgent(link, { socket: `/run/pyrometer/control-${world.users.desk.uid}.sock` });
  if (!connected.ok) throw new Error(connected.failure.message);
  try {
    return await ask(connected.value);
  } finally {
    connected.value.dispose();
    link.dispose();
  }
}

/** Labels of what the agent has stored. */
function series(...names: string[]): Promise<readonly Readonly<Record<string, string>>[]> {
  return withAgent(async ({ http }) => {
    const range = { startMs: Date.now() - 3_600_000, endMs: Date.now() + 60_000 };
    const found = await new QuerierClient(http, 'the agent').series(range, names);
    if (!found.ok) throw new Error(found.failure.message);
    return found.value;
  });
}

test('a chosen container is all that is profiled, without a restart, until everything is again', async () => {
  await ui.service('revel_celery_default').waitFor({ timeout: 120_000 });
  const pid = agentPid();
  const dialog = await open('What is profiled…');
  await dialog.getByRole('radio', { name: 'Only what is chosen' }).click();
  expect(await dialog.getByRole('button', { name: 'Nothing is chosen' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Filter services, containers and processes').fill('revel_web');
  await dialog
    .getByRole('group', { name: 'Containers' })
    .getByLabel(/^revel_web/)
    .check();
  await app.screenshot('1-what-is-profiled');
  await dialog.getByRole('button', { name: 'Profile 1 container' }).click();
  await status('choice').filter({ hasText: 'only 1 container' }).waitFor();
  await row('revel_celery_default').and(app.window.locator('[data-profiled="false"]')).waitFor();
  expect(await row('revel_celery_default').innerText()).toContain('not profiled');
  await row('revel_web').and(app.window.locator('[data-profiled="true"]')).waitFor();
  await grows('samples.unselected');
  await grows('windows.stored');
  await grows('windows.stored'); // a whole window of the choice alone
  expect(agentPid()).toBe(pid);
  await app.screenshot('2-only-one');

  const again = await open('What is profiled…');
  const chosen = again.getByRole('group', { name: 'Containers' }).getByLabel(/^revel_web/);
  await chosen.waitFor();
  expect(await chosen.isChecked()).toBe(true);
  await again.getByRole('radio', { name: 'Everything' }).click();
  await again.getByRole('button', { name: 'Profile everything' }).click();
  await status('choice').waitFor({ state: 'detached' });
  await row('revel_celery_default').and(app.window.locator('[data-profiled="true"]')).waitFor();
  expect(agentPid()).toBe(pid);
});

test('a chosen service stays chosen when its container is made anew', async () => {
  const make = async (): Promise<Docker.Container> => {
    const container = await docker.createContainer({
      name: 'made_anew',
      Image: demoImage,
      Cmd: ['python3', '-c', 'import time\nwhile True:\n  sum(range(100000))\n  time.sleep(0.01)'],
      HostConfig: { NetworkMode: 'none' },
    });
    await container.start();
    return container;
  };
  let container = await make();
  try {
    await ui.service('made_anew').waitFor({ timeout: 60_000 });
    const dialog = await open('What is profiled…');
    await dialog.getByRole('radio', { name: 'Only what is chosen' }).click();
    await dialog.getByLabel('Filter services, containers and processes').fill('made_anew');
    await dialog
      .getByRole('group', { name: 'Services' })
      .getByLabel(/^made_anew/)
      .check();
    await app.screenshot('2-a-service');
    await dialog.getByRole('button', { name: 'Profile 1 service' }).click();
    await status('choice').filter({ hasText: 'only 1 service' }).waitFor();
    await container.remove({ force: true });
    container = await make();
    const { id } = container;
    await waitFor(
      'samples of the container that was made anew',
      async () => (await series('container_id')).some((one) => one['container_id'] === id) || undefined,
      { timeoutMs: 60_000, everyMs: 1000 },
    );
    await row('made_anew').and(app.window.locator('[data-profiled="true"]')).waitFor();
    await row('revel_web').and(app.window.locator('[data-profiled="false"]')).waitFor();
  } finally {
    await container.remove({ force: true });
  }
  const again = await open('What is profiled…');
  expect(
    await again
      .getByRole('group', { name: 'Services' })
      .getByLabel(/^made_anew/)
      .isChecked(),
  ).toBe(true);
  await again.getByRole('radio', { name: 'Everything' }).click();
  await again.getByRole('button', { name: 'Profile everything' }).click();
  await status('choice').waitFor({ state: 'detached' });
});

test('a chosen process is all that is profiled', async () => {
  const dialog = await open('What is profiled…');
  await dialog.getByRole('radio', { name: 'Only what is chosen' }).click();
  await dialog.getByLabel('Filter services, containers and processes').fill(`pid ${world.demo.celery.pid},`);
  await dialog.getByRole('group', { name: 'Processes' }).getByRole('checkbox').first().check();
  await dialog.getByRole('button', { name: 'Profile 1 process' }).click();
  await status('choice').filter({ hasText: 'only 1 process' }).waitFor();
  await row('revel_web').and(app.window.locator('[data-profiled="false"]')).waitFor();
  await row('revel_celery_default').and(app.window.locator('[data-profiled="true"]')).waitFor();
  const again = await open('What is profiled…');
  await again.getByRole('radio', { name: 'Everything' }).click();
  await again.getByRole('button', { name: 'Profile everything' }).click();
  await status('choice').waitFor({ state: 'detached' });
});

test('a burst returns by itself to the rate of before, and a rate is kept', async () => {
  const dialog = await open('How often it samples…');
  await dialog.getByRole('radio', { name: '199 Hz' }).click();
  await dialog.getByRole('radiogroup', { name: 'For how long' }).getByRole('radio', { name: '30 s' }).click();
  await app.screenshot('3-burst');
  await dialog.getByRole('button', { name: 'Sample 199 times a second for 30 s' }).click();
  await status('rate')
    .filter({ hasText: /^\s*199 Hz for \d+ s more$/ })
    .waitFor();
  await app.screenshot('4-in-the-burst');
  await status('rate')
    .filter({ hasText: /97 Hz$/ })
    .waitFor({ timeout: 90_000 });
  const kept = await open('How often it samples…');
  await kept.getByRole('radio', { name: '49 Hz' }).click();
  await kept.getByRole('radiogroup', { name: 'A window' }).getByRole('radio', { name: '10 s' }).click();
  await kept.getByRole('button', { name: 'Sample 49 times a second' }).click();
  await status('rate')
    .filter({ hasText: /49 Hz$/ })
    .waitFor();
  const { status: told } = await withAgent(({ client }) => client.getStatus({}));
  expect(told?.windowSeconds).toBe(10);
});

test('naming is tried out on what runs, and rules that are wrong are told where', async () => {
  const dialog = await open('How services are called…');
  await dialog.getByRole('button', { name: 'Add a label' }).click();
  await dialog.getByLabel('Name of label 1').fill('env');
  await dialog.getByLabel('Value of label 1').fill('e2e');
  await dialog.getByLabel('Call containers /name, as Grafana Alloy does').check();
  const rules = dialog.getByLabel('Relabel rules');
  await rules.fill('- action: keep\n  source_labels: [host]\n  regex: .+\n- action: explode\n');
  const wrong = dialog.getByRole('alert').filter({ hasText: 'explode' });
  await wrong.waitFor();
  expect(await wrong.innerText()).toMatch(/^Line 4: relabel rule 2 /);
  expect(await dialog.getByRole('button', { name: 'Call them so' }).isDisabled()).toBe(true);
  await app.screenshot('5-wrong-rule');
  await rules.fill(
    '- action: drop\n  source_labels: [container]\n  regex: revel_celery_default\n' +
      '- source_labels: [service_name]\n  regex: /revel_web\n  target_label: service_name\n  replacement: /shop\n',
  );
  const preview = dialog.getByRole('list', { name: 'Services by the new naming' }).getByRole('listitem');
  await preview.filter({ hasText: /revel_celery_default.*dropped/ }).waitFor();
  await preview.filter({ hasText: /revel_web.*\/shop/ }).waitFor();
  await preview.filter({ hasText: /revel_beat.*\/revel_beat/ }).waitFor();
  await app.screenshot('6-preview');
  await dialog.getByRole('button', { name: 'Call them so' }).click();
  await app.window
    .getByRole('list', { name: 'Services' })
    .getByRole('button', { name: /^\/shop\b/ })
    .waitFor({ timeout: 60_000 });
  expect(
    (await series('service_name', 'env')).some((one) => one['service_name'] === '/shop' && one['env'] === 'e2e'),
  ).toBe(true);
  // What is dropped does not reach the unwinder any more.
  await grows('samples.dropped_by_rule');
  await app.screenshot('7-named');
});

test('a container that lives for two seconds is named', async () => {
  const container = await docker.createContainer({
    name: 'two_seconds',
    Image: demoImage,
    Cmd: ['python3', '-c', 'import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass'],
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  await container.wait();
  await container.remove();
  await app.window
    .getByRole('list', { name: 'Services' })
    .getByRole('button', { name: /^\/two_seconds\b/ })
    .waitFor({ timeout: 60_000 });
});

test('processes that exit before anybody looks at them say so in a label', async () => {
  const folder = join(world.path, 'tmp/brief');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'brief_work');
  copyFileSync('/usr/bin/mawk', program);
  for (let round = 0; round < 60; round++) {
    await once(spawn(program, ['BEGIN { for (i = 0; i < 1500000; i++) n += i }'], { stdio: 'ignore' }), 'exit');
  }
  await waitFor(
    'a brief process with its label',
    async () => (await series('service_name', 'exited')).some((one) => one['exited'] === 'true') || undefined,
    { timeoutMs: 60_000, everyMs: 1000 },
  );
});

test('rate and naming are there when the agent is started anew', async () => {
  await ui.target('This computer').click();
  await ui.button('Stop recording').first().click();
  await ui.targetState('This computer', /stopped|ready/);
  await record();
  await status('rate')
    .filter({ hasText: /49 Hz$/ })
    .waitFor();
  const dialog = await open('How services are called…');
  expect(await dialog.getByLabel('Value of label 1').inputValue()).toBe('e2e');
  expect(await dialog.getByLabel('Relabel rules').inputValue()).toContain('replacement: /shop');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('a naming that is chosen while no agent runs is in the first window of the next one', async () => {
  await ui.button('Stop recording').first().click();
  await ui.targetState('This computer', /stopped|ready/);
  const dialog = await open('How services are called…');
  await dialog.getByText('No agent runs there.').waitFor();
  expect(await dialog.getByLabel('Relabel rules').inputValue()).toContain('replacement: /shop');
  await dialog.getByLabel('Value of label 1').fill('before');
  await app.screenshot('8-no-agent');
  await dialog.getByRole('button', { name: 'Call them so' }).click();
  await dialog.waitFor({ state: 'detached' });
  const startMs = Date.now();
  await record();
  const stored = await waitFor(
    'the first window',
    () =>
      withAgent(async ({ http }) => {
        const range = { startMs, endMs: Date.now() + 60_000 };
        const found = await new QuerierClient(http, 'the agent').series(range, ['service_name', 'env']);
        return found.ok && found.value.length > 0 ? found.value : undefined;
      }),
    { timeoutMs: 60_000, everyMs: 250 },
  );
  expect(stored.filter((one) => one['env'] !== 'before')).toEqual([]);
});
