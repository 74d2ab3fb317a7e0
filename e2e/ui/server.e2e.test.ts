import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { demoImage } from '../world/docker/image';
import { startPyroscope } from '../world/pyroscope';
import { tryRun } from '../world/support/run';
import { waitFor } from '../world/support/wait';
import { startSshd } from '../world/sshd';
import { drive, type Driver } from './driver';

const world = inject('world');
let app: App;
let ui: Driver;

/** A debuginfod that has nothing, and what it was asked for. */
const asked: string[] = [];
const debuginfod = createServer((request, response) => {
  asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
  response.writeHead(404).end();
});

beforeAll(async () => {
  debuginfod.listen(0, '127.0.0.1');
  await once(debuginfod, 'listening');
  app = await launchApp({ world, name: 'server' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  debuginfod.close();
  await app.dispose();
});

const debuginfodUrl = (): string => `http://127.0.0.1:${(debuginfod.address() as AddressInfo).port}`;

interface ServerForm {
  readonly name: string;
  readonly user: string;
  readonly port?: number;
  readonly key?: string;
}

async function fillServer({ name, user, port = world.sshd.port, key }: ServerForm): Promise<void> {
  await ui.button('Add server').first().click();
  const form = app.window.getByRole('dialog');
  await form.getByLabel('Host', { exact: true }).fill(world.sshd.host);
  await form.getByLabel('Port', { exact: true }).fill(String(port));
  await form.getByLabel('User', { exact: true }).fill(user);
  await form.getByLabel('Name', { exact: true }).fill(name);
  if (key === undefined) await form.getByRole('radio', { name: 'Password' }).click();
  else {
    await form.getByRole('radio', { name: /^Key/ }).click();
    await form.getByLabel('Private key', { exact: true }).fill(key);
  }
}

async function save(name: string): Promise<void> {
  await ui.button('Save').last().click();
  await ui.target(name).click();
}

/** Adds a server, unless a first try of the test did, and chooses it. */
async function add(form: ServerForm): Promise<void> {
  if ((await ui.target(form.name).count()) > 0) {
    await ui.target(form.name).click();
    return;
  }
  await fillServer(form);
  await save(form.name);
}

async function acceptHostKey(): Promise<void> {
  await app.window.getByText(/SHA256:/).waitFor({ timeout: 30_000 });
  await app.window.getByLabel('I trust this key').check();
  await ui.button('Accept key').click();
}

test('a server is added, tested, and its new host key is shown and accepted', async () => {
  await fillServer({ name: 'web-1', user: 'pyro', key: world.keys.ed25519 });
  await ui.button('Test connection').click();
  await app.window.getByText(/SHA256:/).waitFor({ timeout: 30_000 });
  await app.screenshot('1-host-key');
  await acceptHostKey();
  await app.window.getByText('Connected').waitFor({ timeout: 30_000 });
  const form = app.window.getByRole('dialog');
  const wanted = form.getByLabel('Get missing debug symbols from a debuginfod server');
  expect(await wanted.isChecked()).toBe(false);
  await form.getByText(/sends it the build-ids of the executables and libraries/).waitFor();
  await wanted.check();
  const address = form.getByLabel('debuginfod server', { exact: true });
  await address.fill('debug.example --store /etc');
  await ui.button('Save').last().click();
  await form.getByText(/Write an address like/).waitFor();
  await address.fill(debuginfodUrl());
  await app.screenshot('2-tested');
  await save('web-1');
});

test('what an agent needs is looked at, and each look says what it found', async () => {
  await ui.button('Connect').first().click();
  await ui.targetState('web-1', /not installed|stopped|ready/);
  await app.screenshot('3-connected');
  await ui.button('More for web-1').click();
  await app.window.getByRole('menuitem', { name: /Check what it needs/ }).click();
  await app.window.getByText('The agent can run there, as far as can be told').waitFor({ timeout: 60_000 });
  const rows = app.window.getByRole('list', { name: 'Checks' }).getByRole('listitem');
  expect(await rows.allInnerTexts()).toHaveLength(13);
  const row = async (label: string): Promise<string> => rows.filter({ hasText: label }).innerText();
  expect(await row('Privileges')).toContain('sudo without a password');
  expect(await row('Docker')).toContain('pyro may use /var/run/docker.sock');
  expect(await row('Clock')).toContain('agrees');
  await app.screenshot('3-checks');
  await ui.button('Check again').click();
  await app.window.getByText('The agent can run there, as far as can be told').waitFor({ timeout: 60_000 });
  await ui.button('Close').last().click();
});

test('Start agent, and the containers appear with their functions', async () => {
  await ui.button('Start agent').first().click();
  await ui.targetState('web-1', /profiling/, 180_000);
  await ui.button('Stop agent').first().waitFor();
  await ui.service('revel_web').waitFor({ timeout: 120_000 });
  await ui.service('revel_web').click();
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  await app.screenshot('4-profiling');
});

test('real samples of a function stand on the lines that ran, in the file of its container', async () => {
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  await ui.select('checkout_view');
  await app.window.getByRole('complementary', { name: 'Details' }).getByRole('button', { name: 'Open source' }).click();
  const row = app.window.getByRole('grid', { name: 'Source' }).locator('[aria-selected="true"]');
  await row.waitFor({ timeout: 30_000 });
  const file = readFileSync(join(import.meta.dirname, '../../resources/demo/revel/shop/views.py'), 'utf8').split('\n');
  const begins = file.findIndex((line) => line.startsWith('def checkout_view')) + 1;
  const ends = file.findIndex((line, at) => at > begins && line.startsWith('def '));
  // New windows may move the hottest line of the function to another one.
  await expect
    .poll(async () => {
      const line = Number(await row.getAttribute('data-row'));
      const text = await row.locator('.source-text').innerText();
      return line > begins && line <= ends && text.trim() === file[line - 1]?.trim();
    })
    .toBe(true);
  await expect.poll(() => row.getByRole('gridcell').allInnerTexts()).toContainEqual(expect.stringMatching(/\d.*s$/));
  await app.window.locator('.code-keyword').first().waitFor();
  await app.screenshot('4-source');
  await app.window.keyboard.press('1');
  await ui.graph();
});

test('a debuginfod that was switched on is asked for build-ids, and for nothing else', async () => {
  const status = app.window.locator('.status-item[data-key="debuginfod"]');
  await expect.poll(() => status.innerText()).toContain(debuginfodUrl());
  await waitFor('a question for a debug file', () => Promise.resolve(asked.length > 0 ? true : undefined), {
    timeoutMs: 90_000,
    everyMs: 250,
  });
  expect(asked.filter((each) => !/^GET \/buildid\/[0-9a-f]{2,128}\/debuginfo$/.test(each))).toEqual([]);
});

test('a container that lives for two seconds has its name', async () => {
  const api = new Docker({ socketPath: world.dockerSocket });
  const busy = 'import time\nend = time.time() + 2\nwhile time.time() < end: sum(range(10000))';
  const container = await api.createContainer({
    name: 'short_job',
    Image: demoImage,
    Cmd: ['python3', '-c', busy],
    HostConfig: { NetworkMode: 'host', AutoRemove: true },
  });
  await container.start();
  await ui.service('short_job').waitFor({ timeout: 60_000 });
});

test('what only sleeps, and what lives for a second, has a mark where its container started, and another where it started again', async () => {
  const api = new Docker({ socketPath: world.dockerSocket });
  const sleeper = (name: string, seconds: string): Promise<Docker.Container> =>
    api.createContainer({
      name,
      Image: demoImage,
      Cmd: ['sleep', seconds],
      HostConfig: { NetworkMode: 'host' },
    });
  // Marks of a first try stay.
  const tryId = Date.now().toString(36);
  const names = [`idle_${tryId}`, `brief_${tryId}`] as const;
  const idle = await sleeper(names[0], 'infinity');
  const brief = await sleeper(names[1], '1');
  try {
    await Promise.all([idle.start(), brief.start()]);
    await ui.service('All services').click();
    const mark = (name: string, words: string) =>
      app.window.getByRole('img', { name: `${name}: the container ${name} ${words},` });
    for (const name of names) await mark(name, 'started').waitFor({ timeout: 60_000 });
    await brief.wait();
    await Promise.all([idle.restart({ t: 0 }), brief.start()]);
    for (const name of names) {
      await mark(name, 'started again').waitFor({ timeout: 60_000 });
      expect(await mark(name, 'started').count()).toBe(1);
    }
    await brief.wait();
    await app.screenshot('4-idle');
  } finally {
    await Promise.all([idle, brief].map((each) => each.remove({ force: true })));
  }
});

test('windows are pushed to a Pyroscope, and read from there', async () => {
  await ui.button('More for web-1').click();
  await app.window.getByRole('menuitem', { name: /Pyroscope/ }).click();
  await app.window.getByLabel('Address').fill(world.pyroscopeUrl);
  await ui.button('Save').last().click();
  await waitFor(
    'the containers at Pyroscope',
    async () => {
      const now = Date.now();
      const response = await fetch(`${world.pyroscopeUrl}/querier.v1.QuerierService/LabelValues`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'service_name', start: now - 3_600_000, end: now + 60_000 }),
      });
      const { names: found = [] } = (await response.json()) as { names?: string[] };
      return found.includes('revel_web') && found.includes('revel_celery_default') ? found : undefined;
    },
    { timeoutMs: 90_000, everyMs: 500 },
  );
  await app.window.getByRole('radiogroup', { name: 'Source' }).getByRole('radio', { name: 'Pyroscope' }).click();
  await ui.service('revel_web').click({ timeout: 60_000 });
  await ui.graph();
  expect(await ui.find('checkout_view')).toContain('checkout_view');
  await app.screenshot('5-pyroscope');
});

