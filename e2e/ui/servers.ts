import { appendFileSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app';
import type { WorldAddresses } from '../world/world';
import type { Driver } from './driver';

/** Somewhere to log in by the world's ed25519 key. */
export interface Server {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly hostPublicKey: string;
  readonly user: string;
}

/**
 * Adds a server in the window and chooses it. Its host key is known from the user's own known_hosts. One that a first try of the test
 * has added is chosen.
 */
export async function addServer(app: App, ui: Driver, world: WorldAddresses, server: Server): Promise<void> {
  if ((await ui.target(server.name).count()) > 0) {
    await ui.target(server.name).click();
    return;
  }
  const folder = join(app.home, '.ssh');
  const file = join(folder, 'known_hosts');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  appendFileSync(file, `[${server.host}]:${server.port} ${server.hostPublicKey}\n`, { mode: 0o600 });
  for (const path of [folder, file]) chownSync(path, world.users.desk.uid, world.users.desk.gid);
  await ui.button('Add server').first().click();
  await app.window.getByLabel('Host').fill(server.host);
  await app.window.getByLabel('Port').fill(String(server.port));
  await app.window.getByLabel('User').fill(server.user);
  await app.window.getByLabel('Name', { exact: true }).fill(server.name);
  await app.window.getByRole('radio', { name: /Key/ }).click();
  await app.window.getByLabel('Private key').fill(world.keys.ed25519);
  await ui.button('Save').last().click();
  await ui.target(server.name).click();
}

/** The same, and connects to it. */
export async function addAndConnect(app: App, ui: Driver, world: WorldAddresses, server: Server): Promise<void> {
  await addServer(app, ui, world, server);
  await ui.button('Connect').first().click();
  await ui.targetState(server.name, /not installed|stopped|profiling/);
}
