import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { toBytes } from '../../core/profile/testing/pictures.js';
import { decodeInTypeScript } from './decode.js';
import { unpackGzip } from './gunzip.js';
import { unlessGivenUp } from './native-watch.js';
import type { Watch } from './watch.js';

/** Gives up at the first share of a step that is told, and keeps what was told. */
function givingUpAt(step: string): { readonly watch: Watch; readonly told: string[] } {
  const controller = new AbortController();
  const told: string[] = [];
  return {
    told,
    watch: {
      signal: controller.signal,
      onStep: (at, share) => {
        told.push(`${at} ${share === null ? '-' : share.toFixed(2)}`);
        if (at === step && share !== null && share > 0) controller.abort(new Error('not wanted'));
      },
    },
  };
}

/** Stacks of which most are others, so that reading them takes many steps. */
const manyStacks = toBytes(
  Array.from({ length: 200_000 }, (_, at) => `main;f${at % 997};g${at % 7919};h${at} 1`).join('\n'),
);

describe('giving up', () => {
  it('ends the unpacking of a gzip by zlib within a piece of it', async () => {
    const plain = Buffer.alloc(16 * 1024 * 1024, 'some text that is packed well, and that is long enough. ');
    const packed = gzipSync(plain, { level: 1 });
    const { watch, told } = givingUpAt('unpacking');
    await expect(unpackGzip(packed, watch)).rejects.toThrow('not wanted');
    expect(told.length).toBeLessThan(30);
    const whole = await unpackGzip(packed);
    expect(whole.ok && Buffer.compare(whole.value, plain)).toBe(0);
    await expect(unpackGzip(packed, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
  });

  it('ends decoding in TypeScript between two steps, which others have as well', async () => {
    const { watch, told } = givingUpAt('decoding');
    const decoding = decodeInTypeScript(manyStacks, 'the test wants it', watch);
    await expect(decoding).rejects.toThrow('not wanted');
    expect(told.at(0)).toBe('decoding 0.00');
    expect(Number(told.at(-1)?.split(' ').at(1))).toBeLessThan(1);
    expect(await decodeInTypeScript(manyStacks, 'the test wants it')).toMatchObject({ ok: true });
  });

  it('waits for no thread that can not be stopped', async () => {
    const controller = new AbortController();
    const never = unlessGivenUp(new Promise<never>(() => undefined), { signal: controller.signal });
    controller.abort(new Error('not wanted'));
    await expect(never).rejects.toThrow('not wanted');
    expect(await unlessGivenUp(Promise.resolve(7), { signal: new AbortController().signal })).toBe(7);
    await expect(
      unlessGivenUp(Promise.reject(new Error('broken')), { signal: new AbortController().signal }),
    ).rejects.toThrow('broken');
  });
});
