import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  DecoderCalls,
  DecoderEvents,
  DecoderShellCalls,
  FlamePiece,
  NamesPiece,
  ViewSource,
  WorkProgress,
} from '../../contract/decoder.js';
import type { FrameSet, LabelKey, Operation } from '../../contract/operations.js';
import type { EventMap } from '../../contract/calls.js';
import { unpackNames } from '../../contract/packed-names.js';
import { connect, type Client } from '../../contract/rpc.js';
import { createFlameAssembly } from '../../core/flame/flame-graph.js';
import { len, num, smallPprof } from '../../core/formats/testing/wire.js';
import { typeScriptDecoder } from './decoder.js';
import { serveShell, serveWindow } from './serve.js';
import { writeShare } from './share.js';
import { portPair } from './testing/ports.js';
import { testSpool, type TestSpool } from './testing/spool.js';

let spool: TestSpool;
let window: Client<DecoderCalls, DecoderEvents>;
let bugs: unknown[];
const names: NamesPiece[] = [];
const pieces: FlamePiece[] = [];

beforeEach(() => {
  spool = testSpool(typeScriptDecoder('the test wants it'));
  bugs = [];
  names.length = 0;
  pieces.length = 0;
  const [here, there] = portPair();
  serveWindow(there, spool.store, (error) => bugs.push(error));
  window = connect<DecoderCalls, DecoderEvents>(here);
  window.on('view.names', (piece) => names.push(unpackNames(piece)));
  window.on('view.piece', (piece) => pieces.push(piece));
});
afterEach(() => {
  window.dispose();
  spool.dispose();
  expect(bugs).toEqual([]);
});

const lastPiece = (): Promise<void> =>
  vi.waitFor(
    () => {
      expect(pieces.at(-1)?.last).toBe(true);
    },
    { timeout: 60_000 }, // a busy machine is no failure
  );

