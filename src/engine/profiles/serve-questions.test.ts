import { describe, expect, it } from 'vitest';
import type { ViewSource } from '../../contract/decoder.js';
import type { LabelKey, Operation } from '../../contract/operations.js';
import { len, num, smallPprof } from '../../core/formats/testing/wire.js';
import { serveEachTest } from './testing/served-window.js';

const served = serveEachTest();
const { names, lastPiece } = served;

describe('the decoder answers', () => {
  it('the call tree of what is shown, row by row', async () => {
    served.spool.put('p', 'a;b 4\na;c 5\nb 2\n');
    await served.window.call('view.open', {
      viewId: 'v',
      source: {
        kind: 'flame',
        profileId: 'p',
        valueIndex: 0,
        operations: [{ kind: 'drop', frames: { by: 'function', name: 'c', file: '' } }],
      },
    });
    await lastPiece();
    const numberOf = (name: string): number => names.indexOf(name);
    const children = (direction: 'callees' | 'callers', path: string[], first = 0): Promise<unknown> =>
      served.window.call('view.children', {
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
    expect(await served.window.call('view.children', byChange)).toMatchObject({ ok: false });
  });

  it('what is known of a function', async () => {
    served.spool.put('p', 'main (/srv/shop/io.py:3) 6\n');
    await served.window.call('view.open', { viewId: 'v', source: { kind: 'flame', profileId: 'p', valueIndex: 0 } });
    expect(await served.window.call('view.frame', { viewId: 'v', functionIndex: 1 })).toEqual({
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
    expect(await served.window.call('view.frame', { viewId: 'v', functionIndex: 2 })).toMatchObject({
      ok: false,
      failure: { code: 'not-found' },
    });
    expect(await served.window.call('view.frame', { viewId: 'w', functionIndex: 1 })).toMatchObject({ ok: false });
  });

  it('what was measured with a label, and without it', async () => {
    const label = (value: number): number[] => len(3, [...num(1, 3), ...num(3, value)]);
    const sample = (count: number, labels: readonly number[]): number[] =>
      len(2, [...len(1, [2, 1]), ...len(2, [count]), ...labels]);
    served.spool.put('p', smallPprof({ sample: [...sample(5, label(7)), ...sample(3, label(8)), ...sample(2, [])] }));
    expect(await served.window.call('profile.open', { profileId: 'p' })).toMatchObject({
      value: { labelKeys: ['main'] },
    });
    expect(await served.window.call('profile.labels', { profileId: 'p', valueIndex: 0 })).toEqual({
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
      const opened = await served.window.call('view.open', { viewId: 'v', source });
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
    served.spool.put(
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
      const heat = await served.window.call('profile.heat', { profileId: 'p', operations: [...operations] });
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
      const opened = await served.window.call('view.open', { viewId: 'v', source });
      return opened.ok ? opened.value.total : NaN;
    };
    const second: Operation = { kind: 'keep-times', spans: [{ fromMs: 10_000, toMs: 11_000 }] };
    expect(await totalOf(second)).toBe(8);
    expect(await totalOf(second, io)).toBe(5);
    expect(await cellsOf(second)).toHaveLength(3);
    // A time of its own is no label to filter by.
    const labels = await served.window.call('profile.labels', { profileId: 'p', valueIndex: 0 });
    expect(labels).toMatchObject({ value: { rows: [{ key: 'thread', value: 'io', total: 7 }], leftOut: 0 } });
    served.spool.put('untimed', smallPprof());
    expect(await served.window.call('profile.heat', { profileId: 'untimed' })).toMatchObject({
      failure: { code: 'unsupported' },
    });
  });
});
