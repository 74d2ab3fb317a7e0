import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecoderCalls, DecoderEvents, NamesPiece, ViewSource } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { unpackNames } from '../../contract/packed-names.js';
import { connect, type Client } from '../../contract/rpc.js';
import { len, num, parts, smallPprof } from '../../core/formats/testing/wire.js';
import { typeScriptDecoder } from './decoder.js';
import { serveWindow } from './serve.js';
import { portPair } from './testing/ports.js';
import { testSpool, type TestSpool } from './testing/spool.js';

let spool: TestSpool;
let window: Client<DecoderCalls, DecoderEvents>;
let names: NamesPiece | undefined;

beforeEach(() => {
  spool = testSpool(typeScriptDecoder('the test wants it'));
  const [here, there] = portPair();
  serveWindow(there, spool.store, () => undefined);
  window = connect<DecoderCalls, DecoderEvents>(here);
  names = undefined;
  window.on('view.names', (piece) => {
    names = unpackNames(piece);
  });
});
afterEach(() => {
  window.dispose();
  spool.dispose();
});

/**
 * "main;work" with so many samples; main is on line 10 of /app/a.py, which does not say where it begins, and work on line 20 of no file.
 * `moved`: main begins so many lines behind line 8, and is sampled as many further down.
 */
function profileOf(samples: number, moved?: number): Uint8Array {
  const begins = moved === undefined ? [] : num(5, 8 + moved);
  const line = num(2, 10 + (moved ?? 0));
  return smallPprof({
    sample: len(2, [...len(1, [2, 1]), ...len(2, [samples])]),
    locations: [
      ...len(4, [...num(1, 1), ...num(2, 1), ...num(3, 0x1000), ...len(4, [...num(1, 1), ...line])]),
      ...len(4, [...num(1, 2), ...num(2, 1), ...num(3, 0x2000), ...len(4, [...num(1, 2), ...num(2, 20)])]),
    ],
    functions: [
      ...len(5, [...num(1, 1), ...num(2, 3), ...num(4, 6), ...begins]),
      ...len(5, [...num(1, 2), ...num(2, 4)]),
    ],
    strings: [...parts.strings, ...len(6, '/app/a.py')],
  });
}

async function linesOf(functionName: string, source: ViewSource, apart?: boolean) {
  await window.call('view.open', { viewId: 'v', source });
  await expect.poll(() => names?.names.length).toBeGreaterThan(1);
  const functionIndex = names?.names.indexOf(functionName) ?? -1;
  return window.call('view.lines', { viewId: 'v', functionIndex, ...(apart === undefined ? {} : { apart }) });
}

describe('the lines of a view', () => {
  const flame = (...operations: Operation[]): ViewSource => ({
    kind: 'flame',
    profileId: 'p',
    valueIndex: 0,
    operations,
  });

  it('are told with what the whole is', async () => {
    spool.put('p', profileOf(5));
    expect(await linesOf('main', flame())).toEqual({
      ok: true,
      value: {
        file: '/app/a.py',
        functionName: 'main',
        line: Uint32Array.of(10),
        owner: Uint32Array.of(0),
        functions: ['main'],
        columns: [{ self: Float64Array.of(0), total: Float64Array.of(5), fileSelf: 0, fileTotal: 5, unknownSelf: 0 }],
        wholes: [5],
        operationCount: 0,
      },
    });
    expect(await linesOf('work', flame())).toMatchObject({ failure: { code: 'not-found' } });
    expect(await window.call('view.lines', { viewId: 'v', functionIndex: 99 })).toMatchObject({ ok: false });
    expect(await window.call('view.lines', { viewId: 'w', functionIndex: 1 })).toMatchObject({ ok: false });
  });

  it('follow the operations before an inversion', async () => {
    spool.put('p', profileOf(5));
    const hidden: Operation = { kind: 'hide', frames: { by: 'pattern', pattern: '^work$' } };
    expect(await linesOf('main', flame(hidden, { kind: 'invert' }))).toMatchObject({
      ok: true,
      value: { operationCount: 1, columns: [{ self: Float64Array.of(5), total: Float64Array.of(5) }] },
    });
    names = undefined;
    const byLine = await linesOf('main:10', flame({ kind: 'group', by: 'line' }));
    expect(byLine).toMatchObject({ ok: true, value: { functionName: 'main', operationCount: 1 } });
  });

  it('have both sides of a comparison, the comparison first', async () => {
    spool.put('a', profileOf(4));
    spool.put('b', profileOf(6));
    const source = {
      kind: 'diff',
      baselineId: 'a',
      comparisonId: 'b',
      valueIndex: 0,
      scale: { by: 'absolute' },
    } as const;
    expect(await linesOf('main', source)).toMatchObject({
      ok: true,
      value: { columns: [{ total: Float64Array.of(6) }, { total: Float64Array.of(4) }], wholes: [6, 4] },
    });
  });

  it('have code that moved as one line, where the comparison has it', async () => {
    const source = {
      kind: 'diff',
      baselineId: 'a',
      comparisonId: 'b',
      valueIndex: 0,
      scale: { by: 'absolute' },
    } as const;
    spool.put('a', profileOf(4, 0));
    spool.put('b', profileOf(6, 5));
    expect(await linesOf('main', source)).toMatchObject({
      ok: true,
      value: {
        line: Uint32Array.of(15),
        columns: [{ total: Float64Array.of(6) }, { total: Float64Array.of(4) }],
      },
    });
    names = undefined;
    const apart = await linesOf('main', source, true);
    expect(apart).toMatchObject({
      ok: true,
      value: {
        line: Uint32Array.of(15),
        columns: [{ total: Float64Array.of(6) }],
        before: { line: Uint32Array.of(10), columns: [{ total: Float64Array.of(4) }] },
        wholes: [6, 4],
      },
    });
    // Asked for the other way in the same view.
    expect(await window.call('view.lines', { viewId: 'v', functionIndex: 1 })).toMatchObject({
      value: { columns: [{ total: Float64Array.of(6) }, { total: Float64Array.of(4) }] },
    });
  });
});
