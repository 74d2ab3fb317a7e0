import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DecoderCalls, DecoderEvents, FlamePiece, ViewSource } from '../../contract/decoder.js';
import type { LabelKey, Operation } from '../../contract/operations.js';
import { connect, type Client } from '../../contract/rpc.js';
import { len, num, smallPprof, varint } from '../../core/formats/testing/wire.js';
import { typeScriptDecoder } from './decoder.js';
import { serveWindow } from './serve.js';
import { portPair } from './testing/ports.js';
import { testSpool, type TestSpool } from './testing/spool.js';

let spool: TestSpool;
let window: Client<DecoderCalls, DecoderEvents>;
const bugs: unknown[] = [];
const pieces: FlamePiece[] = [];

beforeEach(() => {
  spool = testSpool(typeScriptDecoder('the test wants it'));
  bugs.length = 0;
  const [here, there] = portPair();
  serveWindow(there, spool.store, (error) => bugs.push(error));
  window = connect<DecoderCalls, DecoderEvents>(here);
  window.on('view.piece', (piece) => pieces.push(piece));
});
afterEach(() => {
  window.dispose();
  spool.dispose();
  expect(bugs).toEqual([]);
});

const label = (key: number, number: number | bigint): number[] => len(3, [...num(1, key), ...num(3, number)]);
const text = (key: number, value: number): number[] => len(3, [...num(1, key), ...num(2, value)]);
const stacks = { main: [1], work: [2, 1] };
const sample = (endMs: number, tid: number, stack: keyof typeof stacks): number[] =>
  len(2, [
    ...len(1, stacks[stack]),
    ...len(2, varint(10_000_000)),
    ...label(3, BigInt(endMs) * 1_000_000n),
    ...label(4, tid),
    ...text(5, 6),
  ]);
/** Two threads called io: 7 runs, runs on, and after a pause of 20 ms again; 8 runs meanwhile. */
const recorded = smallPprof({
  sample: [
    ...sample(1010, 7, 'work'),
    ...sample(1012, 8, 'main'),
    ...sample(1020, 7, 'main'),
    ...sample(1050, 7, 'work'),
  ],
  mapping: [],
  functions: [...len(5, [...num(1, 1), ...num(2, 5)]), ...len(5, [...num(1, 2), ...num(2, 6)])],
  strings: ['', 'cpu', 'nanoseconds', 'end_timestamp_ns', 'tid', 'thread', 'io'].flatMap((each) => len(6, each)),
  locations: [...len(4, [...num(1, 1), ...len(4, num(1, 1))]), ...len(4, [...num(1, 2), ...len(4, num(1, 2))])],
});
const seven: LabelKey = { key: 'tid', value: '7', unit: '' };

/** A view of the profile in time order: its total and axis, and where its frames lie. */
async function open(...operations: readonly Operation[]): Promise<unknown> {
  pieces.length = 0;
  const source: ViewSource = {
    kind: 'flame',
    profileId: 'p',
    valueIndex: 0,
    operations: [...operations],
    order: 'time',
  };
  const opened = await window.call('view.open', { viewId: 'v', source });
  if (!opened.ok) return opened.failure;
  await vi.waitFor(() => {
    expect(pieces.at(-1)?.last).toBe(true);
  });
  const { total, time } = opened.value;
  const spans = Array.from(pieces[0]?.x0 ?? [], (x0, node) => [x0 / 1e6, (pieces[0]?.x1[node] ?? 0) / 1e6]);
  return { total, time, spans };
}

it('threads that say when they were sampled, the busiest first', async () => {
  spool.put('p', recorded);
  const threads = (...operations: readonly Operation[]): unknown =>
    window.call('profile.threads', { profileId: 'p', valueIndex: 0, operations: [...operations] });
  const busiest = { thread: seven, name: 'io', service: '', total: 30e6 };
  const other = { thread: { ...seven, value: '8' }, name: 'io', service: '', total: 10e6 };
  expect(await threads()).toEqual({ ok: true, value: [busiest, other] });
  const early: Operation = { kind: 'keep-times', spans: [{ fromMs: 1000, toMs: 1015 }] };
  expect(await threads(early)).toMatchObject({ value: [{ total: 10e6 }, { total: 10e6 }] });
});

it('samples of one thread lie in time, with their gaps', async () => {
  spool.put('p', recorded);
  expect(await open({ kind: 'keep-label', label: seven })).toEqual({
    total: 30e6,
    time: { startMs: 1000, perMs: 1e6, untimed: 0 },
    spans: [
      [0, 50],
      [0, 20],
      [40, 50],
      [0, 10],
      [40, 50],
    ],
  });
});

it('operations change frames, and not when they were', async () => {
  spool.put('p', recorded);
  expect(await open({ kind: 'keep-label', label: seven }, { kind: 'invert' })).toMatchObject({
    total: 30e6,
    spans: [
      [0, 50],
      [0, 10],
      [10, 20],
      [40, 50],
      [0, 10],
      [40, 50],
    ],
  });
});

it('samples of several threads stand behind each other', async () => {
  spool.put('p', recorded);
  expect(await open()).toMatchObject({
    total: 40e6,
    time: { perMs: 0 },
    spans: [
      [0, 40],
      [0, 40],
      [0, 10],
      [30, 40],
    ],
  });
});

it('a profile without times has its widest frames first', async () => {
  spool.put('p', 'a 1\nb 4\n');
  expect(await open()).toEqual({
    total: 5,
    time: undefined,
    spans: [
      [0, 5e-6],
      [0, 4e-6],
      [4e-6, 5e-6],
    ],
  });
  expect(await window.call('profile.threads', { profileId: 'p', valueIndex: 0 })).toEqual({ ok: true, value: [] });
});

it('a heat map tells which of its samples are of a function', async () => {
  spool.put('p', recorded);
  const cells = (counts: Uint32Array): readonly number[] => Array.from(counts.subarray(0, 4));
  const heat = await window.call('profile.heat', { profileId: 'p' });
  expect(heat.ok && cells(heat.value.counts)).toEqual([2, 1, 1, 0]);
  const of = async (name: string, ...operations: readonly Operation[]): Promise<unknown> => {
    const source = { kind: 'flame' as const, profileId: 'p', valueIndex: 0, operations: [...operations] };
    const own = await window.call('profile.heatOf', { source, of: { name, file: '' } });
    return own.ok ? cells(own.value) : own.failure.code;
  };
  expect(await of('io')).toEqual([1, 0, 1, 0]);
  expect(await of('thread')).toEqual([2, 1, 1, 0]);
  expect(await of('nobody')).toEqual([0, 0, 0, 0]);
  expect(await of('thread', { kind: 'keep-label', label: seven })).toEqual([1, 1, 1, 0]);
  // A part of the time is what is looked at, and the map is of all of it.
  expect(await of('io', { kind: 'keep-times', spans: [{ fromMs: 1000, toMs: 1015 }] })).toEqual([1, 0, 1, 0]);
  // Functions are named as operations leave them.
  expect(await of('io', { kind: 'hide', frames: { by: 'function', name: 'io', file: '' } })).toEqual([0, 0, 0, 0]);
  spool.put('untimed', 'a 1\n');
  const untimed = await window.call('profile.heatOf', {
    source: { kind: 'flame', profileId: 'untimed', valueIndex: 0 },
    of: { name: 'a', file: '' },
  });
  expect(untimed).toMatchObject({ failure: { code: 'unsupported' } });
});
