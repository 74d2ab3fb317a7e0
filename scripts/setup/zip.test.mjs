import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpackZip } from './zip.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * A zip archive of the given files.
 *
 * @param {readonly { name: string, text: string, store?: boolean, mode?: number, crc?: number, bytes?: number }[]} files
 */
function zip(files) {
  const locals = [];
  const directory = [];
  let offset = 0;
  for (const { name, text, store = false, mode = 0o644, crc, bytes } of files) {
    const data = Buffer.from(text);
    const packed = store ? data : deflateRawSync(data);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(store ? 0 : 8, 10);
    entry.writeUInt32LE(crc ?? crc32(data), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(bytes ?? data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  const path = join(folder, 'test.zip');
  writeFileSync(path, Buffer.concat([...locals, list, end]));
  return path;
}

const all = (/** @type {string} */ name) => name;

test('unpacks stored and deflated entries with their modes, and only those that are placed', async () => {
  const archive = zip([
    { name: 'dir/', text: '', store: true },
    { name: 'dir/run', text: 'x'.repeat(10_000), mode: 0o755 },
    { name: 'plain', text: 'plain', store: true },
    { name: 'empty', text: '' },
    { name: 'left out', text: 'no' },
  ]);
  const count = await unpackZip(archive, join(folder, 'to'), (name) => (name === 'left out' ? undefined : name));
  expect(count).toBe(3);
  expect(readFileSync(join(folder, 'to/dir/run'), 'utf8')).toBe('x'.repeat(10_000));
  expect(statSync(join(folder, 'to/dir/run')).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(folder, 'to/plain'), 'utf8')).toBe('plain');
  expect(readFileSync(join(folder, 'to/empty'), 'utf8')).toBe('');
  expect(existsSync(join(folder, 'to/left out'))).toBe(false);
});

test('refuses a path that leads out of the folder', async () => {
  const archive = zip([{ name: '../evil', text: 'x' }]);
  await expect(unpackZip(archive, join(folder, 'to'), all)).rejects.toThrow('outside the folder');
  expect(existsSync(join(folder, 'evil'))).toBe(false);
});

test('refuses damaged, oversized and cut archives', async () => {
  await expect(unpackZip(zip([{ name: 'a', text: 'abc', crc: 1 }]), folder, all)).rejects.toThrow('damaged');
  await expect(unpackZip(zip([{ name: 'a', text: 'a'.repeat(1000), bytes: 10 }]), folder, all)).rejects.toThrow();
  const archive = zip([{ name: 'a', text: 'abc' }]);
  writeFileSync(archive, readFileSync(archive).subarray(0, 40));
  await expect(unpackZip(archive, folder, all)).rejects.toThrow('not a zip archive, or cut short');
});
