import { mkdir, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as v from 'valibot';
import { TargetConfig } from '../../contract/target.js';
import { fail } from '../../contract/result.js';
import type { Address } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { otherEngines, placeName } from './other-engines.js';
import { startFakeEngine } from './testing/fake-engine.js';
import { ownHome } from './testing/own-home.js';

/** Engines of the machine that the tests run on are none of a test's. */
class OwnOnly extends LocalLink {
  override open(address: Address, signal?: AbortSignal): ReturnType<LocalLink['open']> {
    const own = address.kind === 'unix' && address.path.startsWith(home);
    return own ? super.open(address, signal) : Promise.resolve(fail('refused', 'Not in this test.'));
  }
}

const servers: Server[] = [];
let home = '';
let leave: () => Promise<void>;

async function engineAt(name: string, id: string, machine = { name: id, kernel: '6.6.0-linuxkit' }): Promise<string> {
  const path = join(home, name);
  servers.push(await startFakeEngine(path, { id, ...machine }));
  return path;
}

beforeEach(async () => {
  ({ home, leave } = await ownHome());
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await leave();
});

/** Contexts as Docker's own program writes them: the name of a folder is no name of the context. */
async function contexts(hosts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, host] of Object.entries(hosts)) {
    const folder = join(home, '.docker/contexts/meta', `id-of-${name}`);
    await mkdir(folder, { recursive: true });
    const endpoints = { docker: { Host: host, SkipTLSVerify: false } };
    await writeFile(join(folder, 'meta.json'), JSON.stringify({ Name: name, Metadata: {}, Endpoints: endpoints }));
  }
}

it.skipIf(process.platform === 'darwin')('finds engines in virtual machines, once each, and not its own', async () => {
  const colima = await engineAt('.colima/default/docker.sock', 'colima');
  const office = await engineAt('.colima/office/docker.sock', 'colima-office');
  await engineAt('.rd/docker.sock', 'own', { name: hostname(), kernel: release() });
  await mkdir(join(home, '.docker/run'), { recursive: true });
  await symlink(colima, join(home, '.docker/run/docker.sock'));
  await contexts({ 'colima-office': `unix://${office}`, far: 'ssh://ann@build-1', left: 'unix:///nowhere' });
  const engines = await otherEngines(new OwnOnly());
  // Colima may put a link to its own where Docker Desktop's socket was.
  expect(engines.map(({ name, address }) => [name, address])).toEqual([
    ['Docker: Colima', `unix://${join(home, '.docker/run/docker.sock')}`],
    ['Docker: colima-office', `unix://${office}`],
  ]);
  for (const engine of engines) expect(v.safeParse(TargetConfig, engine).success).toBe(true);
});

it('takes one on another machine when it is named, without speaking to it', async () => {
  vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.7:2375');
  const engines = await otherEngines(new OwnOnly());
  expect(engines.map(({ name, address }) => [name, address])).toEqual([
    ['Docker: 192.0.2.7:2375', 'tcp://192.0.2.7:2375'],
  ]);
  vi.stubEnv('DOCKER_HOST', 'ssh://ann@build-1');
  expect(await otherEngines(new OwnOnly())).toEqual([]);
});

it('takes contexts on other machines, those with certificates too, whichever is chosen', async () => {
  await contexts({ build: 'tcp://192.0.2.7:2375', secured: 'tcp://192.0.2.8:2376' });
  const certificates = join(home, '.docker/contexts/tls/id-of-secured/docker');
  await mkdir(certificates, { recursive: true });
  await writeFile(join(certificates, 'ca.pem'), '');
  await writeFile(join(home, '.docker/contexts/meta/strange'), 'no context');
  const engines = await otherEngines(new OwnOnly());
  expect(engines).toEqual([
    expect.objectContaining({ name: 'Docker: build', address: 'tcp://192.0.2.7:2375' }),
    expect.objectContaining({ name: 'Docker: secured', address: 'tcp://192.0.2.8:2376', certificates }),
  ]);
  expect(engines[0]).not.toHaveProperty('certificates');
  for (const engine of engines) expect(v.safeParse(TargetConfig, engine).success).toBe(true);

  vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.9:2376');
  vi.stubEnv('DOCKER_TLS_VERIFY', '1');
  vi.stubEnv('DOCKER_CERT_PATH', '/home/ann/certificates');
  expect((await otherEngines(new OwnOnly()))[0]).toMatchObject({
    name: 'Docker: 192.0.2.9:2376',
    certificates: '/home/ann/certificates',
  });
});

it.each([
  ['/home/ann/.colima/default/docker.sock', 'Colima'],
  ['/home/ann/.config/colima/office/docker.sock', 'Colima office'],
  ['/Users/ann/.orbstack/run/docker.sock', 'OrbStack'],
  ['/Users/ann/.docker/run/docker.sock', 'Docker Desktop'],
  ['/run/user/1000/podman/podman.sock', 'Podman'],
  ['/var/run/docker.sock', '/var/run/docker.sock'],
])('calls %s %s', (path, name) => {
  expect(placeName({ kind: 'unix', path })).toBe(name);
});
