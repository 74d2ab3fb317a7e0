import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Profile } from 'pprof-format';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import {
  defaultPySpyOptions,
  gilProfileType,
  threadUnits,
  wallProfileType,
  type PySpyOptions,
} from '../../src/contract/pyspy';
import { fail, type Result } from '../../src/contract/result';
import { cpuProfileType } from '../../src/contract/selection';
import { lookAt } from '../../src/engine/deploy/facts';
import { RootAccess } from '../../src/engine/deploy/root/root-access';
import { LocalLink } from '../../src/engine/link/local-link';
import { silentPrompter } from '../../src/engine/link/prompter';
import { PySpyLife } from '../../src/engine/pyspy/pyspy-life';
import { repositoryFolder } from './support/places';
import { mixedThreads } from './support/mixed-threads';
import { waitFor } from './support/wait';

// What each switch of a recording comes to, by real py-spy on a process of this machine, up to the profiles that are asked for.

const world = inject('world');
const folder = join(world.path, 'tmp', 'pyspy-options');
const service = 'switches.py';
const script = join(folder, service);
const running: ChildProcess[] = [];
const lives: PySpyLife[] = [];

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** A recording that has begun, and when its windows ended. */
async function record(options: Partial<PySpyOptions>): Promise<{ readonly life: PySpyLife; readonly ends: number[] }> {
  running.push(spawn('/usr/bin/python3', [script], { cwd: '/', stdio: 'ignore' }));
  const link = new LocalLink();
  const facts = { ...value(await lookAt(link)), cacheFolder: folder };
  const ends: number[] = [];
  const life = new PySpyLife({
    targetId: 'options',
    owner: 'options',
    targetName: () => 'this computer',
    link: () => link,
    prompter: silentPrompter,
    root: new RootAccess({ resourcesDir: join(repositoryFolder, 'resources') }),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowsDir: undefined,
    pyroscope: { pushedTo: () => undefined, client: () => fail('not-found', 'none'), onPush: () => undefined },
    onChange: () => undefined,
    onWindow: (endMs) => ends.push(endMs),
  });
  lives.push(life);
  await life.choose(facts, fail('unsupported', 'py-spy is what is tested.').failure);
  await waitFor(
    'the program',
    async () =>
      value(await life.services({ startMs: 0, endMs: Date.now() })).some(({ name }) => name === service) || undefined,
    { timeoutMs: 30_000, everyMs: 500 },
  );
  value(await life.start({ service, options: { ...defaultPySpyOptions, ...options } }));
  return { life, ends };
}

const everything = (profileType: string) => ({ profileType, selector: '{}', startMs: 0, endMs: Date.now() + 60_000 });

/** Nanoseconds below each function. */
async function below(life: PySpyLife, profileType: string): Promise<ReadonlyMap<string, number>> {
  const profile = Profile.decode(value(await life.fetch(everything(profileType))));
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? '';
  const names = new Map(profile.function.map(({ id, name }) => [Number(id), text(name)]));
  const locations = new Map(
    profile.location.map(({ id, line }) => [Number(id), line.map((each) => names.get(Number(each.functionId)) ?? '')]),
  );
  const sums = new Map<string, number>();
  for (const { locationId, value: values } of profile.sample) {
    for (const name of new Set(locationId.flatMap((id) => locations.get(Number(id)) ?? []))) {
      sums.set(name, (sums.get(name) ?? 0) + Number(values[0]));
    }
  }
  return sums;
}

async function typesOf(life: PySpyLife): Promise<readonly string[]> {
  return life.profileTypes({ startMs: 0, endMs: Date.now() + 60_000 });
}

beforeAll(() => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(script, mixedThreads);
});

afterEach(async () => {
  for (const life of lives.splice(0)) {
    await life.stop();
    life.dispose();
  }
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

test('the interpreter lock is a profile type of its own beside the time that passes, waiting threads too', async () => {
  const { life } = await record({ gil: true, idle: true, nonblocking: true });
  await waitFor(
    'a slice of the lock',
    async () => ((await typesOf(life)).includes(gilProfileType) ? true : undefined),
    { timeoutMs: 60_000, everyMs: 500 },
  );
  value(await life.stop());
  expect(await typesOf(life)).toEqual([gilProfileType, wallProfileType].sort());
  const [wall, gil] = [await below(life, wallProfileType), await below(life, gilProfileType)];
  expect([...wall.keys()]).toEqual(expect.arrayContaining(['hold_the_lock', 'hash_without_lock', 'wait_for_long']));
  expect(gil.get('hold_the_lock') ?? 0).toBeGreaterThan(10 * ((gil.get('hash_without_lock') ?? 0) + 1));
  const course = value(await life.timeline(everything(gilProfileType), 60_000));
  expect(course.unit).toBe(threadUnits.gil);
});

test('ten seconds of each minute are recorded, and no more', { timeout: 180_000 }, async () => {
  const { life, ends } = await record({ pace: 'sparse' });
  await waitFor('a second window', () => (ends.length > 1 ? true : undefined), { timeoutMs: 120_000, everyMs: 500 });
  value(await life.stop());
  const [first = 0, second = 0] = ends;
  expect(second - first).toBeGreaterThan(45_000);
  const windows = value(await life.windows(everything(cpuProfileType), () => undefined));
  expect(windows.windows).toBe(2);
  // Of one thread that is always busy, at most what two slices last.
  expect((await below(life, cpuProfileType)).get('hold_the_lock') ?? 0).toBeLessThan(25e9);
});

test('a recording for some seconds ends by itself', async () => {
  const { life } = await record({ forSeconds: 5 });
  await waitFor('its end', () => (life.state.state === 'stopped' ? true : undefined), { timeoutMs: 60_000 });
  const busy = (await below(life, cpuProfileType)).get('hold_the_lock') ?? 0;
  expect(busy).toBeGreaterThan(1e9);
  expect(busy).toBeLessThan(7e9);
});

test.skipIf(process.arch !== 'x64')('native frames stand between those of Python', async () => {
  const { life, ends } = await record({ native: true });
  await waitFor('a window', () => (ends.length > 0 ? true : undefined), { timeoutMs: 60_000 });
  value(await life.stop());
  const names = [...(await below(life, cpuProfileType)).keys()];
  expect(names).toContain('hold_the_lock');
  const known = ['hold_the_lock', 'hash_without_lock', 'wait_for_long', '<module>', 'run', '_bootstrap'];
  expect(names.filter((name) => !known.includes(name) && !name.startsWith('_bootstrap')).length).toBeGreaterThan(0);
});
