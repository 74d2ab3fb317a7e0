import { describe, expect, it, vi } from 'vitest';
import type { FlamePiece, WorkProgress } from '../../contract/decoder.js';
import type { FrameSet } from '../../contract/operations.js';
import { createFlameAssembly } from '../../core/flame/flame-graph.js';
import { smallPprof } from '../../core/formats/testing/wire.js';
import { serveEachTest } from './testing/served-window.js';

const served = serveEachTest();
const { names, namePieces, pieces, lastPiece } = served;

describe('the decoder serves', () => {
  it('a flame graph: header, then names before the pieces that use them', async () => {
    served.spool.put('p', 'main;read (/srv/shop/io.py:3) 6\nmain 2\nidle_[k] 2\n');
    const header = await served.window.call('view.open', {
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
    expect(namePieces).toEqual([
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
    expect(await served.window.call('view.functions', { viewId: 'v1' })).toEqual({
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
    served.spool.put('before', 'a;b 4\na;c 2\n');
    served.spool.put('after', 'a;b 6\nd 2\n');
    const source = {
      kind: 'diff',
      baselineId: 'before',
      comparisonId: 'after',
      valueIndex: 0,
      scale: { by: 'work', baseline: 6, comparison: 8 },
    } as const;
    const header = await served.window.call('view.open', { viewId: 'd', source });
    expect(header).toMatchObject({ ok: true, value: { total: 8, baselineTotal: 6, comparisonTotal: 8, nodeCount: 5 } });
    await lastPiece();
    const piece = pieces[0];
    const byName = Object.fromEntries(
      [...(piece?.functionIndex ?? [])].map((index, node) => [
        names[index] ?? '',
        [piece?.baseline?.[node], piece?.comparison?.[node]],
      ]),
    );
    expect(byName).toEqual({ all: [8, 8], a: [8, 6], b: [16 / 3, 6], c: [8 / 3, 0], d: [0, 2] });
    expect(await served.window.call('view.summary', { viewId: 'd' })).toMatchObject({
      failure: { code: 'unsupported' },
    });
    const table = await served.window.call('view.functions', { viewId: 'd' });
    expect(table.ok && table.value.baselineTotal?.length).toBe(5);
  });

  it('how far it is, and ends what is given up', async () => {
    const steps: WorkProgress[] = [];
    served.window.on('work.progress', (progress) => steps.push(progress));
    served.spool.put('p', 'main;read 6\nmain 2\n');
    expect((await served.window.call('profile.open', { profileId: 'p' })).ok).toBe(true);
    expect(steps).toEqual([
      { of: 'p', step: 'reading', share: null },
      { of: 'p', step: 'decoding', share: 0 },
    ]);
    served.spool.put('large', 'main;read 6\n'.repeat(100_000));
    const controller = new AbortController();
    const opening = served.window.call('profile.open', { profileId: 'large' }, controller.signal);
    controller.abort();
    expect(await opening).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
  });

  it('a diff with a selection that has no samples, on either side', async () => {
    // What Pyroscope 1.12 answers: a sample type without type and unit, an empty string table, an empty period type.
    served.spool.put('nothing', Uint8Array.of(0x0a, 0, 0x32, 0, 0x5a, 0));
    served.spool.put('something', smallPprof());
    const open = (baselineId: string, comparisonId: string): ReturnType<typeof served.window.call<'view.open'>> =>
      served.window.call('view.open', {
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
    served.spool.put('folded', 'a 1\n');
    expect(await open('folded', 'something')).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('operations, in order, on a flame graph and on both sides of a diff', async () => {
    served.spool.put('before', 'a;b 4\na;c 2\n');
    served.spool.put('after', 'a;b 6\na;b;b 1\nd 2\n');
    const operations = [
      { kind: 'collapse-recursion', reach: 'direct' },
      { kind: 'hide', frames: { by: 'function', name: 'a', file: '' } },
      { kind: 'invert' },
    ] as const;
    const flame = await served.window.call('view.open', {
      viewId: 'f',
      source: { kind: 'flame', profileId: 'after', valueIndex: 0, operations: [...operations] },
    });
    expect(flame).toMatchObject({ ok: true, value: { total: 9, nodeCount: 3, depth: 2, narrowest: 0 } });
    await lastPiece();
    expect(namePieces[0]?.names).toEqual(['all', 'b', 'd']);
    expect(pieces[0]?.x1).toEqual(Float64Array.of(9, 7, 9));
    pieces.length = 0;
    const diff = await served.window.call('view.open', {
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
    expect(pieces[0]?.baselineSelf).toEqual(Float64Array.of(0, 4, 2, 0));
    expect(pieces[0]?.comparisonSelf).toEqual(Float64Array.of(0, 7, 0, 2));
  });

  it('a pattern that is none as a sentence, and names that nothing has as an empty graph', async () => {
    served.spool.put('p', 'a;b 4\n');
    const open = (frames: FrameSet): ReturnType<typeof served.window.call<'view.open'>> =>
      served.window.call('view.open', {
        viewId: 'v',
        source: { kind: 'flame', profileId: 'p', valueIndex: 0, operations: [{ kind: 'keep', frames }] },
      });
    expect(await open({ by: 'pattern', pattern: '(' })).toMatchObject({
      ok: false,
      failure: { code: 'invalid-input', message: "The pattern ( is not a regular expression of RE2's syntax." },
    });
    expect(await open({ by: 'pattern', pattern: 'a{1000}'.repeat(146) })).toMatchObject({
      ok: false,
      failure: { code: 'invalid-input', message: expect.stringMatching(/repeats too much\. Repeat less/) as string },
    });
    expect(await open({ by: 'package', name: 'none' })).toMatchObject({ ok: true, value: { total: 0, nodeCount: 1 } });
  });

  it('many pieces that assemble to the whole, and names in step', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `root;f${n % 500};g${n};h${n % 77} ${1 + (n % 9)}`);
    served.spool.put('big', lines.join('\n'));
    const header = await served.window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: 'big', valueIndex: 0 },
    });
    if (!header.ok) throw new Error(header.failure.message);
    await lastPiece();
    const assembly = createFlameAssembly(header.value.nodeCount, header.value.depth, false);
    for (const piece of pieces) expect(assembly.append(piece)).toBe(true);
    expect(pieces.length).toBeGreaterThan(3);
    expect(assembly.graph.count).toBe(header.value.nodeCount);
    expect(names.length).toBe(header.value.functionCount);
  });

  it('what the screen shows of a large view ahead of it, in the same places and by the same names', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `root;f${n % 500};g${n};h${n % 77} ${1 + (n % 9)}`);
    served.spool.put('big', ['hot;spot 500000', ...lines].join('\n'));
    const ahead: FlamePiece[] = [];
    served.window.on('view.preview', (piece) => ahead.push(piece));
    const header = await served.window.call('view.open', {
      viewId: 'v',
      source: { kind: 'flame', profileId: 'big', valueIndex: 0 },
      screen: { widthPx: 800, zoomPath: [], from: 0, to: 1 },
    });
    if (!header.ok) throw new Error(header.failure.message);
    await lastPiece();
    expect(header.value.preview).toEqual({ nodeCount: 504, depth: 3 });
    expect(ahead.at(-1)).toMatchObject({ last: true });
    const boxes = (runs: readonly FlamePiece[]): readonly string[] =>
      runs.flatMap(({ functionIndex, depth, x0, x1 }) =>
        Array.from(functionIndex, (index, node) => [names[index], depth[node], x0[node], x1[node]].join()),
      );
    const [whole, preview] = [boxes(pieces), boxes(ahead)];
    expect(whole).toHaveLength(header.value.nodeCount);
    const places = new Set(whole);
    expect(preview.filter((box) => !places.has(box))).toEqual([]);
    expect(preview).toHaveLength(504);
    const table = await served.window.call('view.functions', { viewId: 'v' });
    expect(table.ok && table.value.functionIndex.length).toBe(header.value.functionCount);
  });

  it('nothing more of a view that was closed', async () => {
    served.spool.put('big', Array.from({ length: 60_000 }, (_, n) => `root;f${n} 1`).join('\n'));
    await served.window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId: 'big', valueIndex: 0 } });
    await served.window.call('view.close', { viewId: 'v' });
    const before = pieces.length;
    await served.window.call('view.close', { viewId: 'v' });
    expect(pieces.length).toBe(before);
    expect(pieces.at(-1)?.last).not.toBe(true);
    expect(await served.window.call('view.functions', { viewId: 'v' })).toMatchObject({
      ok: false,
      failure: { code: 'not-found' },
    });
  });

  it('failures as results', async () => {
    served.spool.put('p', 'a 1\n');
    const open = (profileId: string, valueIndex: number): ReturnType<typeof served.window.call<'view.open'>> =>
      served.window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId, valueIndex } });
    expect(await open('absent', 0)).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    expect(await open('p', 3)).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
  });

  it('and frees what a window had open when its port closes', async () => {
    served.spool.put('p', 'a 1\n');
    await served.window.call('profile.open', { profileId: 'p' });
    expect(served.spool.store.heldBytes).toBeGreaterThan(0);
    served.window.dispose();
    await vi.waitFor(() => {
      expect(served.spool.store.heldBytes).toBe(0);
    });
  });
});
