import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventMap } from '../../contract/calls.js';
import type { DecoderCalls, DecoderEvents, DecoderShellCalls, FlamePiece, NamesPiece } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { unpackNames } from '../../contract/packed-names.js';
import { connect, type Client } from '../../contract/rpc.js';
import { createFlameAssembly } from '../../core/flame/flame-graph.js';
import { pathOfNode } from '../../core/flame/navigate.js';
import { WindowSetSchema } from '../gen/agent/v1/agent_pb.js';
import { typeScriptDecoder } from './decoder.js';
import { serveShell, serveWindow } from './serve.js';
import { cpuPprof } from './testing/cpu-pprof.js';
import { portPair } from './testing/ports.js';
import { testSpool, type TestSpool } from './testing/spool.js';

const windowMs = 15_000;
/** What each window saw, by stack. */
type Seen = Readonly<Record<string, number>>;

const course: readonly Seen[] = [
  { 'main;read': 5, 'main;write': 1 },
  {},
  { 'main;read': 2, 'main;parse;parse;copy': 4 },
  { idle: 7 },
  { 'main;parse;parse;copy': 1, 'main;read': 1 },
];

let spool: TestSpool;
let window: Client<DecoderCalls, DecoderEvents>;
let names: NamesPiece[];
let pieces: FlamePiece[];

beforeEach(() => {
  spool = testSpool(typeScriptDecoder('the test wants it'));
  names = [];
  pieces = [];
  const [here, there] = portPair();
  serveWindow(there, spool.store, (error) => {
    throw error;
  });
  window = connect<DecoderCalls, DecoderEvents>(here);
  window.on('view.names', (piece) => names.push(unpackNames(piece)));
  window.on('view.piece', (piece) => pieces.push(piece));
});
afterEach(() => {
  window.dispose();
  spool.dispose();
});

function sumOf(rows: readonly Seen[]): Seen {
  const sum: Record<string, number> = {};
  for (const [stack, count] of rows.flatMap((row) => Object.entries(row))) sum[stack] = (sum[stack] ?? 0) + count;
  return sum;
}

function pprof(counts: Seen): Uint8Array {
  const samples = Object.entries(counts).map(([stack, count]) => ({ stack, count }));
  return cpuPprof(samples, { durationNs: 0, worthNs: 1 });
}

/** Windows as an agent answers them: stacks once, and counts by window. */
function table(): Uint8Array {
  const whole = sumOf(course);
  const stacks = Object.keys(whole);
  return toBinary(
    WindowSetSchema,
    create(WindowSetSchema, {
      profile: pprof(whole),
      windows: course.map((row, at) => ({
        start: BigInt(at * windowMs),
        end: BigInt((at + 1) * windowMs),
        period: 1n,
        stack: stacks.flatMap((stack, index) => (stack in row ? [index] : [])),
        value: stacks.flatMap((stack) => (stack in row ? [BigInt(row[stack] ?? 0)] : [])),
      })),
    }),
  );
}

/** Windows as profiles of their own, in no order. */
function slices(): Uint8Array {
  const profiles = course.map((row, at) => ({
    start: BigInt(at * windowMs),
    end: BigInt((at + 1) * windowMs),
    profile: Object.keys(row).length === 0 ? new Uint8Array(0) : pprof(row),
  }));
  return toBinary(WindowSetSchema, create(WindowSetSchema, { profiles: profiles.toReversed() }));
}

/** Stacks of the view whose last piece comes next, with their own values. */
async function stacksOf(viewId: string, nodeCount: number, depth: number): Promise<Record<string, number>> {
  await vi.waitFor(() => {
    expect(pieces.findLast((piece) => piece.viewId === viewId)?.last).toBe(true);
  });
  const assembly = createFlameAssembly(nodeCount, depth, false);
  for (const piece of pieces.filter((each) => each.viewId === viewId)) assembly.append(piece);
  const known = names.flatMap((piece) => piece.names);
  const { graph } = assembly;
  const stacks: Record<string, number> = {};
  for (let node = 1; node < graph.count; node++) {
    const self = graph.self[node] ?? 0;
    if (self > 0) stacks[pathOfNode(graph, node, (index) => known[index] ?? '?').join(';')] = self;
  }
  return stacks;
}

