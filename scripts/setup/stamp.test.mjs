import { mkdtempSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesBelow, openStamp } from './stamp.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stamp-'));
  writeFileSync(join(folder, 'in'), 'one');
  writeFileSync(join(folder, 'out'), 'made');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @param {Record<string, string>} [settings] */
const open = (settings = {}) =>
  openStamp('test', { inputs: [join(folder, 'in')], outputs: [join(folder, 'out')], settings, directory: folder });

test('fresh after saving, and facts come back', () => {
  const stamp = open();
  expect(stamp.fresh).toBe(false);
  stamp.save({ present: 'yes' });
  expect(open()).toMatchObject({ fresh: true, hash: stamp.hash, facts: { present: 'yes' } });
});

test('stale when an input, a setting or an output changes, or an output goes', () => {
  open().save();
  expect(open({ compiler: 'other' }).fresh).toBe(false);
  writeFileSync(join(folder, 'in'), 'two');
  expect(open().fresh).toBe(false);
  writeFileSync(join(folder, 'in'), 'one');
  expect(open().fresh).toBe(true);
  writeFileSync(join(folder, 'out'), 'made by somebody else');
  expect(open().fresh).toBe(false);
  open().save();
  rmSync(join(folder, 'out'));
  expect(open().fresh).toBe(false);
});

test('touched but equal content stays fresh; changed content with the old time is seen', () => {
  const old = new Date(1_000_000_000_000);
  utimesSync(join(folder, 'in'), old, old);
  open().save();
  utimesSync(join(folder, 'in'), new Date(), new Date());
  expect(open().fresh).toBe(true);
  open().save();
  writeFileSync(join(folder, 'in'), 'TWO');
  utimesSync(join(folder, 'in'), old, old);
  expect(open().fresh).toBe(false);
});

test('a cleared or unreadable stamp is not fresh', () => {
  open().save();
  open().clear();
  expect(open().fresh).toBe(false);
  writeFileSync(join(folder, 'test.json'), '{ half');
  expect(open().fresh).toBe(false);
});

test('an input that changes while the output is made is noticed the next time', () => {
  const stamp = open();
  writeFileSync(join(folder, 'in'), 'changed meanwhile');
  stamp.save();
  expect(open().fresh).toBe(false);
});

test('files below a folder come sorted, without node_modules; no folder gives none', () => {
  mkdirSync(join(folder, 'a/node_modules'), { recursive: true });
  for (const name of ['b.ts', 'a/c.ts', 'a/node_modules/d.ts', 'e.txt']) writeFileSync(join(folder, name), '');
  expect(filesBelow(folder, (path) => path.endsWith('.ts'))).toEqual([join(folder, 'a/c.ts'), join(folder, 'b.ts')]);
  expect(filesBelow(join(folder, 'nowhere'))).toEqual([]);
});
