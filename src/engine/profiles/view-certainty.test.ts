import { create, toBinary } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Certainty } from '../../contract/certainty.js';
import type { Scale } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { WindowSetSchema } from '../gen/agent/v1/agent_pb.js';
import { cpuPprof, period } from './testing/cpu-pprof.js';
import { serveEachTest } from './testing/served-window.js';

const windowMs = 15_000;
/** When both sides begin. */
const sidesFromMs = 100 * 3_600_000;
/** Samples a window by stack. */
type Load = Readonly<Record<string, number>>;

const shop: Load = {
  'main;handle;render': 120,
  'main;handle;sql;send': 300,
  'main;handle;sql;poll': 200,
  'main;gc': 80,
};

const bed = serveEachTest();
let seed: number;
/** The ids of the sides that were put last: bytes of an id never change. */
let ids: Record<string, string>;
let sides = 0;

beforeEach(() => {
  ids = {};
  seed = 1;
});

/** Near enough to counting: the sum of uniform numbers, scattered as much as a count of this mean. */
function scattered(mean: number): number {
  let sum = 0;
  for (let i = 0; i < 12; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    sum += seed / 4294967296 - 0.5;
  }
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * sum));
}

const pprof = (counts: Load, durationNs: number): Uint8Array =>
  cpuPprof(
    Object.entries(counts).map(([stack, count]) => ({ stack, count })),
    { durationNs },
  );

/** Puts a side's profile and windows into the spool: as an agent answers them, or as slices of Pyroscope. */
function side(
  name: 'a' | 'b',
  load: Load,
  windows: number,
  form: 'table' | 'slices' = 'table',
  course: (row: number) => number = () => 1,
  setBackMs: (row: number) => number = () => 0,
): void {
  const id = `${name}${++sides}`;
  ids[name] = id;
  const stacks = Object.keys(load);
  const rows = Array.from({ length: windows }, (_, row) =>
    stacks.map((stack) => scattered((load[stack] ?? 0) * course(row))),
  );
  const sums = Object.fromEntries(
    stacks.map((stack, at) => [stack, rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)]),
  );
  const whole = pprof(sums, windows * windowMs * 1e6);
  bed.spool.put(id, whole);
  const times = (row: number) => timesOf(row, sidesFromMs - setBackMs(row));
  const set =
    form === 'table'
      ? create(WindowSetSchema, {
          profile: whole,
          windows: rows.map((row, at) => ({
            ...times(at),
            stack: row.flatMap((count, stack) => (count > 0 ? [stack] : [])),
            value: row.filter((count) => count > 0).map((count) => BigInt(count * period)),
            period: BigInt(period),
          })),
        })
      : create(WindowSetSchema, {
          profiles: rows.map((row, at) => ({
            ...times(at),
            profile: pprof(Object.fromEntries(stacks.map((stack, index) => [stack, row[index] ?? 0])), 0),
          })),
        });
  bed.spool.put(`${id}-windows`, toBinary(WindowSetSchema, set));
}

function timesOf(row: number, fromMs: number): { readonly start: bigint; readonly end: bigint } {
  return { start: BigInt(fromMs + row * windowMs), end: BigInt(fromMs + (row + 1) * windowMs) };
}

/** Puts windows into the spool that end where the sides begin: so many ranges of so many windows, each range with a load of its own. */
function putEarlier(ranges: number, windows: number, loadOf: (range: number) => Load): string {
  const count = ranges * windows;
  const stacks = Object.keys(shop);
  const rows = Array.from({ length: count }, (_, row) => {
    const load = loadOf(Math.floor(row / windows));
    return stacks.map((stack) => scattered(load[stack] ?? 0));
  });
  const sums = Object.fromEntries(
    stacks.map((stack, at) => [stack, rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)]),
  );
  const set = create(WindowSetSchema, {
    profile: pprof(sums, count * windowMs * 1e6),
    windows: rows.map((row, at) => ({
      ...timesOf(at, sidesFromMs - count * windowMs),
      stack: row.flatMap((samples, stack) => (samples > 0 ? [stack] : [])),
      value: row.filter((samples) => samples > 0).map((samples) => BigInt(samples * period)),
      period: BigInt(period),
    })),
  });
  const id = `earlier${++sides}`;
  bed.spool.put(id, toBinary(WindowSetSchema, set));
  return id;
}

