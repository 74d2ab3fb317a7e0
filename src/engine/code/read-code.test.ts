import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CodeAnswer } from '../../contract/code.js';
import { ok } from '../../contract/result.js';
import { value } from '../link/testing/results.js';
import { LocalLink } from '../link/local-link.js';
import { CodeFolders } from './code-folders.js';
import { readInClones } from './in-clones.js';
import { readCode } from './read-code.js';
import { TargetCode } from './target-code.js';

const selection = {
  targetId: 'local',
  source: 'agent',
  profileType: 'x',
  selector: '{}',
  startMs: 0,
  endMs: 1,
} as const;
const signal = AbortSignal.timeout(60_000);
let folder = '';
let folders: CodeFolders;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pyrometer-folders-')));
  folders = new CodeFolders(join(folder, 'kept', 'code-folders.json'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}
const read = async (file: string): Promise<CodeAnswer> =>
  value(await readCode(file, { folders: value(await folders.list()) }, signal));
const foundIn = async (file: string): Promise<string | undefined> => (await read(file)).found?.text;

describe('folders of this computer', () => {
  it('are kept, one for a beginning of paths', async () => {
    expect(value(await folders.list())).toEqual([]);
    value(await folders.add('/home/me/a', '/app/'));
    value(await folders.add('/home/me/clone', ''));
    const [, clone] = value(await folders.add('/home/me/b', '/app')).toReversed();
    expect(value(await folders.list()).map((each) => [each.prefix, each.folder])).toEqual([
      ['', '/home/me/clone'],
      ['/app', '/home/me/b'],
    ]);
    value(await folders.setPrefix(clone?.folderId ?? '', '/app'));
    expect(value(await folders.list()).map(({ prefix }) => prefix)).toEqual(['/app', '']);
    value(await folders.forget(clone?.folderId ?? ''));
    expect(value(await new CodeFolders(join(folder, 'kept', 'code-folders.json')).list())).toHaveLength(1);
  });

  it('are looked into by the longest beginning', async () => {
    await write('work/app/shop/a.py', 'wide');
    await write('work/shop/a.py', 'narrow');
    value(await folders.add(join(folder, 'work/app'), '/app'));
    expect(await foundIn('/app/shop/a.py')).toBe('wide');
    value(await folders.add(join(folder, 'work/shop'), '/app/shop'));
    expect(await foundIn('/app/./shop//a.py')).toBe('narrow');
    const missing = await read('/app/shop/b.py');
    expect(missing).toMatchObject({
      found: null,
      looks: [{ place: 'folder', why: 'It is not there.' }, { place: 'git' }],
    });
  });

  it('are never left, by dots or by links', async () => {
    await write('secret.py', 'secret');
    await write('work/a.py', 'mine');
    await symlink('a.py', join(folder, 'work', 'inside.py'));
    await symlink('../secret.py', join(folder, 'work', 'outside.py'));
    await symlink('..', join(folder, 'work', 'up'));
    value(await folders.add(join(folder, 'work'), '/app'));
    expect(await foundIn('/app/inside.py')).toBe('mine');
    expect(await foundIn('/app/../secret.py')).toBeUndefined();
    expect(await foundIn('/app/x/../../secret.py')).toBeUndefined();
    for (const path of ['/app/outside.py', '/app/up/secret.py']) {
      expect(await read(path)).toMatchObject({
        found: null,
        looks: [{ why: expect.stringContaining('leads out') as string }, {}],
      });
    }
  });

  it('hold nothing that is no source code', async () => {
    await write('work/.env', 'SECRET=1');
    value(await folders.add(join(folder, 'work'), '/app'));
    for (const file of ['/app/.env', '/etc/shadow', '<string>', '../x.py']) {
      expect(await readCode(file, { folders: value(await folders.list()) }, signal)).toMatchObject({
        ok: false,
        failure: { code: 'unsupported' },
      });
    }
    expect(await read('/other/a.py')).toMatchObject({
      looks: [{ place: 'folder', why: 'No rule takes this path.' }, {}],
    });
  });
});

describe('clones', { timeout: 60_000 }, () => {
  const run = (...args: string[]): string =>
    execFileSync('git', ['-C', join(folder, 'clone'), '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  let first = '';
  const repository = 'https://git.example/acme/shop';

  beforeEach(async () => {
    await write('clone/src/shop/views.py', 'first');
    await write('clone/main.py', 'main');
    run('init', '--quiet', '--initial-branch=trunk');
    run('add', '.');
    run('commit', '--quiet', '-m', 'first');
    first = run('rev-parse', 'HEAD');
    await write('clone/src/shop/views.py', 'second');
    run('commit', '--quiet', '-am', 'second');
    run('remote', 'add', 'origin', 'git@git.example:acme/shop.git');
  });
  const at = async (revision: string, path = '/app/shop/views.py', of = repository) =>
    readInClones(value(await folders.add(join(folder, 'clone'), '')), path, [{ repository: of, revision }], signal);

  it('have the file as it was built', async () => {
    expect(await at(first.slice(0, 10))).toMatchObject({
      found: { place: 'git', text: 'first', where: expect.stringContaining('src/shop/views.py') as string },
    });
    expect(await at('trunk')).toMatchObject({ found: { text: 'second' } });
  });

  it('are asked only for what the labels name', async () => {
    const why = (text: string) => ({ looks: [{ place: 'git', why: expect.stringContaining(text) as string }] });
    expect(await at(first, '/app/shop/views.py', 'https://git.example/acme/other')).toMatchObject(
      why('No folder that was chosen'),
    );
    expect(await at('0123456789abcdef')).toMatchObject(why('does not have this revision'));
    expect(await at(first, '/app/shop/nobody.py')).toMatchObject(why('No file of it'));
    expect(await at(first, '/usr/lib/python3.12/shop/views.py')).toMatchObject(why('a library'));
  });

  it('are not told to do anything else', async () => {
    const mark = join(folder, 'was-here');
    run('config', 'core.fsmonitor', `touch ${mark}`);
    run('config', 'core.pager', `touch ${mark}`);
    run('config', 'diff.x.textconv', `touch ${mark}`);
    await write('clone/.git/info/attributes', '*.py diff=x filter=x\n');
    for (const revision of [`--output=${mark}`, `$(touch ${mark})`, `;touch ${mark}`, 'trunk:main.py', 'HEAD..trunk']) {
      expect(await at(revision)).toMatchObject({ looks: [{ why: 'That is no name of a revision.' }] });
    }
    expect(await at(first)).toMatchObject({ found: { text: 'first' } });
    expect(() => execFileSync('test', ['-e', mark])).toThrow();
  });

  it('go before what runs now where a snapshot knows the revision', async () => {
    await write('work/views.py', 'as it is now');
    value(await folders.add(join(folder, 'work'), '/app/shop'));
    value(await folders.add(join(folder, 'clone'), ''));
    const known = async (revision: string): Promise<CodeAnswer> => {
      const sources = { folders: value(await folders.list()), built: [{ repository, revision }] };
      return value(await readCode('/app/shop/views.py', sources, signal));
    };
    expect(await known(first)).toMatchObject({ found: { place: 'git', text: 'first' }, looks: [] });
    expect(await known('0123456789abcdef')).toMatchObject({
      found: { place: 'folder', text: 'as it is now' },
      looks: [{ place: 'git', why: 'The clone does not have this revision.' }],
    });
  });

  it('go before a container that took the place of the sampled one, where its labels say the revision', async () => {
    value(await folders.add(join(folder, 'clone'), ''));
    const known = async (revision: string, doubt?: string): Promise<CodeAnswer> => {
      const found = { place: 'container', where: 'the container web', text: 'as it is now' } as const;
      const look = () =>
        Promise.resolve({
          tried: { found: doubt === undefined ? found : { ...found, doubt } },
          built: [{ repository, revision }],
        });
      const sources = { folders: value(await folders.list()), target: { code: { look }, selection } };
      return value(await readCode('/app/shop/views.py', sources, signal));
    };
    expect(await known(first, 'It is another one.')).toMatchObject({ found: { place: 'git', text: 'first' } });
    expect(await known('0123456789abcdef', 'It is another one.')).toMatchObject({ found: { text: 'as it is now' } });
    expect(await known(first)).toMatchObject({ found: { place: 'container', text: 'as it is now' } });
  });

  it('show what is checked out where nothing says what ran, and say so', async () => {
    value(await folders.add(join(folder, 'clone'), ''));
    expect((await read('/app/shop/views.py')).found).toMatchObject({
      text: 'second',
      doubt: expect.stringContaining('Nothing says which revision ran') as string,
    });
    expect((await read('/app/main.py')).found?.text).toBe('main');
  });
});

describe('the order', () => {
  it('is where it ran, then folders, and the answer tells what was looked at before', async () => {
    await write('ran/a.py', 'as it ran');
    await write('work/a.py', 'mine');
    value(await folders.add(join(folder, 'work'), folder + '/ran'));
    const code = new TargetCode({
      link: () => new LocalLink(),
      targetName: () => 'this computer',
      labels: () => Promise.resolve(ok([{ service_name: 'cron' }])),
    });
    const both = async (): Promise<CodeAnswer> =>
      value(
        await readCode(
          `${folder}/ran/a.py`,
          { folders: value(await folders.list()), target: { code, selection } },
          signal,
        ),
      );
    expect(await both()).toMatchObject({ found: { place: 'target', text: 'as it ran' }, looks: [] });
    await rm(join(folder, 'ran/a.py'));
    expect(await both()).toMatchObject({
      found: { place: 'folder', text: 'mine', doubt: expect.stringContaining('another version') as string },
      looks: [{ place: 'target', where: 'this computer', why: 'It is not there.' }],
    });
  });
});
