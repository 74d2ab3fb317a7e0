import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Rename } from '../../contract/matching.js';
import { ok } from '../../contract/result.js';
import { RenamesFile } from './renames-file.js';

let folder = '';
let path = '';
let file: RenamesFile;
const rename = (from: string, to: string): Rename => ({
  from: { name: from, file: 'x.py' },
  to: { name: to, file: '' },
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-renames-'));
  path = join(folder, 'data', 'renames.json');
  file = new RenamesFile(path);
});
afterEach(() => rm(folder, { recursive: true }));

it('remembers what was told once, also for another process, and forgets it', async () => {
  expect(await file.list()).toEqual(ok([]));
  const [one, other] = [rename('a', 'b'), rename('c', 'd')];
  await Promise.all([file.tell(one), file.tell(other), file.tell(one)]);
  expect(await new RenamesFile(path).list()).toEqual(ok([other, one]));
  expect(await new RenamesFile(path).forget(other)).toEqual(ok([one]));
  expect(await file.forget(other)).toEqual(ok([one]));
});

it('takes one name for no rename', async () => {
  const same = { name: 'a', file: '' };
  expect(await file.tell({ from: same, to: same })).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
});

it('overwrites no file that it does not understand', async () => {
  await file.tell(rename('a', 'b'));
  for (const [text, code] of [
    ['{', 'bad-profile'],
    ['{"version": 2}', 'unsupported'],
  ] as const) {
    await writeFile(path, text);
    expect(await file.list()).toMatchObject({ ok: false, failure: { code } });
    expect(await file.tell(rename('c', 'd'))).toMatchObject({ ok: false, failure: { code } });
    expect(await readFile(path, 'utf8')).toBe(text);
  }
});
