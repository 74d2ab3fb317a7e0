import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fail } from '../../contract/result.js';
import type { Address } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import { dockerPlaces, findDocker, parseHost } from './find-docker.js';
import { ownHome } from './testing/own-home.js';
import { programOfTar, tarOfFolder, tarOfProgram } from './tar.js';

/** A machine of which only what lies in a user's own folder answers: the engine of this one, if it has any, is none of a test's. */
class OwnOnly extends LocalLink {
  override open(address: Address, signal?: AbortSignal): ReturnType<LocalLink['open']> {
    const own = address.kind === 'unix' ? address.path.startsWith(home) : address.port === ownPort;
    return own ? super.open(address, signal) : Promise.resolve(fail('refused', 'Not in this test.'));
  }
}

const link = new OwnOnly();
const servers: Server[] = [];
let home = '';
let leave: () => Promise<void>;
let ownPort = 0;

async function listenAt(name: string): Promise<string> {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  const server = createServer().listen(path);
  servers.push(server);
  await once(server, 'listening');
  return path;
}

/** What an engine leaves that was ended from outside. */
function leftAt(path: string): void {
  execFileSync('python3', ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', path]);
}

/** A program that answers as one does whose word is taken. */
async function program(name: string, body: string): Promise<void> {
  const path = join(home, 'bin', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

beforeEach(async () => {
  ({ home, leave } = await ownHome());
  await program('docker', 'exit 1'); // where the tests run there may be one, with a context of its own
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await leave();
});

it.each([
  ['Docker Desktop on a Mac', '.docker/run/docker.sock'],
  ['Docker Desktop on Linux', '.docker/desktop/docker.sock'],
  ['Colima', '.colima/default/docker.sock'],
  ['Colima in the folder of settings', '.config/colima/default/docker.sock'],
  ['another profile of Colima', '.colima/office/docker.sock'],
  ['OrbStack', '.orbstack/run/docker.sock'],
  ['Rancher Desktop', '.rd/docker.sock'],
  ['Lima', '.lima/docker/sock/docker.sock'],
  ['Docker without root', 'runs/docker.sock'],
  ['Podman without root', 'runs/podman/podman.sock'],
  ['the machine of Podman', '.local/share/containers/podman/machine/podman.sock'],
  ['another machine of Podman', '.local/share/containers/podman/machine/qemu/podman.sock'],
])('%s is found by itself', async (_, name) => {
  const path = await listenAt(name);
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });
});

it('asks the machine of Podman on a Mac where it listens', async () => {
  const path = await listenAt('T/podman/podman-machine-default-api.sock');
  await program('uname', 'echo Darwin');
  await program('podman', `[ "$1 $2" = 'machine inspect' ] && echo '${path}'`);
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });
});

it('takes what DOCKER_HOST names before the usual ones, also where nobody else has it', async () => {
  await listenAt('.colima/default/docker.sock');
  const path = await listenAt('own one.sock');
  vi.stubEnv('DOCKER_HOST', `unix://${path}`);
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });
  const server = createServer().listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  ownPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${ownPort}`);
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'tcp', host: '127.0.0.1', port: ownPort } });
});

it('takes the chosen context, as its program says or, without that, as its files do', async () => {
  await listenAt('.docker/run/docker.sock');
  const path = await listenAt('chosen.sock');
  await program('docker', `[ "$1 $2" = 'context inspect' ] && echo 'unix://${path}'`);
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });

  await program('docker', 'exit 127');
  for (const [name, host] of [
    ['others', 'unix:///nowhere'],
    ['mine', `unix://${path}`],
  ]) {
    await mkdir(join(home, '.docker/contexts/meta', `${name}0`), { recursive: true });
    const endpoints = { docker: { Host: host, SkipTLSVerify: false } };
    const meta = JSON.stringify({ Name: name, Metadata: {}, Endpoints: endpoints });
    await writeFile(join(home, '.docker/contexts/meta', `${name}0`, 'meta.json'), meta);
  }
  await writeFile(join(home, '.docker/config.json'), '{\n\t"auths": {},\n\t"currentContext": "mine"\n}');
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });
});

it('passes over a socket that an engine left behind', async () => {
  await mkdir(join(home, '.docker/run'), { recursive: true });
  const left = join(home, '.docker/run/docker.sock');
  leftAt(left);
  const path = await listenAt('.colima/default/docker.sock');
  vi.stubEnv('DOCKER_HOST', `unix://${left}`);
  const places = await dockerPlaces(link);
  expect(places.ok && places.value.sockets).toEqual(expect.arrayContaining([left, path]));
  expect(await findDocker(link)).toEqual({ ok: true, value: { kind: 'unix', path } });
});

it('says where Docker is set to when it cannot be had there', async () => {
  vi.stubEnv('DOCKER_HOST', 'ssh://ann@build-1');
  expect(await findDocker(link)).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  vi.stubEnv('DOCKER_HOST', `unix://${join(home, 'none.sock')}`);
  const gone = await findDocker(link);
  expect(gone).toMatchObject({ ok: false, failure: { code: 'not-found' } });
  if (!gone.ok) expect(gone.failure.message).toContain('none.sock, where nothing answers: start it');
  vi.stubEnv('DOCKER_HOST', 'tcp://build-1:2376');
  vi.stubEnv('DOCKER_TLS_VERIFY', '1');
  expect(await findDocker(link)).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
});

it.each([
  ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
  ['tcp://10.0.0.1:2375', { kind: 'tcp', host: '10.0.0.1', port: 2375 }],
  ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }],
  ['ssh://me@host', undefined],
  ['npipe:////./pipe/docker', undefined],
])('%s', (host, address) => {
  expect(parseHost(host)).toEqual(address);
});

it('packs a program as tar reads it', () => {
  const archive = tarOfProgram('a-program', Buffer.from('x'.repeat(700)));
  expect(archive.length % 512).toBe(0);
  const listed = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' });
  expect(listed).toMatch(/^-rwxr-xr-x (?:root\/root|0\/0) +700 .* a-program\n$/);
  expect(execFileSync('tar', ['-xOf', '-'], { input: archive, encoding: 'utf8' })).toBe('x'.repeat(700));
  expect(programOfTar(archive).toString()).toBe('x'.repeat(700));
  const folder = tarOfFolder('ours', [{ name: 'one', content: Buffer.from('1') }], { uid: 1000, gid: 100 });
  const inFolder = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: folder, encoding: 'utf8' });
  expect(inFolder).toMatch(/^drwxr-xr-x 1000\/100 +0 .* ours\/\n-rwxr-xr-x 1000\/100 +1 .* ours\/one\n$/);
  // As long as the names of wheels are, which with their folder are longer than the field of a name.
  const long = { name: `${'m'.repeat(96)}.whl`, content: Buffer.from('1') };
  const listing = execFileSync('tar', ['-tf', '-'], {
    input: tarOfFolder('pyrometer-memray-0123456789ab', [long], { uid: 0, gid: 0 }),
    encoding: 'utf8',
  });
  expect(listing).toBe(`pyrometer-memray-0123456789ab/\npyrometer-memray-0123456789ab/${long.name}\n`);
  expect(() => tarOfProgram('p'.repeat(101), Buffer.alloc(0))).toThrow('too long');
});
