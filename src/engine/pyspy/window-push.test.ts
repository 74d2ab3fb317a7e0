import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fail, ok, type Result } from '../../contract/result.js';
import type { PyroscopeConfig } from '../../contract/target.js';
import type { Pushed, PusherClient } from '../pyroscope/pusher-client.js';
import { inventedWindow } from './testing/windows.js';
import { WindowPush } from './window-push.js';
import { WindowStore } from './window-store.js';

const server: PyroscopeConfig = { url: 'http://pyroscope:4040/', reach: 'direct', push: true };
const nowMs = 1_800_000_000_000;
let folder = '';
let store: WindowStore;
let answer: Result<null>;
let got: Pushed[];
const pushes: WindowPush[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ now: nowMs, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-push-'));
  store = new WindowStore(folder);
  answer = ok(null);
  got = [];
});
afterEach(async () => {
  for (const push of pushes.splice(0)) push.dispose();
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** As at a start of the app. */
function start(wanted = server): WindowPush {
  const push = (pushed: Pushed): Promise<Result<null>> => {
    if (answer.ok) got.push(pushed);
    return Promise.resolve(answer);
  };
  const client = ok({ push } as unknown as PusherClient);
  const it = new WindowPush({ store, folder, wanted: () => wanted, client: () => client, onChange: () => undefined });
  pushes.push(it);
  return it;
}

async function pushed(push: WindowPush): Promise<unknown> {
  push.wake();
  await vi.waitFor(() => {
    expect(push).toMatchObject({ pushing: false });
  });
  const [state] = push.states;
  return [state?.windowsPushed, state?.windowsWaiting, state?.windowsTooOld, state?.windowsRefused, state?.error];
}

const add = async (startMs: number, service = 'web'): Promise<void> => {
  expect(await store.add(inventedWindow(startMs, service))).toMatchObject({ ok: true });
};

it('pushes what is recorded from its setting on, by the labels of the window', async () => {
  await add(nowMs - 20_000);
  const push = start();
  expect(await pushed(push)).toEqual([0, 0, 0, 0, '']);
  await add(nowMs - 10_000);
  await add(nowMs - 10_000, 'beat');
  // Began before another that was stored first, as of a slice that took long.
  await add(nowMs - 12_000, 'beat');
  expect(await pushed(push)).toEqual([3, 0, 0, 0, '']);
  expect(got.map(({ labels }) => labels['service_name'])).toEqual(['web', 'beat', 'beat']);
  const profile = Profile.decode(gunzipSync(got[0]?.profile ?? Buffer.alloc(0)));
  expect(profile.sample.map(({ value, label }) => [Number(value[0]), label.length])).toEqual([
    [10 * 1e7, 0],
    [20 * 1e7, 0],
  ]);
  expect(Number(profile.timeNanos) / 1e6).toBe(nowMs - 10_000);
  expect(push.states).toMatchObject([{ url: 'http://pyroscope:4040', tenant: '' }]);
});

it('keeps what a server that is away did not get, across a restart of the app, and pushes nothing twice', async () => {
  const first = start();
  await pushed(first);
  answer = fail('timeout', 'It is away.');
  await add(nowMs);
  await add(nowMs + 5000);
  expect(await pushed(first)).toEqual([0, 2, 0, 0, 'It is away.']);
  answer = ok(null);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await pushed(first)).toEqual([2, 0, 0, 0, '']);
  answer = fail('timeout', 'It is away again.');
  await add(nowMs + 10_000);
  expect(await pushed(first)).toEqual([2, 1, 0, 0, 'It is away again.']);
  first.dispose();
  answer = ok(null);
  expect(await pushed(start())).toEqual([1, 0, 0, 0, '']);
  expect(got).toHaveLength(3);
});

it('counts what a server refuses and what became too old, and goes on', async () => {
  const push = start();
  await pushed(push);
  answer = fail('timeout', 'It is away.');
  await add(nowMs);
  await pushed(push);
  vi.setSystemTime(nowMs + 3_600_000);
  answer = fail('refused', 'Too large.');
  await add(nowMs + 3_599_000);
  expect(await pushed(push)).toEqual([0, 0, 1, 1, 'Too large.']);
  answer = ok(null);
  await add(nowMs + 3_600_000);
  expect(await pushed(push)).toEqual([1, 0, 1, 1, '']);
});

it('gives two windows of one label set different times', async () => {
  const push = start();
  await pushed(push);
  await add(nowMs);
  await add(nowMs);
  await pushed(push);
  const times = got.map(({ profile }) => Number(Profile.decode(gunzipSync(profile)).timeNanos) / 1e6);
  expect(times).toEqual([nowMs, nowMs + 1]);
});
