import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecentFiles } from './recent-files.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recent-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (onChange = () => undefined): RecentFiles => new RecentFiles(join(folder, 'recent.json'), onChange);
const names = (files: RecentFiles): string[] => files.list.map(({ name }) => name);

describe('recent files', () => {
  it('has the last one first, each once, over starts', async () => {
    const files = open();
    for (const [index, name] of ['a', 'b', 'c', 'a'].entries()) files.note(`/profiles/${name}.pb.gz`, index);
    expect(names(files)).toEqual(['a.pb.gz', 'c.pb.gz', 'b.pb.gz']);
    await files.flush();
    const again = open();
    expect(again.list).toEqual(files.list);
    expect(again.list[0]).toMatchObject({ folder: '/profiles', openedAtMs: 3 });
    expect(again.pathOf(again.list[1]?.id ?? '')).toBe('/profiles/c.pb.gz');
    expect(again.pathOf('0123')).toBeUndefined();
  });

  it('keeps a dozen, forgets one, and all', async () => {
    let changes = 0;
    const files = open(() => {
      changes += 1;
      return undefined;
    });
    for (let index = 0; index < 20; index++) files.note(`/p/${index}`, index);
    expect(files.list).toHaveLength(12);
    files.forget('/p/19');
    expect(names(files)[0]).toBe('18');
    files.clear();
    expect(files.list).toEqual([]);
    expect(changes).toBe(22);
    await files.flush();
    expect(open().list).toEqual([]);
  });

  it.each(['', '{', '[]', '{"version":2,"files":[]}'])('begins afresh from %j', (text) => {
    writeFileSync(join(folder, 'recent.json'), text);
    expect(open().list).toEqual([]);
  });
});
