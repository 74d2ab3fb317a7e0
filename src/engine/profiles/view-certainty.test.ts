import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Certainty } from '../../contract/certainty.js';
import type { DecoderCalls, DecoderEvents, NamesPiece, Scale } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { connect, type Client } from '../../contract/rpc.js';
import { createProfileBuilder } from '../../core/profile/builder.js';
import { toBytes } from '../../core/profile/testing/pictures.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import { WindowSetSchema } from '../gen/agent/v1/agent_pb.js';
import { decodeText } from './decode.js';
import { typeScriptDecoder } from './decoder.js';
import { serveWindow } from './serve.js';
import { portPair } from './testing/ports.js';
import { testSpool, type TestSpool } from './testing/spool.js';

const period = 10_000_000;
const windowMs = 15_000;
/** Samples a window by stack. */
type Load = Readonly<Record<string, number>>;

const shop: Load = {
  'main;handle;render': 120,
  'main;handle;sql;send': 300,
  'main;handle;sql;poll': 200,
  'main;gc': 80,
};

let spool: TestSpool;
let window: Client<DecoderCalls, DecoderEvents>;
let names: string[];
let seed: number;
/** The ids of the sides that were put last: bytes of an id never change. */
let ids: Record<string, string>;
let sides = 0;

beforeEach(() => {
  spool = testSpool(typeScriptDecoder('the test wants it'));
  names = [];
  ids = {};
  seed = 1;
  const [here, there] = portPair();
  serveWindow(there, spool.store, (error) => {
    throw error;
  });
  window = connect<DecoderCalls, DecoderEvents>(here);
  window.on('view.names', (piece: NamesPiece) => names.push(...piece.names));
});
afterEach(() => {
  window.dispose();
  spool.dispose();
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

function pprof(counts: Load, durationNs: number): Uint8Array {
  const builder = createProfileBuilder(1);
  const locations = new Map<string, number>();
  const location = (name: string): number => {
    const known = locations.get(name);
    if (known !== undefined) return known;
    const made = builder.location(0, 0n);
    builder.line(
      builder.function({ name: builder.string(toBytes(name)), systemName: 0, file: 0, library: 0, startLine: 0 }),
      0,
    );
    locations.set(name, made);
    return made;
  };
  for (const [stack, count] of Object.entries(counts)) {
    const at = stack.split(';').reduce((prefix, name) => builder.stack(prefix, location(name)), 0);
    builder.sample(at, [count * period]);
  }
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  const profile = builder.freeze({
    sampleTypes: [cpu],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs,
    period,
    periodType: cpu,
    comments: [],
  });
  return writePprof(profile, decodeText);
}

/** Puts a side's profile and windows into the spool: as an agent answers them, or as slices of Pyroscope. */
function side(
  name: 'a' | 'b',
  load: Load,
  windows: number,
  form: 'table' | 'slices' = 'table',
  course: (row: number) => number = () => 1,
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
  spool.put(id, whole);
  const times = (row: number) => ({ start: BigInt(row * windowMs), end: BigInt((row + 1) * windowMs) });
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
  spool.put(`${id}-windows`, toBinary(WindowSetSchema, set));
}

async function judge(scale: Scale = { by: 'auto' }, operations: Operation[] = []): Promise<Certainty> {
  names = [];
  const source = {
    kind: 'diff',
    baselineId: ids['a'] ?? '',
    comparisonId: ids['b'] ?? '',
    valueIndex: 0,
    scale,
    operations,
  } as const;
  const header = await window.call('view.open', { viewId: 'v', source });
  expect(header.ok).toBe(true);
  const judged = await window.call('view.certainty', {
    viewId: 'v',
    baselineWindows: `${ids['a']}-windows`,
    comparisonWindows: `${ids['b']}-windows`,
  });
  if (!judged.ok) throw new Error(`${judged.failure.message} ${judged.failure.detail ?? ''}`);
  await expect.poll(() => names.length).toBe(header.ok ? header.value.functionCount : 0);
  return judged.value;
}

const certainNames = ({ functions }: Certainty): readonly string[] =>
  [...functions.functionIndex]
    .filter((_, row) => functions.certain[row] === 1)
    .map((index) => names[index] ?? '')
    .sort();
const causeNames = ({ causes }: Certainty): readonly string[] =>
  causes.map(({ functionIndex }) => names[functionIndex] ?? '');

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

  it('judges what the operations made of the view', async () => {
    side('a', shop, 20);
    side('b', { ...shop, 'main;handle;sql;poll': 320 }, 20);
    expect(certainNames(await judge())).toContain('poll');
    const hidden = await judge({ by: 'auto' }, [{ kind: 'hide', frames: { by: 'function', name: 'poll', file: '' } }]);
    expect(causeNames(hidden)).toEqual(['sql']);
    const dropped = await judge({ by: 'auto' }, [{ kind: 'drop', frames: { by: 'function', name: 'poll', file: '' } }]);
    expect(certainNames(dropped)).toEqual([]);
  });

  it('refuses windows that are damaged or gone, and a flame graph', async () => {
    side('a', shop, 10);
    side('b', shop, 10);
    await judge();
    const ask = (comparisonWindows: string) =>
      window.call('view.certainty', { viewId: 'v', baselineWindows: `${ids['a']}-windows`, comparisonWindows });
    spool.put('bad', Uint8Array.of(0xff, 0xff));
    expect(await ask('bad')).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
    expect(await ask('none')).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const far = create(WindowSetSchema, { windows: [{ start: 0n, end: 1n, stack: [7], value: [1n] }] });
    spool.put('far', toBinary(WindowSetSchema, far));
    expect(await ask('far')).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
    await window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: ids['a'] ?? '', valueIndex: 0 },
    });
    expect(await ask(`${ids['b']}-windows`)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });
});