async function judge(
  scale: Scale = { by: 'auto' },
  operations: Operation[] = [],
  earlierWindows?: string,
): Promise<Certainty> {
  bed.names.length = 0;
  const source = {
    kind: 'diff',
    baselineId: ids['a'] ?? '',
    comparisonId: ids['b'] ?? '',
    valueIndex: 0,
    scale,
    operations,
  } as const;
  const header = await bed.window.call('view.open', { viewId: 'v', source });
  expect(header.ok).toBe(true);
  const judged = await bed.window.call('view.certainty', {
    viewId: 'v',
    baselineWindows: `${ids['a']}-windows`,
    comparisonWindows: `${ids['b']}-windows`,
    ...(earlierWindows === undefined ? {} : { earlierWindows }),
  });
  if (!judged.ok) throw new Error(`${judged.failure.message} ${judged.failure.detail ?? ''}`);
  await expect.poll(() => bed.names.length).toBe(header.ok ? header.value.functionCount : 0);
  return judged.value;
}

const certainNames = ({ functions }: Certainty): readonly string[] =>
  [...functions.functionIndex]
    .filter((_, row) => functions.certain[row] === 1)
    .map((index) => bed.names[index] ?? '')
    .sort();
const causeNames = ({ causes }: Certainty): readonly string[] =>
  causes.map(({ functionIndex }) => bed.names[functionIndex] ?? '');

