import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { typeScriptDecoder, type ProfileDecoder } from './decoder.js';
import { unpackedCap } from './gunzip.js';
import { loadDecoder } from './native.js';

const mebibyte = 1024 * 1024;

describe('what a file may unpack to', () => {
  it('is 200 times its size, 1 MiB of a tiny one, and never 2 GiB', () => {
    expect([20, 5000, 100_000, 2 ** 30].map(unpackedCap)).toEqual([mebibyte, mebibyte, 20_000_000, 2 ** 31 - 1]);
  });

  const decoders: readonly (readonly [string, ProfileDecoder])[] = [
    ['zlib', typeScriptDecoder('the test wants it')],
    ['the addon, where there is one', loadDecoder()],
  ];
  it.each(decoders)('refuses a bomb, and takes no more memory than its cap for it: %s', async (_, decoder) => {
    // The best that gzip can do: 100 KB for 100 MB.
    const bomb = gzipSync(Buffer.alloc(100 * mebibyte), { level: 9 });
    expect(bomb.length).toBeLessThan(110_000);
    const before = process.memoryUsage.rss();
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    }, 1);
    const outcome = await decoder.decode(bomb);
    clearInterval(look);
    most = Math.max(most, process.memoryUsage.rss() - before);
    expect(outcome).toMatchObject({
      ok: false,
      failure: {
        code: 'too-large',
        message: expect.stringMatching(/more than 19 MiB.*gunzip and open that/) as string,
      },
    });
    expect(most).toBeLessThan(64 * mebibyte);
  });

  it.each(decoders)('lets through what somebody wrote, however much alike it is: %s', async (_, decoder) => {
    const text = 'main;work 1\n'.repeat(80_000);
    const packed = gzipSync(text);
    expect(packed.length * 200).toBeLessThan(text.length);
    expect(await decoder.decode(packed)).toMatchObject({ ok: true });
  });
});
