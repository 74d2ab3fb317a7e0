import type { Server } from 'node:http';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Result } from '../contract/result.js';
import { startFakeEngine } from '../engine/docker/testing/fake-engine.js';
import { ownHome } from '../engine/docker/testing/own-home.js';
import { TargetsStore } from '../engine/link/targets-store.js';
import { Prompts } from './prompts.js';
import { Resume } from './resume.js';
import { Targets } from './targets.js';

// Docker engines in virtual machines beside this computer: they come and go, and can be hidden.

const colima = 'Docker: Colima';
const servers: Server[] = [];
let home = '';
let leave: () => Promise<void>;
let targets: Targets;
let resume: Resume;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** Starts the engine of Colima. */
async function start(): Promise<Server> {
  const engine = { id: 'colima', name: 'colima', kernel: '6.6.0', containers: ['revel_web'] };
  const server = await startFakeEngine(join(home, '.colima/default/docker.sock'), engine);
  servers.push(server);
  return server;
}

/** The links process of an app that is started with what the one before saved. */
async function startApp(): Promise<void> {
  const store = value(await TargetsStore.open(join(home, 'targets.json'), () => undefined));
  resume = new Resume(join(home, 'links-resume.json'), join(home, 'spool'));
  targets = new Targets({
    store,
    prompts: new Prompts(() => undefined),
    emit: () => undefined,
    onWindow: () => undefined,
    resume,
    dataDir: home,
    resourcesDir: join(home, 'resources'),
    localTarget: true,
  });
}

async function endApp(): Promise<void> {
  targets.dispose();
  await resume.flush();
}

/** The state of the link to Colima; undefined: it is not in the list. */
function link(): string | undefined {
  return targets.list().find(({ config }) => config.name === colima)?.link.state;
}

function id(): string {
  return targets.list().find(({ config }) => config.name === colima)?.config.id ?? '';
}

beforeEach(async () => {
  ({ home, leave } = await ownHome());
  await startApp();
});

afterEach(async () => {
  await endApp();
  for (const server of servers.splice(0)) server.close();
  await leave();
});

it.skipIf(process.platform === 'darwin')(
  'takes an engine that starts after the app, and one that comes back',
  async () => {
    value(await targets.findEngines(false));
    expect(link()).toBeUndefined();
    const server = await start();
    // Two windows that are looked at at once ask both.
    for (const found of await Promise.all([targets.findEngines(false), targets.findEngines(false)])) value(found);
    expect(link()).toBe('connected');
    expect(targets.list().filter(({ config }) => config.name === colima)).toHaveLength(1);

    server.close();
    await rm(join(home, '.colima'), { recursive: true });
    const session = value(targets.find(id()));
    expect((await session.connect()).ok).toBe(false);
    value(await targets.findEngines(false));
    expect(link()).toBe('failed');
    await start();
    value(await targets.findEngines(false));
    expect(link()).toBe('connected');
  },
);

it.skipIf(process.platform === 'darwin')(
  'hides an engine until hidden ones are asked for, with what was set',
  async () => {
    await start();
    value(await targets.findEngines(false));
    value(await targets.remove(id()));
    value(await targets.findEngines(false));
    expect(link()).toBeUndefined();
    await endApp();
    await startApp();
    expect(link()).toBeUndefined();
    value(await targets.findEngines(false));
    expect(link()).toBeUndefined();
    value(await targets.findEngines(true));
    expect(link()).toBe('connected');

    const pyroscope = { url: 'http://127.0.0.1:1', reach: 'direct', push: false } as const;
    value(await targets.change(id(), (config) => ({ ok: true, value: { ...config, pyroscope } })));
    value(await targets.remove(id()));
    expect(link()).toBeUndefined();
    value(await targets.findEngines(true));
    expect(targets.list().find(({ config }) => config.name === colima)?.config).toMatchObject({ pyroscope });
    expect(targets.list().find(({ config }) => config.name === colima)?.config).not.toHaveProperty('hidden');
  },
);