describe('certainty of a view', () => {
  it('names what changed, by the windows of an agent and by slices', async () => {
    side('a', shop, 20);
    for (const form of ['table', 'slices'] as const) {
      side('b', { ...shop, 'main;handle;render': 200 }, 20, form);
      const judged = await judge();
      expect(judged.windows).toEqual([20, 20]);
      expect(judged.abstained).toBeUndefined();
      expect(causeNames(judged)).toEqual(['render']);
      const [render] = judged.causes;
      expect(render?.path).toEqual(['main', 'handle', 'render']);
      const change = (render?.after ?? 0) - (render?.before ?? 0);
      // 80 more in each of 20 windows.
      expect(Math.abs(change - 1600 * period)).toBeLessThan(render?.margin ?? 0);
      expect([...judged.nodes].filter((state) => state === 2).length).toBeGreaterThan(0);
    }
  });

  it('is silent about equal sides, and says how much they could have shown', async () => {
    side('a', shop, 20);
    side('b', shop, 20);
    const judged = await judge();
    expect(certainNames(judged)).toEqual([]);
    expect(judged.causes).toEqual([]);
    expect(judged.smallestShare).toBeGreaterThan(0.002);
    expect(judged.smallestShare).toBeLessThan(0.02);
    expect(judged.uncertain[0]?.secondsToTell).toBeGreaterThan(0);
  });

  it('takes another load for no change, and names no function that only gave way', async () => {
    side('a', shop, 20);
    const busier = Object.fromEntries(Object.entries(shop).map(([stack, count]) => [stack, 1.6 * count]));
    side('b', { ...busier, 'main;handle;hash': 500 }, 20);
    const judged = await judge();
    expect(causeNames(judged)).toEqual(['hash']);
    expect(judged.causes[0]?.before).toBe(0);
    const absolute = await judge({ by: 'absolute' });
    expect(certainNames(absolute)).toContain('sql');
    const idle = putEarlier(48, 10, () => ({ 'main;gc': 3 }));
    expect((await judge({ by: 'auto' }, [], idle)).history).toEqual({ used: false, why: 'few-pairs', pairs: 0 });
    const work = await judge({ by: 'work', baseline: 1000, comparison: 1600 });
    expect(causeNames(work)).toEqual(['hash']);
  });

  it('takes a load that wanders from window to window for no noise, relative to what did not move', async () => {
    const wander = (row: number): number => 1 + 0.3 * Math.sin(row / 4);
    side('a', shop, 24, 'table', wander);
    side('b', { ...shop, 'main;handle;render': 160 }, 24, 'table', (row) => 1.3 * wander(row + 5));
    expect(causeNames(await judge())).toEqual(['render']);
    expect((await judge({ by: 'absolute' })).abstained).toBe('autocorrelated');
  });

  it('abstains on few windows, on one, and on an empty side, and still answers', async () => {
    side('a', shop, 20);
    side('b', { ...shop, 'main;gc': 900 }, 4);
    expect(await judge()).toMatchObject({ abstained: 'few-windows', causes: [], windows: [20, 4] });
    side('b', { ...shop, 'main;gc': 900 }, 1);
    const one = await judge();
    expect(one.abstained).toBe('few-windows');
    expect(one.secondsToSeeOnePercent).toBeGreaterThan(0);
    side('b', {}, 0);
    expect(await judge()).toMatchObject({ abstained: 'few-windows', windows: [20, 0] });
  });

  it('says that windows overlap where a clock was set back, and counts all of them', async () => {
    side('a', shop, 20);
    side('b', { ...shop, 'main;handle;render': 200 }, 20, 'table', undefined, (row) => (row < 12 ? 0 : 100_000));
    const judged = await judge();
    expect(judged.overlapping).toEqual([0, 1]);
    expect(judged.windows).toEqual([20, 20]);
    expect(causeNames(judged)).toEqual(['render']);
    side('b', shop, 20);
    expect((await judge()).overlapping).toBeUndefined();
  });

  it('judges what the operations made of the view', async () => {
    side('a', shop, 20);
    side('b', { ...shop, 'main;handle;sql;poll': 320 }, 20);
    expect(certainNames(await judge())).toContain('poll');
    const hidden = await judge({ by: 'auto' }, [{ kind: 'hide', frames: { by: 'function', name: 'poll', file: '' } }]);
    expect(causeNames(hidden)).toEqual(['sql']);
    const dropped = await judge({ by: 'auto' }, [{ kind: 'drop', frames: { by: 'function', name: 'poll', file: '' } }]);
    expect(certainNames(dropped)).toEqual([]);
  });

  it('is judged by earlier pairs: what differs as much without a change is not certain', async () => {
    side('a', shop, 10);
    side('b', { ...shop, 'main;handle;render': 180 }, 10);
    expect(causeNames(await judge())).toEqual(['render']);
    const calm = await judge(
      { by: 'auto' },
      [],
      putEarlier(48, 10, () => shop),
    );
    expect(calm.history).toMatchObject({ used: true, pairs: 24 });
    expect(causeNames(calm)).toEqual(['render']);
    // From one range to the next what is rendered changes by as much, and no window of a range tells it.
    const levels = [0.7, 1.3, 1, 1.5, 0.8, 1.2, 0.6];
    const restless = putEarlier(40, 10, (range) => ({
      ...shop,
      'main;handle;render': 120 * (levels[range % levels.length] ?? 1),
    }));
    const judged = await judge({ by: 'auto' }, [], restless);
    expect(judged.history).toMatchObject({ used: true, pairs: 20 });
    expect(judged.history?.used === true ? judged.history.widening : 0).toBeGreaterThan(1.5);
    expect(certainNames(judged)).toEqual([]);
    expect(judged.causes).toEqual([]);
    expect(judged.smallestShare).toBeGreaterThan(1.5 * calm.smallestShare);
  });

  it('says why earlier pairs were not used', async () => {
    side('a', shop, 10);
    side('b', shop, 10);
    const few = putEarlier(6, 10, () => shop);
    expect((await judge({ by: 'auto' }, [], few)).history).toEqual({ used: false, why: 'few-pairs', pairs: 3 });
    const work = await judge({ by: 'work', baseline: 10, comparison: 10 }, [], few);
    expect(work.history).toEqual({ used: false, why: 'work', pairs: 0 });
    // Windows of the sides themselves are no earlier ones.
    expect((await judge({ by: 'auto' }, [], `${ids['a']}-windows`)).history).toMatchObject({ pairs: 0 });
    side('b', shop, 4);
    expect((await judge({ by: 'auto' }, [], few)).history).toBeUndefined();
  });

  it('tells what part of each side its windows hold', async () => {
    side('a', shop, 10);
    side('b', shop, 10);
    const [before, after] = (await judge()).told;
    expect(before).toBeCloseTo(1, 9);
    expect(after).toBeCloseTo(1, 9);
  });

  it('refuses windows that are damaged or gone, and a flame graph', async () => {
    side('a', shop, 10);
    side('b', shop, 10);
    await judge();
    const ask = (comparisonWindows: string) =>
      bed.window.call('view.certainty', { viewId: 'v', baselineWindows: `${ids['a']}-windows`, comparisonWindows });
    bed.spool.put('bad', Uint8Array.of(0xff, 0xff));
    expect(await ask('bad')).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
    expect(await ask('none')).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const far = create(WindowSetSchema, { windows: [{ start: 0n, end: 1n, stack: [7], value: [1n] }] });
    bed.spool.put('far', toBinary(WindowSetSchema, far));
    expect(await ask('far')).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
    await bed.window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: ids['a'] ?? '', valueIndex: 0 },
    });
    expect(await ask(`${ids['b']}-windows`)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });
});
