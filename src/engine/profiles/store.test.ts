import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { smallPprof } from '../../core/formats/testing/wire.js';
import type { ProfileDecoder } from './decoder.js';
import { typeScriptDecoder } from './decoder.js';
import { profileBytes } from './memory.js';
import { readProfileFile } from './store.js';
import { summaryOf } from './summary.js';
import { testSpool, type TestSpool } from './testing/spool.js';

let decodes = 0;
const counting: ProfileDecoder = {
  ...typeScriptDecoder('the test wants it'),
  decode: (bytes) => {
    decodes++;
    return typeScriptDecoder('the test wants it').decode(bytes);
  },
};

let spool: TestSpool | undefined;
const start = (memoryBudget?: number): TestSpool => {
  decodes = 0;
  spool = testSpool(counting, memoryBudget);
  return spool;
};
afterEach(() => {
  spool?.dispose();
});

describe('profile store', () => {
  it('opens gzip, plain and folded files and says what they hold', async () => {
    const { store, put } = start();
    put('gz', gzipSync(smallPprof()));
    put('two-members', Buffer.concat([gzipSync('a;b 1\n'), gzipSync('a;c 2\n')]));
    put('folded', 'main;read 3\nmain 1\n');
    const holder = {};
    const summaries = [];
    for (const id of ['gz', 'two-members', 'folded']) {
      const opened = await store.open(id, holder);
      summaries.push(opened.ok ? summaryOf(opened.value) : opened);
    }
    expect(summaries).toEqual([
      {
        profileId: 'gz',
        format: 'pprof',
        sampleTypes: [{ type: 'cpu', unit: 'ns' }],
        defaultValueIndex: 0,
        totals: [5],
        periods: [0],
        sampleCount: 1,
        functionCount: 2,
        timeMs: 0,
        durationMs: 0,
        comments: [],
        labelKeys: [],
        warnings: [],
        decodedBy: 'TypeScript, because the test wants it',
      },
      expect.objectContaining({ format: 'folded stacks', totals: [3] }),
      expect.objectContaining({ format: 'folded stacks', totals: [4], functionCount: 2 }),
    ]);
  });

  it('decodes once, also for two that ask at the same time', async () => {
    const { store, put } = start();
    put('p', smallPprof());
    const [one, other] = await Promise.all([store.open('p', {}), store.open('p', {})]);
    expect(one.ok && other.ok && one.value.decoded === other.value.decoded).toBe(true);
    expect(decodes).toBe(1);
  });

  it('frees a profile when its last holder is gone', async () => {
    const { store, put } = start();
    put('p', smallPprof());
    const [one, other] = [{}, {}];
    await store.open('p', one);
    await store.open('p', other);
    store.closeAll(one);
    expect(store.heldBytes).toBeGreaterThan(0);
    store.close('p', other);
    expect(store.heldBytes).toBe(0);
    await store.open('p', one);
    expect(decodes).toBe(2);
  });

  it('keeps to its budget and decodes again what it let go', async () => {
    const probe = await readProfileFileOrThrow();
    const { store, put } = start(profileBytes(probe) * 2.5);
    const holder = {};
    for (const id of ['a', 'b', 'c']) {
      put(id, smallPprof());
      await store.open(id, holder);
    }
    expect(store.heldBytes).toBeLessThanOrEqual(profileBytes(probe) * 2.5);
    expect(decodes).toBe(3);
    await store.open('c', holder);
    expect(decodes).toBe(3);
    const again = await store.open('a', holder);
    expect(decodes).toBe(4);
    expect(again.ok && (await again.value.tree(0)).total[0]).toBe(5);
  });

  it('ends decoding that nobody waits for any more, and forgets it', async () => {
    const ended: unknown[] = [];
    const never: ProfileDecoder = {
      ...counting,
      decode: (_bytes, watch) =>
        new Promise((_resolve, reject) => {
          watch?.signal?.addEventListener('abort', () => {
            ended.push(watch.signal?.reason);
            reject(new Error('ended'));
          });
        }),
    };
    spool = testSpool(never);
    const { store, put } = spool;
    put('p', smallPprof());
    const controller = new AbortController();
    const opening = store.open('p', {}, { signal: controller.signal });
    controller.abort(new Error('not wanted'));
    await expect(opening).rejects.toThrow('not wanted');
    await expect.poll(() => ended.length).toBe(1);
    expect(store.heldBytes).toBe(0);
  });

  it('goes on decoding for the request that superseded another one', async () => {
    const { store, put } = start();
    put('p', smallPprof());
    const holder = {};
    const controller = new AbortController();
    const superseded = store.open('p', holder, { signal: controller.signal });
    controller.abort(new Error('superseded'));
    const opened = store.open('p', holder);
    await expect(superseded).rejects.toThrow('superseded');
    expect((await opened).ok).toBe(true);
    expect(decodes).toBe(1);
    store.close('p', holder);
    expect(store.heldBytes).toBe(0);
  });

  it('answers what is wrong with a file', async () => {
    const { store, put, folder } = start();
    put('cut', smallPprof().subarray(0, 60));
    put('cut-gz', gzipSync(smallPprof()).subarray(0, 40));
    put('empty', '');
    put('text', 'hello world');
    put('bomb', gzipSync(Buffer.alloc(80 * 1024 * 1024)));
    const codes: Record<string, string> = {};
    for (const id of ['cut', 'cut-gz', 'empty', 'text', 'bomb', 'absent', '../etc/passwd']) {
      const opened = await store.open(id, {});
      codes[id] = opened.ok ? 'ok' : `${opened.failure.code}: ${opened.failure.message}`;
    }
    expect(codes).toMatchInlineSnapshot(`
      {
        "../etc/passwd": "invalid-input: This is not the id of a profile.",
        "absent": "not-found: The profile is not there any more. Open or fetch it again.",
        "bomb": "too-large: The profile unpacks to more than 15 MiB, far more than a profile of its size should. If you know where it comes from, unpack it with gunzip and open that.",
        "cut": "bad-profile: The profile is cut off: the file ends in the middle of it. Fetch or copy it again.",
        "cut-gz": "bad-profile: The compressed profile is cut off or damaged. Fetch or copy it again.",
        "empty": "bad-profile: The file is empty.",
        "text": "bad-profile: This is not a profile that Pyrometer can read: it reads pprof, Austin and folded stacks, gzip or plain.",
      }
    `);
    expect(store.heldBytes).toBe(0);
    expect(await readProfileFile(folder, counting)).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
  });

  it('reads a file that was cut off once it is whole', async () => {
    const { store, put } = start();
    put('p', smallPprof().subarray(0, 60));
    const holder = {};
    expect((await store.open('p', holder)).ok).toBe(false);
    put('p', smallPprof());
    expect((await store.open('p', holder)).ok).toBe(true);
  });
});

async function readProfileFileOrThrow(): Promise<Parameters<typeof profileBytes>[0]> {
  const decoded = await typeScriptDecoder('').decode(smallPprof());
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decoded.value;
}
