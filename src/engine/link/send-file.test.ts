import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendFile } from './send-file.js';

describe('sendFile', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-send-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const unlimited = (): AbortSignal => new AbortController().signal;

  async function file(bytes: Buffer): Promise<string> {
    const path = join(folder, 'file');
    await writeFile(path, bytes);
    return path;
  }

  /** A stream that looks at a piece just before it calls back for it. */
  function slow(took: (piece: Buffer) => void, options: { close?: AbortSignal } = {}): Writable {
    const stream = new Writable({
      highWaterMark: 10_000_000,
      write(piece: Buffer, _encoding, done) {
        setTimeout(() => {
          took(piece);
          done();
        }, 5);
      },
    });
    options.close?.addEventListener('abort', () => stream.destroy());
    return stream;
  }

  it('sends all bytes with two pieces of memory, to a stream that is slow to take them', async () => {
    const bytes = Buffer.alloc(3_000_001, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
    const taken: Buffer[] = [];
    const memory = new Set<unknown>();
    const told: number[] = [];
    const to = slow((piece) => {
      memory.add(piece.buffer);
      taken.push(Buffer.from(piece));
    });
    await sendFile(await file(bytes), to, { signal: unlimited(), onTaken: (count) => told.push(count) });
    expect(Buffer.concat(taken).equals(bytes)).toBe(true);
    expect(memory.size).toBe(2);
    expect(told.length).toBe(taken.length);
    expect(told.at(-1)).toBe(bytes.length);
    expect(to.writableFinished).toBe(true);
  });

  it('ends the stream for an empty file', async () => {
    const to = slow(() => undefined);
    const path = await file(Buffer.alloc(0));
    await sendFile(path, to, { signal: unlimited(), onTaken: () => undefined });
    expect(to.writableFinished).toBe(true);
  });

  it.each<[string, (path: string, give: AbortController) => Promise<Writable>]>([
    [
      'the file cannot be read',
      async (path) => {
        await rm(path);
        return slow(() => undefined);
      },
    ],
    ['it is given up', (_path, give) => Promise.resolve(slow(() => { give.abort(); }))], // prettier-ignore
    [
      'the stream closes early',
      () => {
        const close = new AbortController();
        return Promise.resolve(slow(() => { close.abort(); }, { close: close.signal })); // prettier-ignore
      },
    ],
    [
      'the stream fails',
      () =>
        Promise.resolve(
          new Writable({
            write: (_piece, _encoding, done) => {
              done(new Error('full'));
            },
          }).on('error', () => undefined),
        ),
    ],
  ])('rejects and destroys the stream where %s', async (_name, make) => {
    const path = await file(Buffer.alloc(1_000_000));
    const give = new AbortController();
    const to = await make(path, give);
    await expect(sendFile(path, to, { signal: give.signal, onTaken: () => undefined })).rejects.toThrow();
    expect(to.destroyed).toBe(true);
    expect(to.writableFinished).toBe(false);
  });
});