describe('the decoder serves', () => {
  it('a flame graph: header, then names before the pieces that use them', async () => {
    spool.put('p', 'main;read (/srv/shop/io.py:3) 6\nmain 2\nidle_[k] 2\n');
    const header = await window.call('view.open', {
      viewId: 'v1',
      source: { kind: 'flame', profileId: 'p', valueIndex: 0 },
    });
    expect(header).toEqual({
      ok: true,
      value: {
        viewId: 'v1',
        sampleType: { type: 'samples', unit: 'count' },
        nodeCount: 4,
        depth: 3,
        functionCount: 4,
        total: 10,
        narrowest: 0,
        samplePeriod: 0,
      },
    });
    await lastPiece();
    expect(names).toEqual([
      {
        viewId: 'v1',
        first: 0,
        names: ['all', 'main', 'idle_[k]', 'read (/srv/shop/io.py:3)'],
        files: ['', '', '', ''],
        packages: ['', '', 'kernel', 'shop'],
        kinds: Uint8Array.of(0, 0, 2, 3),
        libraries: [],
        library: new Uint32Array(4),
        lines: new Uint32Array(8),
      },
    ]);
    expect(pieces).toEqual([
      {
        viewId: 'v1',
        first: 0,
        last: true,
        x0: Float64Array.of(0, 0, 8, 0),
        x1: Float64Array.of(10, 8, 10, 6),
        self: Float64Array.of(0, 2, 2, 6),
        depth: Uint32Array.of(0, 1, 1, 2),
        parent: Uint32Array.of(0, 0, 0, 1),
        functionIndex: Uint32Array.of(0, 1, 2, 3),
      },
    ]);
    expect(await window.call('view.functions', { viewId: 'v1' })).toEqual({
      ok: true,
      value: {
        functionIndex: Uint32Array.of(0, 1, 2, 3),
        self: Float64Array.of(0, 2, 2, 6),
        total: Float64Array.of(10, 8, 2, 6),
        callers: Uint32Array.of(0, 1, 1, 1),
      },
    });
  });

  it('a diff, with both sides by node and by function', async () => {
    spool.put('before', 'a;b 4\na;c 2\n');
    spool.put('after', 'a;b 6\nd 2\n');
    const source = {
      kind: 'diff',
      baselineId: 'before',
      comparisonId: 'after',
      valueIndex: 0,
      scale: { by: 'work', baseline: 6, comparison: 8 },
    } as const;
    const header = await window.call('view.open', { viewId: 'd', source });
    expect(header).toMatchObject({ ok: true, value: { total: 8, baselineTotal: 6, comparisonTotal: 8, nodeCount: 5 } });
    await lastPiece();
    const piece = pieces[0];
    const byName = Object.fromEntries(
      [...(piece?.functionIndex ?? [])].map((index, node) => [
        names[0]?.names[index] ?? '',
        [piece?.baseline?.[node], piece?.comparison?.[node]],
      ]),
    );
    expect(byName).toEqual({ all: [8, 8], a: [8, 6], b: [16 / 3, 6], c: [8 / 3, 0], d: [0, 2] });
    expect(await window.call('view.summary', { viewId: 'd' })).toMatchObject({ failure: { code: 'unsupported' } });
    const table = await window.call('view.functions', { viewId: 'd' });
    expect(table.ok && table.value.baselineTotal?.length).toBe(5);
  });

  it('how far it is, and ends what is given up', async () => {
    const steps: WorkProgress[] = [];
    window.on('work.progress', (progress) => steps.push(progress));
    spool.put('p', 'main;read 6\nmain 2\n');
    expect((await window.call('profile.open', { profileId: 'p' })).ok).toBe(true);
    expect(steps).toEqual([
      { of: 'p', step: 'reading', share: null },
      { of: 'p', step: 'decoding', share: 0 },
    ]);
    spool.put('large', 'main;read 6\n'.repeat(100_000));
    const controller = new AbortController();
    const opening = window.call('profile.open', { profileId: 'large' }, controller.signal);
    controller.abort();
    expect(await opening).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });

  it('a diff with a selection that has no samples, on either side', async () => {
    // What Pyroscope 1.12 answers: a sample type without type and unit, an empty string table, an empty period type.
    spool.put('nothing', Uint8Array.of(0x0a, 0, 0x32, 0, 0x5a, 0));
    spool.put('something', smallPprof());
    const open = (baselineId: string, comparisonId: string): ReturnType<typeof window.call<'view.open'>> =>
      window.call('view.open', {
        viewId: `${baselineId}-${comparisonId}`,
        source: { kind: 'diff', baselineId, comparisonId, valueIndex: 0, scale: { by: 'absolute' } },
      });
    const sampleType = { type: 'cpu', unit: 'ns' };
    expect(await open('nothing', 'something')).toMatchObject({
      ok: true,
      value: { sampleType, baselineTotal: 0, comparisonTotal: 5 },
    });
    expect(await open('something', 'nothing')).toMatchObject({
      ok: true,
      value: { sampleType, baselineTotal: 5, comparisonTotal: 0 },
    });
    expect(await open('nothing', 'nothing')).toMatchObject({ ok: true, value: { total: 0, nodeCount: 1 } });
    spool.put('folded', 'a 1\n');
    expect(await open('folded', 'something')).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('operations, in order, on a flame graph and on both sides of a diff', async () => {
    spool.put('before', 'a;b 4\na;c 2\n');
    spool.put('after', 'a;b 6\na;b;b 1\nd 2\n');
    const operations = [
      { kind: 'collapse-recursion', reach: 'direct' },
      { kind: 'hide', frames: { by: 'function', name: 'a', file: '' } },
      { kind: 'invert' },
    ] as const;
    const flame = await window.call('view.open', {
      viewId: 'f',
      source: { kind: 'flame', profileId: 'after', valueIndex: 0, operations: [...operations] },
    });
    expect(flame).toMatchObject({ ok: true, value: { total: 9, nodeCount: 3, depth: 2, narrowest: 0 } });
    await lastPiece();
    expect(names[0]?.names).toEqual(['all', 'b', 'd']);
    expect(pieces[0]?.x1).toEqual(Float64Array.of(9, 7, 9));
    pieces.length = 0;
    const diff = await window.call('view.open', {
      viewId: 'd',
      source: {
        kind: 'diff',
        baselineId: 'before',
        comparisonId: 'after',
        valueIndex: 0,
        scale: { by: 'absolute' },
        operations: [...operations],
      },
    });
    expect(diff).toMatchObject({ ok: true, value: { baselineTotal: 6, comparisonTotal: 9, nodeCount: 4 } });
    await lastPiece();
    expect(pieces[0]?.baseline).toEqual(Float64Array.of(6, 4, 2, 0));
    expect(pieces[0]?.comparison).toEqual(Float64Array.of(9, 7, 0, 2));
  });

  it('a pattern that is none as a sentence, and names that nothing has as an empty graph', async () => {
    spool.put('p', 'a;b 4\n');
    const open = (frames: FrameSet): ReturnType<typeof window.call<'view.open'>> =>
      window.call('view.open', {
        viewId: 'v',
        source: { kind: 'flame', profileId: 'p', valueIndex: 0, operations: [{ kind: 'keep', frames }] },
      });
    expect(await open({ by: 'pattern', pattern: '(' })).toMatchObject({
      ok: false,
      failure: { code: 'invalid-input', message: "The pattern ( is not a regular expression of RE2's syntax." },
    });
    expect(await open({ by: 'package', name: 'none' })).toMatchObject({ ok: true, value: { total: 0, nodeCount: 1 } });
  });

  it('the call tree of what is shown, row by row', async () => {
    spool.put('p', 'a;b 4\na;c 5\nb 2\n');
    await window.call('view.open', {
      viewId: 'v',
      source: {
        kind: 'flame',
        profileId: 'p',
        valueIndex: 0,
        operations: [{ kind: 'drop', frames: { by: 'function', name: 'c', file: '' } }],
      },
    });
    await lastPiece();
    const numberOf = (name: string): number => names[0]?.names.indexOf(name) ?? -1;
    const children = (direction: 'callees' | 'callers', path: string[], first = 0): Promise<unknown> =>
      window.call('view.children', {
        viewId: 'v',
        direction,
        path: path.map(numberOf),
        order: 'total',
        first,
        count: 1,
      });
    expect(await children('callees', [])).toEqual({
      ok: true,
      value: {
        functionIndex: Uint32Array.of(numberOf('a')),
        self: Float64Array.of(0),
        total: Float64Array.of(4),
        childCount: Uint32Array.of(1),
        rowCount: 2,
      },
    });
    expect(await children('callees', [], 1)).toMatchObject({
      value: { functionIndex: Uint32Array.of(numberOf('b')), self: Float64Array.of(2), rowCount: 2 },
    });
    expect(await children('callers', ['b'])).toMatchObject({
      value: { functionIndex: Uint32Array.of(numberOf('a')), total: Float64Array.of(4), rowCount: 1 },
    });
    expect(await children('callees', ['b', 'a'])).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const byChange = {
      viewId: 'v',
      direction: 'callees' as const,
      path: [],
      order: 'change' as const,
      first: 0,
      count: 1,
    };
    expect(await window.call('view.children', byChange)).toMatchObject({ ok: false });
  });

  it('what is known of a function', async () => {
    spool.put('p', 'main (/srv/shop/io.py:3) 6\n');
    await window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId: 'p', valueIndex: 0 } });
    expect(await window.call('view.frame', { viewId: 'v', functionIndex: 1 })).toEqual({
      ok: true,
      value: {
        name: 'main (/srv/shop/io.py:3)',
        file: '',
        library: '',
        packageName: 'shop',
        kind: 'python',
        interpreter: false,
      },
    });
    expect(await window.call('view.frame', { viewId: 'v', functionIndex: 2 })).toMatchObject({
      ok: false,
      failure: { code: 'not-found' },
    });
    expect(await window.call('view.frame', { viewId: 'w', functionIndex: 1 })).toMatchObject({ ok: false });
  });

  it('many pieces that assemble to the whole, and names in step', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `root;f${n % 500};g${n};h${n % 77} ${1 + (n % 9)}`);
    spool.put('big', lines.join('\n'));
    const header = await window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: 'big', valueIndex: 0 },
    });
    if (!header.ok) throw new Error(header.failure.message);
    await lastPiece();
    const assembly = createFlameAssembly(header.value.nodeCount, header.value.depth, false);
    for (const piece of pieces) expect(assembly.append(piece)).toBe(true);
    expect(pieces.length).toBeGreaterThan(3);
    expect(assembly.graph.count).toBe(header.value.nodeCount);
    expect(names.reduce((sum, piece) => sum + piece.names.length, 0)).toBe(header.value.functionCount);
  });

  it('what the screen shows of a large view ahead of it, in the same places and by the same names', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `root;f${n % 500};g${n};h${n % 77} ${1 + (n % 9)}`);
    spool.put('big', ['hot;spot 500000', ...lines].join('\n'));
    const ahead: FlamePiece[] = [];
    window.on('view.preview', (piece) => ahead.push(piece));
    const header = await window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: 'big', valueIndex: 0 },
      screen: { widthPx: 800, zoomPath: [], from: 0, to: 1 },
    });
    if (!header.ok) throw new Error(header.failure.message);
    await lastPiece();
    expect(header.value.preview).toEqual({ nodeCount: 504, depth: 3 });
    expect(ahead.at(-1)).toMatchObject({ last: true });
    const nameOf = names.flatMap((each) => each.names);
    const boxes = (runs: readonly FlamePiece[]): readonly string[] =>
      runs.flatMap(({ functionIndex, depth, x0, x1 }) =>
        Array.from(functionIndex, (index, node) => [nameOf[index], depth[node], x0[node], x1[node]].join()),
      );
    const [whole, preview] = [boxes(pieces), boxes(ahead)];
    expect(whole).toHaveLength(header.value.nodeCount);
    const places = new Set(whole);
    expect(preview.filter((box) => !places.has(box))).toEqual([]);
    expect(preview).toHaveLength(504);
    const table = await window.call('view.functions', { viewId: 'v' });
    expect(table.ok && table.value.functionIndex.length).toBe(header.value.functionCount);
  });

  it('what was measured with a label, and without it', async () => {
    const label = (value: number): number[] => len(3, [...num(1, 3), ...num(3, value)]);
    const sample = (count: number, labels: readonly number[]): number[] =>
      len(2, [...len(1, [2, 1]), ...len(2, [count]), ...labels]);
    spool.put('p', smallPprof({ sample: [...sample(5, label(7)), ...sample(3, label(8)), ...sample(2, [])] }));
    expect(await window.call('profile.open', { profileId: 'p' })).toMatchObject({ value: { labelKeys: ['main'] } });
    expect(await window.call('profile.labels', { profileId: 'p', valueIndex: 0 })).toEqual({
      ok: true,
      value: {
        rows: [
          { key: 'main', value: '7', unit: '', total: 5 },
          { key: 'main', value: '8', unit: '', total: 3 },
        ],
        leftOut: 0,
        unlabelled: 2,
      },
    });
    const totalOf = async (...operations: readonly Operation[]): Promise<number> => {
      const source: ViewSource = { kind: 'flame', profileId: 'p', valueIndex: 0, operations: [...operations] };
      const opened = await window.call('view.open', { viewId: 'v', source });
      return opened.ok ? opened.value.total : NaN;
    };
    const of = (value: string): LabelKey => ({ key: 'main', value, unit: '' });
    expect(await totalOf({ kind: 'keep-label', label: of('7') })).toBe(5);
    expect(await totalOf({ kind: 'drop-label', label: of('7') })).toBe(5);
    expect(await totalOf({ kind: 'invert' }, { kind: 'drop-label', label: of('7') })).toBe(5);
    expect(await totalOf({ kind: 'drop-label', label: of('7') }, { kind: 'drop-label', label: of('8') })).toBe(2);
    expect(await totalOf({ kind: 'keep-label', label: of('7') }, { kind: 'keep-label', label: of('8') })).toBe(0);
    expect(await totalOf({ kind: 'keep-label', label: of('none') })).toBe(0);
  });

  it('when samples were taken, and what was measured in a part of that time', async () => {
    const at = (ns: bigint): number[] => len(3, [...num(1, 3), ...num(3, ns)]);
    const thread = (name: number): number[] => len(3, [...num(1, 4), ...num(2, name)]);
    const sample = (count: number, ...labels: readonly number[][]): number[] =>
      len(2, [...len(1, [2, 1]), ...len(2, [count]), ...labels.flat()]);
    spool.put(
      'p',
      smallPprof({
        sample: [
          ...sample(5, at(10_100_000_000n), thread(5)),
          ...sample(3, at(10_190_000_000n)),
          ...sample(2, at(11_900_000_000n), thread(5)),
          ...sample(1),
        ],
        strings: ['', 'samples', 'count', 'end_timestamp_ns', 'thread', 'io'].flatMap((text) => len(6, text)),
      }),
    );
    const cellsOf = async (...operations: readonly Operation[]): Promise<unknown> => {
      const heat = await window.call('profile.heat', { profileId: 'p', operations: [...operations] });
      if (!heat.ok) return heat.failure.code;
      return Array.from(heat.value.counts, (count, cell) => [cell, count]).filter(([, count]) => count !== 0);
    };
    expect(await cellsOf()).toEqual([
      [5, 5],
      [9, 3],
      [95, 2],
    ]);
    const io: Operation = { kind: 'keep-label', label: { key: 'thread', value: 'io', unit: '' } };
    expect(await cellsOf(io)).toEqual([
      [5, 5],
      [95, 2],
    ]);
    const totalOf = async (...operations: readonly Operation[]): Promise<number> => {
      const source: ViewSource = { kind: 'flame', profileId: 'p', valueIndex: 0, operations: [...operations] };
      const opened = await window.call('view.open', { viewId: 'v', source });
      return opened.ok ? opened.value.total : NaN;
    };
    const second: Operation = { kind: 'keep-times', spans: [{ fromMs: 10_000, toMs: 11_000 }] };
    expect(await totalOf(second)).toBe(8);
    expect(await totalOf(second, io)).toBe(5);
    expect(await cellsOf(second)).toHaveLength(3);
    // A time of its own is no label to filter by.
    const labels = await window.call('profile.labels', { profileId: 'p', valueIndex: 0 });
    expect(labels).toMatchObject({ value: { rows: [{ key: 'thread', value: 'io', total: 7 }], leftOut: 0 } });
    spool.put('untimed', smallPprof());
    expect(await window.call('profile.heat', { profileId: 'untimed' })).toMatchObject({
      failure: { code: 'unsupported' },
    });
  });

  it('nothing more of a view that was closed', async () => {
    spool.put('big', Array.from({ length: 60_000 }, (_, n) => `root;f${n} 1`).join('\n'));
    await window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId: 'big', valueIndex: 0 } });
    await window.call('view.close', { viewId: 'v' });
    const before = pieces.length;
    await window.call('view.close', { viewId: 'v' });
    expect(pieces.length).toBe(before);
    expect(pieces.at(-1)?.last).not.toBe(true);
    expect(await window.call('view.functions', { viewId: 'v' })).toMatchObject({
      ok: false,
      failure: { code: 'not-found' },
    });
  });

  it('failures as results', async () => {
    spool.put('p', 'a 1\n');
    const open = (profileId: string, valueIndex: number): ReturnType<typeof window.call<'view.open'>> =>
      window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId, valueIndex } });
    expect(await open('absent', 0)).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    expect(await open('p', 3)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('and frees what a window had open when its port closes', async () => {
    spool.put('p', 'a 1\n');
    await window.call('profile.open', { profileId: 'p' });
    expect(spool.store.heldBytes).toBeGreaterThan(0);
    window.dispose();
    await vi.waitFor(() => {
      expect(spool.store.heldBytes).toBe(0);
    });
  });
});

