import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { waitFor } from '../world/support/wait';
import { startSshd, type Sshd } from '../world/sshd';
import { drive, type Driver } from './driver';
import { killHelper } from './killing';

// A server that Electron's cryptography cannot talk to.

const world = inject('world');
let app: App;
let ui: Driver;
let modern: Sshd;
/** The same, and asks for the password in its own words. */
let asking: Sshd;

beforeAll(async () => {
  const ciphers = 'Ciphers chacha20-poly1305@openssh.com';
  modern = await startSshd({ worldPath: world.path, config: [ciphers] });
  asking = await startSshd({ worldPath: world.path, config: [ciphers, 'PasswordAuthentication no'] });
  app = await launchApp({ world, name: 'system-ssh' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await modern.dispose();
  await asking.dispose();
});

const why = /^Connected by the system's ssh: 127\.0\.0\.1 offers only ciphers that the built-in SSH does not have\.$/;

/** The status bar's word for the link, and its explanation. */
async function saysWhy(): Promise<void> {
  const link = app.window.getByRole('contentinfo', { name: 'Status' }).locator('[data-key="link"]');
  await expect.poll(() => link.innerText()).toContain('by the system’s ssh');
  await expect.poll(() => link.getAttribute('title')).toMatch(why);
}

/** Processes of ssh that hold a connection of the app's. */
function masters(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return /^ssh\0-F\0.*pyrometer-ssh-/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
}

const folders = (): readonly string[] =>
  [join(app.home, 'tmp'), '/tmp'].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.startsWith('pyrometer-ssh-')),
  );

test('a server that offers only chacha20 is connected by the system’s ssh, and the window says why', async () => {
  await ui.button('Add server').first().click();
  const form = app.window.getByRole('dialog');
  await form.getByLabel('Host', { exact: true }).fill(modern.host);
  await form.getByLabel('Port', { exact: true }).fill(String(modern.port));
  await form.getByLabel('User', { exact: true }).fill('pyro');
  await form.getByLabel('Name', { exact: true }).fill('modern');
  await form.getByRole('radio', { name: 'Password' }).click();
  await ui.button('Save').last().click();
  await ui.target('modern').click();
  await ui.button('Connect').first().click();

  const question = app.window.getByRole('dialog');
  await question.getByText(`[127.0.0.1]:${modern.port}`).first().waitFor({ timeout: 30_000 });
  await question.getByText(/SHA256:/).waitFor();
  await app.screenshot('1-host-key');
  await app.window.getByLabel('I trust this key').check();
  await ui.button('Accept key').click();
  await app.window.getByText('Password of pyro on 127.0.0.1').waitFor({ timeout: 30_000 });
  await app.window.getByLabel('Password', { exact: true }).fill(world.users.pyro.password);
  await app.screenshot('2-password');
  await app.window.keyboard.press('Enter');
  await ui.targetState('modern', /not installed|stopped/);
  await app.window.getByText(why).waitFor();
  await saysWhy();
  await app.screenshot('3-connected');
});

test('what a server asks itself is asked in the window', async () => {
  await ui.button('Add server').first().click();
  const form = app.window.getByRole('dialog', { name: 'Add server' });
  await form.getByLabel('Host', { exact: true }).fill(asking.host);
  await form.getByLabel('Port', { exact: true }).fill(String(asking.port));
  await form.getByLabel('User', { exact: true }).fill('pyro');
  await form.getByRole('radio', { name: 'Password' }).click();
  await ui.button('Test connection').click();
  await app.window.getByLabel('I trust this key').check({ timeout: 30_000 });
  await ui.button('Accept key').click();
  const question = app.window.getByRole('dialog', { name: '127.0.0.1 asks' });
  await question.getByLabel(/Password/).fill(world.users.pyro.password, { timeout: 30_000 });
  await app.screenshot('4-asked');
  await app.window.keyboard.press('Enter');
  await form.getByText('Connected').waitFor({ timeout: 30_000 });
  await ui.button('Cancel').last().click();
});

test('an agent is started over it, and its graph is drawn', async () => {
  await ui.button('Start agent').first().click();
  await ui.targetState('modern', /profiling/, 180_000);
  await ui.service('revel_web').click({ timeout: 120_000 });
  await ui.graph();
  await app.screenshot('5-profiling');
  await ui.button('Stop agent').first().click();
  await ui.targetState('modern', /stopped/, 60_000);
});

test('its ssh ends with the process that it belongs to', async () => {
  await expect.poll(masters).toHaveLength(1);
  const [before] = masters();
  await killHelper(app, 'links');
  await waitFor('the old ssh to end', () => Promise.resolve(masters().includes(before ?? 0) ? undefined : true), {
    timeoutMs: 30_000,
  });
  // Another process connects anew, and so asks for the password again.
  await app.window.getByLabel('Password', { exact: true }).fill(world.users.pyro.password, { timeout: 60_000 });
  await app.window.keyboard.press('Enter');
  await ui.targetState('modern', /not installed|stopped/);
  await saysWhy();
  await ui.button('More for modern').click();
  await app.window.getByRole('menuitem', { name: 'Disconnect' }).click();
  await waitFor(
    'nothing of ssh to be left',
    () => Promise.resolve(masters().length + folders().length === 0 || undefined),
    { timeoutMs: 30_000 },
  );
});
