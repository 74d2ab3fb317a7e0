import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventMap } from '../../contract/calls.js';
import type { DecoderShellCalls } from '../../contract/decoder.js';
import { connect } from '../../contract/rpc.js';
import { serveShell } from './serve.js';
import { writeShare } from './share.js';
import { portPair } from './testing/ports.js';
import { serveEachTest } from './testing/served-window.js';

const served = serveEachTest();

describe('sharing', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrometer-share-'));
    served.spool.put('before', 'a;b 4\na;c 2\n');
    served.spool.put('after', 'a;b 6\nd 2\n');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const flame = { kind: 'flame', profileId: 'after', valueIndex: 0 } as const;
  const diff = {
    kind: 'diff',
    baselineId: 'before',
    comparisonId: 'after',
    valueIndex: 0,
    scale: { by: 'work', baseline: 6, comparison: 8 },
  } as const;

  it('writes pprof that opens again as the same stacks', async () => {
    const [here, there] = portPair();
    serveShell(there, served.spool.store, (error) => served.bugs.push(error));
    const shell = connect<DecoderShellCalls, EventMap>(here);
    const path = join(folder, 'out.pb.gz');
    const written = await shell.call('share.write', { path, format: 'pprof', title: 'x', source: flame });
    shell.dispose();
    expect(written).toEqual({ ok: true, value: { byteLength: readFileSync(path).length } });
    served.spool.put('again', readFileSync(path));
    const back = join(folder, 'out.folded');
    await writeShare(served.spool.store, {
      path: back,
      format: 'folded',
      title: 'x',
      source: { ...flame, profileId: 'again' },
    });
    expect(readFileSync(back, 'utf8')).toBe('a;b 6\nd 2\n');
  });

  it('writes a diff as folded stacks with two counts and refuses it as pprof', async () => {
    const path = join(folder, 'diff.folded');
    expect((await writeShare(served.spool.store, { path, format: 'folded', title: '', source: diff })).ok).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('a;b 4 6\na;c 2 0\nd 0 2\n');
    const refused = await writeShare(served.spool.store, { path, format: 'pprof', title: '', source: diff });
    expect(refused).toMatchObject({ ok: false, failure: { code: 'unsupported' } });
  });

  it('writes a page with all values', async () => {
    const assets = mkdtempSync(join(folder, 'assets-'));
    writeFileSync(join(assets, 'page.js'), 'void 0');
    writeFileSync(join(assets, 'page.css'), 'body{}');
    const path = join(folder, 'out.html');
    const written = await writeShare(served.spool.store, { path, format: 'html', title: '<b>', source: diff }, assets);
    expect(written.ok).toBe(true);
    const json = /id="profile">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    expect(JSON.parse(json)).toMatchObject({
      version: 1,
      title: '<b>',
      unit: 'count',
      value: [8, 7, 1, 17 / 3, 4 / 3].map((value) => expect.closeTo(value) as number),
      diff: { comparison: [8, 6, 2, 6, 0] },
    });
  });

  it('leaves nothing behind when it cannot write, and says why', async () => {
    const gone = await writeShare(served.spool.store, {
      path: join(folder, 'no', 'such', 'x.folded'),
      format: 'folded',
      title: '',
      source: flame,
    });
    expect(gone).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const onFolder = join(folder, 'taken');
    writeFileSync(join(mkdtempSync(join(folder, 'x-')), 'y'), '');
    const path = readdirSync(folder)[0] ?? '';
    const taken = await writeShare(served.spool.store, {
      path: join(folder, path),
      format: 'folded',
      title: '',
      source: flame,
    });
    expect(taken).toMatchObject({ ok: false, failure: { code: 'invalid-input' } });
    expect(existsSync(onFolder)).toBe(false);
    expect(readdirSync(folder)).toEqual([path]);
  });
});