describe('sharing', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrometer-share-'));
    spool.put('before', 'a;b 4\na;c 2\n');
    spool.put('after', 'a;b 6\nd 2\n');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const flame = { kind: 'flame', profileId: 'after', valueIndex: 0 } as const;
  const diff = {
    kind: 'diff',
    baselineId: 'before',
    comparisonId: 'after',
    valueIndex: 0,
    scale: { by: 'work', baseline: 6, comparison: 8 },
  } as const;

  it('writes pprof that opens again as the same stacks', async () => {
    const [here, there] = portPair();
    serveShell(there, spool.store, (error) => bugs.push(error));
    const shell = connect<DecoderShellCalls, EventMap>(here);
    const path = join(folder, 'out.pb.gz');
    const written = await shell.call('share.write', { path, format: 'pprof', title: 'x', source: flame });
    shell.dispose();
    expect(written).toEqual({ ok: true, value: { byteLength: readFileSync(path).length } });
    spool.put('again', readFileSync(path));
    const back = join(folder, 'out.folded');
    await writeShare(spool.store, {
      path: back,
      format: 'folded',
      title: 'x',
      source: { ...flame, profileId: 'again' },
    });
    expect(readFileSync(back, 'utf8')).toBe('a;b 6\nd 2\n');
  });

  it('writes a diff as folded stacks with two counts and refuses it as pprof', async () => {
    const path = join(folder, 'diff.folded');
    expect((await writeShare(spool.store, { path, format: 'folded', title: '', source: diff })).ok).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('a;b 4 6\na;c 2 0\nd 0 2\n');
    const refused = await writeShare(spool.store, { path, format: 'pprof', title: '', source: diff });
    expect(refused).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  });

  it('writes a page with all values', async () => {
    const assets = mkdtempSync(join(folder, 'assets-'));
    writeFileSync(join(assets, 'page.js'), 'void 0');
    writeFileSync(join(assets, 'page.css'), 'body{}');
    const path = join(folder, 'out.html');
    const written = await writeShare(spool.store, { path, format: 'html', title: '<b>', source: diff }, assets);
    expect(written.ok).toBe(true);
    const json = /id="profile">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    expect(JSON.parse(json)).toMatchObject({
      version: 1,
      title: '<b>',
      unit: 'count',
      value: [8, 7, 1, 17 / 3, 4 / 3].map((value) => expect.closeTo(value) as number),
      diff: { comparison: [8, 6, 2, 6, 0] },
    });
  });

  it('leaves nothing behind when it cannot write, and says why', async () => {
    const gone = await writeShare(spool.store, {
      path: join(folder, 'no', 'such', 'x.folded'),
      format: 'folded',
      title: '',
      source: flame,
    });
    expect(gone).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const onFolder = join(folder, 'taken');
    writeFileSync(join(mkdtempSync(join(folder, 'x-')), 'y'), '');
    const path = readdirSync(folder)[0] ?? '';
    const taken = await writeShare(spool.store, {
      path: join(folder, path),
      format: 'folded',
      title: '',
      source: flame,
    });
    expect(taken).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    expect(existsSync(onFolder)).toBe(false);
    expect(readdirSync(folder)).toEqual([path]);
  });
});
