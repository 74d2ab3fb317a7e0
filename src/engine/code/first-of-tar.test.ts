import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { firstOfTar, type TarFile } from './first-of-tar.js';
import { tarOf } from './testing/fake-docker.js';

/** In pieces of so many bytes, as a network might cut them. */
function read(archive: Buffer, pieceBytes = 100, mostBytes = 1000): Promise<TarFile> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < archive.length; at += pieceBytes) pieces.push(archive.subarray(at, at + pieceBytes));
  return firstOfTar(Readable.from(pieces), mostBytes);
}

/** An entry that describes the next one. */
function description(type: 'x' | 'K' | 'L', body: string): Buffer {
  const entry = tarOf('description', { text: body });
  entry.write(type, 156);
  return entry.subarray(0, entry.length - 1024); // without the archive's end
}

describe('the first file of an archive', () => {
  it.each([1, 511, 512, 513, 10_000])('is read in pieces of %d bytes', async (pieceBytes) => {
    const file = await read(tarOf('a.py', { text: 'print(1)\n' }), pieceBytes);
    expect(file.kind === 'file' && file.content.toString()).toBe('print(1)\n');
  });

  it('may be a link, a folder, or something else', async () => {
    expect(await read(tarOf('a.py', { link: '../b.py' }))).toEqual({ kind: 'link', target: '../b.py' });
    expect(await read(tarOf('a', { folder: true }))).toEqual({ kind: 'folder' });
    const device = tarOf('a', { text: '' });
    device.write('3', 156);
    expect(await read(device)).toEqual({ kind: 'special' });
  });

  it('may be described by entries before it', async () => {
    const long = `/srv/${'x'.repeat(200)}.py`;
    const record = ` linkpath=${long}\n`;
    const pax = description('x', `${record.length + 3}${record}`);
    expect(await read(Buffer.concat([pax, tarOf('a', { link: 'short' })]))).toEqual({ kind: 'link', target: long });
    const gnu = description('K', `${long}\0`);
    expect(await read(Buffer.concat([gnu, tarOf('a', { link: 'short' })]))).toEqual({ kind: 'link', target: long });
    const file = await read(Buffer.concat([description('L', 'a-long-name\0'), tarOf('a', { text: 'x' })]));
    expect(file.kind).toBe('file');
  });

  it('is not read where it is too large, whatever it says of its size', async () => {
    expect(await read(tarOf('a', { text: 'x'.repeat(1001) }))).toEqual({ kind: 'too-large' });
    const binary = tarOf('a', { text: '' });
    binary.write('\x80\0\0\0\x7f', 124, 'latin1'); // a size that is written in binary
    expect(await read(binary)).toEqual({ kind: 'too-large' });
    const endless = Array.from({ length: 9 }, () => description('x', '12 a=bcdef\n\n'));
    expect(await read(Buffer.concat([...endless, tarOf('a', { text: 'x' })]))).toEqual({ kind: 'special' });
  });

  it('that is cut off is an error', async () => {
    await expect(read(tarOf('a', { text: 'x'.repeat(900) }).subarray(0, 700))).rejects.toThrow('ends in the middle');
  });
});
