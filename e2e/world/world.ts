import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDisplay } from './display';
import { startDocker } from './docker/daemon';
import { startDemo, type Demo } from './docker/demo';
import { demoBase, importDemoImage } from './docker/image';
import { startLoad } from './docker/load';
import { pyroscopeBinary, startPyroscope } from './pyroscope';
import { buildReplay } from './replay';
import { worldVariable } from './root/guardian';
import { ancestorsOf, describe, endProcessesOf } from './root/processes';
import { createKeys, createUsers, type ClientKeys, type WorldUsers } from './root/users';
import { createHostKeys, startSshd } from './sshd';

/** Where everything is. Plain data: it is handed to test files and written to `world.json`. */
export interface WorldAddresses {
  /** The folder of the world, at the same path inside and outside. */
  readonly path: string;
  readonly users: WorldUsers;
  readonly keys: ClientKeys;
  readonly sshd: { readonly host: string; readonly port: number; readonly hostPublicKey: string };
  readonly dockerSocket: string;
  readonly demo: Demo;
  readonly pyroscopeUrl: string;
  readonly pyroscopeBinary: string;
  /** The value of DISPLAY. */
  readonly display: string;
}

/** A world that is up. */
export interface World {
  readonly addresses: WorldAddresses;
  /** Takes it down; what tests left running inside is ended too, and named. */
  dispose(): Promise<void>;
}

/** How to bring a world up. */
export interface WorldOptions {
  readonly say: (line: string) => void;
  /** Requests a second to the demo shop; 0 for none. */
  readonly load?: number;
  /** The load ends then at the latest. */
  readonly loadForMs?: number;
}

interface Owned {
  readonly what: string;
  readonly dispose: () => Promise<void> | void;
}

/** Makes what worlds are made of: the demo's base image, Pyroscope and the replay of stores. Needs the network once. */
export async function prepareWorld(say: (line: string) => void): Promise<void> {
  await Promise.all([demoBase(say), pyroscopeBinary(say).then(buildReplay)]);
}

/**
 * Brings everything up, side by side: users and sshd, dockerd with the demo shop under load, Pyroscope, an X display.
 * Runs inside a world (see guardian.ts). When one part fails, the others are taken down again before this throws.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const path = process.env[worldVariable];
  if (path === undefined) throw new Error('not inside a world: use `node e2e/world/up.mjs` or `npm test`');
  const owned: Owned[] = [];
  const own = <T extends Pick<Owned, 'dispose'>>(what: string, part: T): T => {
    owned.push({ what, dispose: () => part.dispose() });
    return part;
  };
  const dispose = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const part of owned.splice(0).reverse()) {
      const began = performance.now();
      try {
        await part.dispose();
      } catch (error) {
        errors.push(error);
      }
      const seconds = (performance.now() - began) / 1000;
      if (seconds > 2) options.say(`world: ${part.what} took ${seconds.toFixed(1)} s to end`);
    }
    // An agent that a test started, an app that hung: whatever is left in here.
    const ended = await endProcessesOf(path.slice(path.lastIndexOf('/') + 1), { spared: ancestorsOf(process.pid) });
    for (const one of ended) options.say(`world: ended ${describe(one)}`);
    if (errors.length > 0) throw new AggregateError(errors, 'the world did not go down cleanly');
  };
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
    try {
      const result = await work();
      options.say(`world: ${what} (${seconds()})`);
      return result;
    } catch (error) {
      options.say(`world: ${what} FAILED (${seconds()}): ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  };

  const parts = await Promise.allSettled([
    timed('users and sshd', async () => {
      const users = await createUsers(path);
      const keys = await createKeys(path, users);
      await createHostKeys(path);
      return { users, keys, sshd: own('sshd', await startSshd({ worldPath: path })) };
    }),
    timed('dockerd and the demo shop', async () => {
      const docker = own('dockerd', await startDocker(path));
      await importDemoImage(docker.api, await demoBase(options.say), path);
      const demo = await startDemo(docker.api);
      if ((options.load ?? 0) > 0) {
        own(
          'load',
          startLoad({ webUrl: demo.webUrl, perSecond: options.load ?? 0, forMs: options.loadForMs ?? 60 * 60_000 }),
        );
      }
      return { demo, dockerSocket: docker.socketPath };
    }),
    timed('Pyroscope', async () => {
      const binary = await pyroscopeBinary(options.say);
      return { binary, server: own('Pyroscope', await startPyroscope(binary, path)) };
    }),
    timed('X display', async () => own('X display', await startDisplay(path))),
  ]);
  const failures = parts.flatMap((part) => (part.status === 'rejected' ? [part.reason as unknown] : []));
  const [ssh, docker, pyroscope, display] = parts;
  if (
    ssh.status === 'rejected' ||
    docker.status === 'rejected' ||
    pyroscope.status === 'rejected' ||
    display.status === 'rejected'
  ) {
    await dispose();
    throw new AggregateError(failures, 'the world did not come up: see above');
  }
  const { host, port, hostPublicKey } = ssh.value.sshd;
  const addresses: WorldAddresses = {
    path,
    users: ssh.value.users,
    keys: ssh.value.keys,
    sshd: { host, port, hostPublicKey },
    ...docker.value,
    pyroscopeUrl: pyroscope.value.server.url,
    pyroscopeBinary: pyroscope.value.binary,
    display: display.value.name,
  };
  const file = join(path, 'world.json');
  writeFileSync(file, `${JSON.stringify(addresses, undefined, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return { addresses, dispose };
}
