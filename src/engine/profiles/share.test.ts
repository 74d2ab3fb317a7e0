import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile } from '../files/atomic-write.js';
import { checkWritable } from './share.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-write-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('checkWritable', () => {
  it('leaves nothing, and leaves alone what is there', async () => {
    const path = join(folder, 'flame.html');
    expect(await checkWritable(path)).toEqual({ ok: true, value: null });
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, 'before');
    expect(await checkWritable(path)).toEqual({ ok: true, value: null });
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it('says what is wrong with the folder', async () => {
    const missing = join(folder, 'none', 'flame.html');
    expect(await checkWritable(missing)).toMatchObject({
      failure: { code: 'not-found', message: `The folder of ${missing} is not there. Choose another one.` },
    });
    await mkdir(join(folder, 'flame.html'));
    expect(await checkWritable(join(folder, 'flame.html'))).toMatchObject({ failure: { code: 'invalid-input' } });
    // /proc takes no files from anybody, not even from root.
    expect(await checkWritable('/proc/flame.html')).toMatchObject({ ok: false });
  });
});

describe('replaceFile', () => {
  it('writes the whole, or leaves what was there', async () => {
    const path = join(folder, 'a.folded');
    expect(await replaceFile(path, ['main ', new Uint8Array([0x31])], 0o644)).toBe(6);
    expect(await readFile(path, 'utf8')).toBe('main 1');
    await expect(replaceFile(join(folder, 'none', 'b'), ['x'], 0o644)).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual(['a.folded']);
  });
});
