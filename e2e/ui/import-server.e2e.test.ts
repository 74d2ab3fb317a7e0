import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { pictureFailures } from './picture-failures';
import { startSshd, type Sshd } from '../world/sshd';
import { drive, type Driver } from './driver';

const world = inject('world');
let app: App;
let ui: Driver;
/** On the way to the world's own server. */
let door: Sshd;

beforeAll(async () => {
  door = await startSshd({ worldPath: world.path, hostKey: 'second' });
  app = await launchApp({ world, name: 'import-server' });
  ui = drive(app.window);
});

pictureFailures(() => app);

afterAll(async () => {
  await app.dispose();
  await door.dispose();
});

/** Accepts the key of the server that is named in the question. */
async function acceptKeyOf(port: number): Promise<void> {
  await app.window.getByRole('dialog').getByText(`[127.0.0.1]:${port}`).first().waitFor({ timeout: 30_000 });
  await app.window.getByLabel('I trust this key').check();
  await ui.button('Accept key').click();
}

test('a server behind another is imported from the SSH configuration and connected to', async () => {
  const folder = join(app.home, '.ssh');
  const file = join(folder, 'config');
  const ran = join(app.home, 'match-exec-ran');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const login = ` HostName 127.0.0.1\n User pyro\n IdentityFile ${world.keys.ed25519}`;
  writeFileSync(
    file,
    [
      `Match exec "touch ${ran}"\n Compression no`,
      `Host shop\n${login}\n Port ${world.sshd.port}\n ProxyJump door`,
      `Host door\n${login}\n Port ${door.port}`,
      'Host *.internal $(id)\n User nobody',
    ].join('\n'),
    { mode: 0o600 },
  );
  for (const path of [folder, file]) chownSync(path, world.users.desk.uid, world.users.desk.gid);

  await ui.button('Add server').first().click();
  await app.window.getByRole('button', { name: /^Import from your SSH configuration/ }).click();
  const hosts = app.window.getByRole('radiogroup', { name: 'Hosts' }).getByRole('radio');
  await hosts.first().waitFor();
  expect(await hosts.allTextContents()).toEqual(['shop', 'door']);
  await app.window.getByText('1 name was left out').waitFor();
  expect(existsSync(ran)).toBe(false);
  await app.screenshot('1-hosts');
  await hosts.first().click();
  await ui.button('Read its settings').click();

  const form = app.window.getByRole('dialog', { name: 'Add server' });
  await form.getByText('Server 1 on the way').waitFor();
  expect(existsSync(ran)).toBe(true);
  expect(await form.getByLabel('Host', { exact: true }).inputValue()).toBe('127.0.0.1');
  expect(await form.getByLabel('Address of server 1').inputValue()).toBe(`pyro@127.0.0.1:${door.port}`);
  await form.getByLabel('Group').fill('Shop');
  await form.getByRole('radio', { name: 'blue' }).click();
  await app.screenshot('2-settings');
  await ui.button('Save').last().click();
  await form.waitFor({ state: 'detached' });

  await ui.target('shop').click();
  await ui.button('Connect').first().click();
  await acceptKeyOf(door.port);
  await acceptKeyOf(world.sshd.port);
  await ui.targetState('shop', /not installed|stopped|ready/);
  await app.window.getByRole('list', { name: 'Targets' }).getByText('Shop', { exact: true }).waitFor();
  await app.screenshot('3-connected');
});

test('a server is duplicated, edited and removed', async () => {
  await ui.button('More for shop').click();
  await app.window.getByRole('menuitem', { name: /Duplicate/ }).click();
  const form = app.window.getByRole('dialog');
  expect(await form.getByLabel('Name', { exact: true }).inputValue()).toBe('shop copy');
  await form.getByLabel('Address of server 1').fill('no user');
  await ui.button('Save').last().click();
  await form.getByText('Write user@host or user@host:port.').waitFor();
  await form.getByRole('button', { name: 'Remove server 1 on the way' }).click();
  await form.getByLabel('Name', { exact: true }).fill('shop direct');
  await ui.button('Save').last().click();
  await ui.target('shop direct').click();
  await ui.button('Connect').first().click();
  // Known since it was reached through the other server.
  await ui.targetState('shop direct', /not installed|stopped|ready/);

  await ui.button('More for shop direct').click();
  await app.window.getByRole('menuitem', { name: /Edit/ }).click();
  await form.getByLabel('Group').fill('');
  await form.getByLabel('Name', { exact: true }).fill('direct');
  await ui.button('Save').last().click();
  await ui.target('direct').waitFor();
  await ui.targetState('direct', /not installed|stopped|ready/);

  await ui.button('More for direct').click();
  await app.window.getByRole('menuitem', { name: /Remove/ }).click();
  await ui.button('Remove').last().click();
  await ui.target('direct').waitFor({ state: 'detached' });
  expect(await ui.target('shop').count()).toBe(1);
});
