import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
// Not by name: an older Node has no crc32, and is told so before it is needed.
import zlib from 'node:zlib';

/**
 * A reader of plain zip archives (stored and deflated entries, no zip64, no encryption), so that set-up needs no unzip
 * on the machine. The archive is trusted as far as its pinned hash goes; its paths and sizes are checked all the same.
 */

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
const commentLimitBytes = 0xffff;

/**
 * @typedef {object} ZipEntry
 * @property {string} name
 * @property {number} method 0 stored, 8 deflated
 * @property {number} crc
 * @property {number} compressedBytes
 * @property {number} bytes
 * @property {number} offset of its local header
 * @property {number} mode Unix permission bits; 0 when the archive has none
 */

/**
 * Unpacks the entries that `place` gives a path for, and gives their number.
 *
 * @param {string} archive
 * @param {string} folder
 * @param {(name: string) => string | undefined} place an entry's name to a path below the folder; undefined leaves it out
 */
export async function unpackZip(archive, folder, place) {
  const file = openSync(archive, 'r');
  try {
    let count = 0;
    for (const entry of readDirectory(file)) {
      const path = entry.name.endsWith('/') ? undefined : place(entry.name);
      if (path === undefined) continue;
      const target = resolve(folder, path);
      if (!target.startsWith(resolve(folder) + sep))
        throw new Error(`${archive}: ${entry.name} would land outside the folder`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, await readEntry(file, entry), { mode: entry.mode || 0o644 });
      count += 1;
    }
    return count;
  } finally {
    closeSync(file);
  }
}

/**
 * @param {number} file
 * @returns {ZipEntry[]}
 */
function readDirectory(file) {
  const { size } = fstatSync(file);
  const tail = readAt(
    file,
    Math.max(0, size - endBytes - commentLimitBytes),
    Math.min(size, endBytes + commentLimitBytes),
  );
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end -= 1;
  if (end < 0) throw new Error('not a zip archive, or cut short');
  const count = tail.readUInt16LE(end + 10);
  const bytes = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (count === 0xffff || start === 0xffffffff) throw new Error('zip64 archives are not supported');

  const directory = readAt(file, start, bytes);
  /** @type {ZipEntry[]} */
  const entries = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature)
      throw new Error('broken zip directory');
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + entryBytes, at + entryBytes + nameBytes),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      mode: (directory.readUInt32LE(at + 38) >>> 16) & 0o777,
    });
    at += entryBytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * @param {number} file
 * @param {ZipEntry} entry
 */
async function readEntry(file, entry) {
  const local = readAt(file, entry.offset, localBytes);
  if (local.readUInt32LE(0) !== localSignature) throw new Error(`${entry.name}: broken zip entry`);
  const start = entry.offset + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  const packed = readAt(file, start, entry.compressedBytes);
  const data = await unpacked(entry, packed);
  if (data.length !== entry.bytes || zlib.crc32(data) !== entry.crc)
    throw new Error(`${entry.name}: damaged in the zip archive`);
  return data;
}

/**
 * @param {ZipEntry} entry
 * @param {Buffer} packed
 * @returns {Promise<Buffer>}
 */
async function unpacked(entry, packed) {
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new Error(`${entry.name}: zip method ${entry.method} is not supported`);
  if (entry.bytes === 0) return Buffer.alloc(0);
  return promisify(zlib.inflateRaw)(packed, { maxOutputLength: entry.bytes });
}

/**
 * @param {number} file
 * @param {number} position
 * @param {number} bytes
 */
function readAt(file, position, bytes) {
  const buffer = Buffer.allocUnsafe(bytes);
  let done = 0;
  while (done < bytes) {
    const got = readSync(file, buffer, done, bytes - done, position + done);
    if (got === 0) throw new Error('the zip archive is cut short');
    done += got;
  }
  return buffer;
}
