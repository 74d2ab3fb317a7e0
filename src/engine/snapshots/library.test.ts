import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { ViewState } from '../../contract/selection.js';
import { SnapshotLibrary, type SnapshotInput } from './library.js';
import { sniff } from './sniff.js';

const view: ViewState = { kind: 'flame', tab: 'table', valueIndex: 1, zoomPath: ['all', 'main'], search: 'json' };
const plain = Uint8Array.from([0x0a, 0x04, 0x08, 0x01, 0x10, 0x02]);
const input: SnapshotInput = {
  title: 'Slow checkout',
  notes: 'after the release <b>',
  view,
  profiles: [
    { bytes: plain, title: 'before' },
    { bytes: gzipSync(plain), title: 'after' },
  ],
};

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.value;
}

describe('SnapshotLibrary', () => {
  let folder = '';
  let library: SnapshotLibrary;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-library-'));
    let time = 1000;
    library = new SnapshotLibrary(join(folder, 'library'), () => time++);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps what was saved, newest first', async () => {
    expect(value(await library.list())).toEqual([]);
    const first = value(await library.save(input));
    const folded: SnapshotInput = {
      ...input,
      title: 'Second',
      profiles: [{ bytes: Buffer.from('a;b 1\n'), title: 'f' }],
    };
    const second = value(await library.save(folded));
    expect(value(await library.list())).toEqual([second, first]);
    expect(first).toMatchObject({ title: 'Slow checkout', createdAtMs: 1000, view, profiles: 2 });
    const opened = value(await library.open(first.snapshotId));
    expect(opened.row).toEqual(first);
    expect(opened.profiles.map((profile) => profile.title)).toEqual(['before', 'after']);
    for (const { bytes } of opened.profiles) expect([...gunzipSync(bytes)]).toEqual([...plain]);
    const text = value(await library.open(second.snapshotId)).profiles[0]?.bytes;
    expect(Buffer.from(text ?? []).toString()).toBe('a;b 1\n');
    value(await library.remove(first.snapshotId));
    expect(value(await library.list())).toEqual([second]);
    expect(await library.remove(first.snapshotId)).toMatchObject({ ok: false, failure: { code: 'not-found' } });
  });

  it('keeps what is known of a profile, and of its view', async () => {
    const selection = {
      targetId: 't1',
      source: 'agent',
      profileType: 'cpu',
      selector: '{}',
      startMs: 1,
      endMs: 2,
    } as const;
    const built = [{ repository: 'https://git.example/shop', revision: '4f2a' }];
    const timeOrder = { thread: { key: 'tid', value: '7', unit: '' } };
    const saved = value(
      await library.save({
        ...input,
        view: { ...view, timeOrder },
        profiles: [
          { bytes: plain, title: 'known', selection, built },
          { bytes: plain, title: 'unknown', built: [] },
        ],
      }),
    );
    const { row, profiles } = value(await library.open(saved.snapshotId));
    expect(row.view.timeOrder).toEqual(timeOrder);
    expect(profiles.map(({ bytes, ...known }) => ({ ...known, isThere: bytes.length > 0 }))).toEqual([
      { title: 'known', selection, built, isThere: true },
      { title: 'unknown', isThere: true },
    ]);
  });

  it('lists damaged snapshots as such, and loses nothing of them', async () => {
    const good = value(await library.save(input));
    const bad = value(await library.save(input));
    const file = join(folder, 'library', bad.snapshotId, 'snapshot.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 40));
    await mkdir(join(folder, 'library', 's-empty'));
    const rows = value(await library.list());
    expect(rows.map((row) => [row.snapshotId, row.profiles])).toEqual(
      expect.arrayContaining([
        [good.snapshotId, 2],
        [bad.snapshotId, 0],
        ['s-empty', 0],
      ]),
    );
    expect(await library.open(bad.snapshotId)).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
    expect(await readdir(join(folder, 'library', bad.snapshotId))).toHaveLength(3);
  });

  it('does not follow a file name out of its folder', async () => {
    const saved = value(await library.save(input));
    const file = join(folder, 'library', saved.snapshotId, 'snapshot.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('profile-0.pb.gz', '../../secret'));
    expect(await library.open(saved.snapshotId)).toMatchObject({ ok: false, failure: { code: 'bad-profile' } });
  });

  it('says that a newer version wrote it', async () => {
    const saved = value(await library.save(input));
    const file = join(folder, 'library', saved.snapshotId, 'snapshot.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"version": 1', '"version": 9'));
    expect(await library.open(saved.snapshotId)).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  });

  it('leaves nothing when it cannot save', async () => {
    await writeFile(join(folder, 'library'), 'a file where the folder should be');
    expect(await library.save(input)).toMatchObject({ ok: false, failure: { code: 'internal' } });
    expect(await library.list()).toMatchObject({ ok: false });
  });
});

describe('sniff', () => {
  it('tells kinds apart', () => {
    expect(sniff(gzipSync('x'))).toBe('gzip');
    expect(sniff(plain)).toBe('binary');
    expect(sniff(Buffer.from('main;ünï 10\r\n\tx 1\n'))).toBe('text');
    expect(sniff(new Uint8Array())).toBe('binary');
  });
});
