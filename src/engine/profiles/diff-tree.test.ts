import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ViewSource } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { typeScriptDecoder, type ProfileDecoder } from './decoder.js';
import { cpuPprof } from './testing/cpu-pprof.js';
import { testSpool, type TestSpool } from './testing/spool.js';
import { viewTree, type ViewTree } from './view-tree.js';

let spool: TestSpool;
const decoder = typeScriptDecoder('the test wants it');
const align = vi.fn<ProfileDecoder['align']>((...given) => decoder.align(...given));

const rewrite = vi.fn<ProfileDecoder['rewrite']>((...given) => decoder.rewrite(...given));

beforeEach(() => {
  vi.clearAllMocks();
  spool = testSpool({ ...decoder, align, rewrite });
  const side = (count: number) => cpuPprof([{ stack: 'main;serve;json', count }], { durationNs: 1e9 });
  spool.put('A', side(40));
  spool.put('B', side(60));
});

afterEach(() => {
  spool.dispose();
});

const source = (how: Partial<Extract<ViewSource, { kind: 'diff' }>> = {}): ViewSource => ({
  kind: 'diff',
  baselineId: 'A',
  comparisonId: 'B',
  valueIndex: 0,
  scale: { by: 'absolute' },
  ...how,
});

async function open(how?: Partial<Extract<ViewSource, { kind: 'diff' }>>): Promise<ViewTree> {
  const made = await viewTree(spool.store, source(how));
  if (!made.ok) throw new Error(made.failure.message);
  return made.value;
}

it('what is done to a comparison that is held does not align it once more', async () => {
  const holder = {};
  for (const id of ['A', 'B']) await spool.store.open(id, holder);
  const held = [await open()];
  const hide: Operation = { kind: 'hide', frames: { by: 'function', name: 'json', file: '' } };
  held.push(await open({ operations: [hide] }), await open({ width: 'baseline' }));
  expect(align).toHaveBeenCalledTimes(1);
  expect(held.map(({ layout }) => layout.total[0])).toEqual([5e8, 5e8, 4e8]);
  expect(held[1]?.layout.nodeCount).toBeLessThan(held[0]?.layout.nodeCount ?? 0);
  // Another scale has the same call nodes and other values.
  held.push(await open({ scale: { by: 'work', baseline: 1, comparison: 3 } }), await open());
  expect(align).toHaveBeenCalledTimes(1);
  expect(held.map(({ layout }) => layout.total[0])).toEqual([5e8, 5e8, 4e8, 9e8, 5e8]);
  expect(held[3]?.layout.subtreeEnd).toBe(held[0]?.layout.subtreeEnd);
  // Another question: the other way round.
  held.push(await open({ baselineId: 'B', comparisonId: 'A' }));
  expect(align).toHaveBeenCalledTimes(2);
});

it('operations rewrite call nodes once for all values of them, but for an inversion, which is one of values', async () => {
  const holder = {};
  for (const id of ['A', 'B']) await spool.store.open(id, holder);
  const scale = { by: 'work', baseline: 1, comparison: 3 } as const;
  const hide: Operation[] = [{ kind: 'hide', frames: { by: 'function', name: 'json', file: '' } }];
  const held = [await open({ operations: hide }), await open({ operations: hide, scale })];
  expect(rewrite).toHaveBeenCalledTimes(1);
  expect(held.map(({ layout }) => layout.total[0])).toEqual([5e8, 9e8]);
  expect(held[1]?.layout.subtreeEnd).toBe(held[0]?.layout.subtreeEnd);
  const invert: Operation[] = [{ kind: 'invert' }];
  held.push(await open({ operations: invert }), await open({ operations: invert, scale }));
  expect(rewrite).toHaveBeenCalledTimes(3);
});

it('profiles that were read anew are aligned anew', async () => {
  const before = await open();
  const after = await open();
  expect(align).toHaveBeenCalledTimes(2);
  expect(after.layout.total).toEqual(before.layout.total);
});