test('windows go to a second Pyroscope too, as a tenant, with a token that nobody else sees', async () => {
  const second = await startPyroscope(world.pyroscopeBinary, world.path, ['-auth.multitenancy-enabled=true']);
  const secret = `secret-${Date.now()}`;
  await ui.button('More for web-1').click();
  await app.window.getByRole('menuitem', { name: 'Where it pushes…' }).click();
  const dialog = app.window.getByRole('dialog');
  const servers = dialog.getByRole('list', { name: 'Servers' });
  await servers.getByText(world.pyroscopeUrl, { exact: true }).waitFor();
  await dialog.getByLabel('Server to push to').fill('pyroscope:4040');
  await ui.button('Add').click();
  await dialog.getByText('An address like http://pyroscope.example:4040').waitFor();
  await dialog.getByLabel('Server to push to').fill(`${second.url}/`);
  await dialog.getByLabel('Tenant').fill('a/b');
  await ui.button('Add').click();
  await dialog.getByRole('alert').filter({ hasText: 'a tenant has 1 to 150 letters' }).waitFor();
  await dialog.getByLabel('Tenant').fill('team-a');
  await dialog.getByRole('radio', { name: 'Token' }).click();
  await dialog.getByLabel('Token', { exact: true }).last().fill(secret);
  await ui.button('Add').click();
  await servers.getByText(`${second.url}, tenant team-a`).waitFor();
  const servicesOf = async (tenant: string): Promise<readonly string[]> => {
    const now = Date.now();
    const response = await fetch(`${second.url}/querier.v1.QuerierService/LabelValues`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-scope-orgid': tenant },
      body: JSON.stringify({ name: 'service_name', start: now - 3_600_000, end: now + 60_000 }),
    });
    return ((await response.json()) as { names?: string[] }).names ?? [];
  };
  await waitFor(
    'the containers at the second Pyroscope',
    async () => ((await servicesOf('team-a')).includes('revel_web') ? true : undefined),
    { timeoutMs: 90_000, everyMs: 500 },
  );
  expect(await servicesOf('team-b')).not.toContain('revel_web');
  await servers
    .getByText(/^in step; .* pushed/)
    .last()
    .waitFor({ timeout: 60_000 });
  await app.screenshot('5-pushes');
  // The secret is in no argument of a process and in nothing that this app wrote or said.
  expect(app.log()).not.toContain(secret);
  const search = await tryRun('grep', [
    '-rlaF',
    '--devices=skip',
    secret,
    app.home,
    '/run/pyrometer',
    `${world.path}/logs`,
  ]);
  expect(search.stdout).toBe('');
  const processes = await tryRun('sh', ['-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
  expect(processes.stdout).toContain('pyrometer-agent');
  expect(processes.stdout).not.toContain(secret);
  await ui.button(`Remove ${second.url}, tenant team-a`).click();
  await servers.getByText(`${second.url}, tenant team-a`).waitFor({ state: 'detached' });
  await ui.button('Close').click();
  await second.dispose();
});

test('Stop agent stops it', async () => {
  await ui.button('Stop agent').first().click();
  await ui.targetState('web-1', /stopped/);
  await app.screenshot('6-stopped');
});

test('what was put on the server is listed and removed', async () => {
  await ui.button('More for web-1').click();
  await app.window.getByRole('menuitem', { name: /What is on it/ }).click();
  const there = app.window.getByRole('list', { name: 'What is there' });
  await there.getByText('/var/lib/pyrometer').waitFor({ timeout: 30_000 });
  await there.getByText(/pyrometer\/agent\/.*MB/).waitFor();
  // Down to each file and socket.
  await there.getByText('profiles.db', { exact: true }).waitFor();
  await there.getByText('agent.json', { exact: true }).waitFor();
  await app.screenshot('7-what-is-there');
  await ui.button('Remove all').click();
  await ui.targetState('web-1', /not installed/, 60_000);
  await there.waitFor({ state: 'hidden' });
  await ui.button('More for web-1').click();
  await app.window.getByRole('menuitem', { name: /What is on it/ }).click();
  await app.window.getByText('Nothing of Pyrometer is there.').waitFor({ timeout: 30_000 });
  await ui.button('Close').last().click();
});

test('a server whose host key changed is refused with both fingerprints', async () => {
  if (!/not connected/.test((await ui.target('web-1').getAttribute('aria-description')) ?? '')) {
    await ui.button('More for web-1').click();
    await app.window.getByRole('menuitem', { name: 'Disconnect' }).click();
    await ui.targetState('web-1', /not connected/);
  }
  const other = await startSshd({ worldPath: world.path, hostKey: 'second' });
  // A second try adds another one.
  const moved = `moved-${other.port}`;
  try {
    await add({ name: moved, user: 'pyro', port: other.port, key: world.keys.ed25519 });
    await ui.button('Connect').first().click();
    await acceptHostKey();
    await ui.targetState(moved, /not installed|stopped|ready|profiling/);
    await ui.button(`More for ${moved}`).click();
    await app.window.getByRole('menuitem', { name: 'Disconnect' }).click();
    await ui.targetState(moved, /not connected/);
  } finally {
    await other.dispose();
  }
  const changed = await startSshd({ worldPath: world.path, port: other.port });
  try {
    await ui.button('Connect').first().click();
    await ui.targetState(moved, /not connected/);
    const said = await waitFor(
      'the refusal',
      async () => {
        const text = await app.window.locator('body').innerText();
        return (text.match(/SHA256:\S+/g) ?? []).length >= 2 ? text : undefined;
      },
      { timeoutMs: 30_000 },
    );
    expect(said).toMatch(/another key than the one that is known/);
    await app.screenshot('7-changed-key');
  } finally {
    await changed.dispose();
  }
});

test.each([
  { name: 'wrong-key', user: 'pyro', key: 'unknown' as const, port: undefined, says: /key|permission|accept/i },
  { name: 'refused-port', user: 'pyro', key: 'ed25519' as const, port: 1, says: /refused|listen/i },
])('$name is said in a sentence, and the app stays usable', async ({ name, user, key, port, says }) => {
  await add({ name, user, key: world.keys[key], ...(port === undefined ? {} : { port }) });
  await ui.button('Connect').first().click();
  await ui.targetState(name, /not connected/);
  await waitFor(
    'the reason',
    async () => (says.test((await ui.target(name).getAttribute('title')) ?? '') ? true : undefined),
    { timeoutMs: 60_000 },
  );
  await app.screenshot(`8-${name}`);
});

test('without sudo the agent is refused with what to do', async () => {
  await add({ name: 'no-rights', user: 'nosudo', key: world.keys.ed25519 });
  await ui.button('Connect').first().click();
  await ui.targetState('no-rights', /not installed|stopped|ready|connected$/);
  await ui.button('Start agent').first().click();
  await ui.targetState('no-rights', /failed/);
  await expect.poll(() => ui.target('no-rights').getAttribute('title')).toMatch(/sudo/);
  await app.screenshot('9-no-sudo');
});

test('a password is asked for, and sudo asks for its own', async () => {
  await add({ name: 'with-password', user: 'pat' });
  await ui.button('Connect').first().click();
  await app.window
    .getByRole('dialog')
    .getByLabel(/password/i)
    .first()
    .fill(world.users.pat.password);
  await ui.button('Continue').click();
  await ui.targetState('with-password', /not installed|stopped|ready|connected$/);
  await ui.button('Start agent').first().click();
  await app.window
    .getByRole('dialog')
    .getByLabel(/password/i)
    .first()
    .fill(world.users.pat.password);
  await app.screenshot('10-sudo-password');
  await ui.button('Continue').click();
  await ui.targetState('with-password', /profiling/, 180_000);
  // What was run as root is on the receipt, and the password is not.
  await ui.button('More for with-password').click();
  await app.window.getByRole('menuitem', { name: /What was done on it/ }).click();
  const entries = app.window.getByRole('list', { name: 'Receipt' }).getByRole('listitem');
  const start = entries.filter({ hasText: 'runs the copy' }).first();
  await start.getByText('root', { exact: true }).waitFor();
  await start.locator('summary').click();
  await app.screenshot('11-receipt');
  const told = await entries.allTextContents();
  expect(told.join('\n')).toContain('sudo -- sh -c');
  expect(told.join('\n')).toContain('Sends the agent to');
  expect(told.join('\n')).not.toContain(world.users.pat.password);
  await ui.button('Copy as a script').click();
  await ui.button('Copied').waitFor();
  await ui.button('Close').last().click();
  await ui.button('Stop agent').first().click();
  await ui.targetState('with-password', /stopped/);
});