let opened = 0;
async function range(
  first: number,
  end: number,
  named: boolean,
  operations: readonly Operation[] = [],
): Promise<Record<string, number>> {
  const viewId = `r${++opened}`;
  const header = await window.call('view.range', {
    viewId,
    windowsId: 'w',
    startMs: first * windowMs,
    endMs: end * windowMs,
    operations: [...operations],
    named,
  });
  if (!header.ok) throw new Error(header.failure.message);
  return stacksOf(viewId, header.value.nodeCount, header.value.depth);
}

describe.each([
  ['a table', table],
  ['slices', slices],
])('ranges of windows in %s', (_, bytes) => {
  beforeEach(() => {
    spool.put('w', bytes());
  });

  it('are the sums of their windows', async () => {
    expect(await range(0, 5, false)).toEqual(sumOf(course));
    for (const [first, end] of [
      [0, 1],
      [1, 4],
      [2, 5],
      [3, 4],
    ] as const) {
      expect(await range(first, end, true)).toEqual(sumOf(course.slice(first, end)));
    }
    expect(await range(1, 2, true)).toEqual({});
  });

  it('are counted by function, recursion once', async () => {
    const [here, there] = portPair();
    serveShell(there, spool.store, (error) => {
      throw error;
    });
    const shell = connect<DecoderShellCalls, EventMap>(here);
    const functions = ['read', 'parse', 'main', 'nobody'].map((name) => ({ name, file: '' }));
    const counted = await shell.call('watch.count', { windowsId: 'w', functions });
    shell.dispose();
    if (!counted.ok) throw new Error(counted.failure.message);
    expect(counted.value.map(({ startMs, endMs }) => [startMs, endMs])).toEqual(
      course.map((_row, at) => [at * windowMs, (at + 1) * windowMs]),
    );
    expect(counted.value.map(({ samples, of }) => [samples, ...of])).toEqual([
      [6, 5, 0, 6, 0],
      [0, 0, 0, 0, 0],
      [6, 2, 4, 6, 0],
      [7, 0, 0, 0, 0],
      [2, 1, 1, 2, 0],
    ]);
    for (const { oneCore } of counted.value) expect(oneCore).toBe(15e9);
  });

  it('send names once, those of stacks that the first range does not have among them', async () => {
    await range(3, 4, false);
    expect(new Set(names.flatMap((piece) => piece.names))).toEqual(
      new Set(['all', 'main', 'read', 'write', 'parse', 'copy', 'idle']),
    );
    names.splice(1);
    expect(await range(0, 1, true)).toEqual(course[0]);
    expect(names.length).toBe(1);
  });

  it('have the operations of the view done to them', async () => {
    const operations: readonly Operation[] = [
      { kind: 'drop', frames: { by: 'function', name: 'idle', file: '' } },
      { kind: 'collapse-recursion', reach: 'direct' },
    ];
    expect(await range(2, 4, false, operations)).toEqual({ 'main;read': 2, 'main;parse;copy': 4 });
    expect(await range(4, 5, true, operations)).toEqual({ 'main;read': 1, 'main;parse;copy': 1 });
  });

  it('are asked for tables, callers and summaries like any view', async () => {
    await range(0, 1, false);
    const viewId = `r${opened}`;
    const functions = await window.call('view.functions', { viewId });
    const known = names.flatMap((piece) => piece.names);
    expect(
      functions.ok &&
        Object.fromEntries([...functions.value.functionIndex].map((at) => [known[at], functions.value.total[at]])),
    ).toEqual({ all: 6, main: 6, read: 5, write: 1, parse: 0, copy: 0, idle: 0 });
    const summary = await window.call('view.summary', { viewId });
    expect(summary.ok && summary.value.map(({ query, share }) => [query, share])).toEqual([
      ['^read$', 5 / 6],
      ['^write$', 1 / 6],
    ]);
  });
});

it('windows that are gone are said so', async () => {
  const answer = await window.call('view.range', {
    viewId: 'r',
    windowsId: 'none',
    startMs: 0,
    endMs: 1,
    named: false,
  });
  expect(answer.ok).toBe(false);
});
