import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TargetConfig } from '../../contract/target.js';
import { quoteCommand } from './quote.js';
import { TargetsStore } from './targets-store.js';

const config: TargetConfig = {
  kind: 'ssh',
  id: 't-1',
  name: 'Web',
  host: 'web.example',
  port: 22,
  user: 'pyro',
  authentication: { method: 'agent' },
};

describe('TargetsStore', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-targets-'));
    path = join(folder, 'data', 'targets.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function open(onDamaged: (movedTo: string) => void = () => undefined): Promise<TargetsStore> {
    const store = await TargetsStore.open(path, onDamaged);
    if (!store.ok) throw new Error(store.failure.message);
    return store.value;
  }

  it('keeps targets, privately and with a version', async () => {
    const store = await open();
    expect(store.list()).toEqual([]);
    await Promise.all([
      store.save(config),
      store.save({ ...config, id: 't-2' }),
      store.save({ ...config, name: 'New' }),
    ]);
    await store.remove('t-2');
    expect((await open()).list()).toEqual([{ ...config, name: 'New' }]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1 });
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readdir(join(folder, 'data'))).toEqual(['targets.json']);
  });

  it('forgets what could not be written', async () => {
    const store = await open();
    expect((await store.save(config)).ok).toBe(true);
    await rename(path, `${path}.away`);
    await mkdir(join(path, 'in the way'), { recursive: true });
    expect((await store.save({ ...config, name: 'New' })).ok).toBe(false);
    expect((await store.remove(config.id)).ok).toBe(false);
    expect(store.list()).toEqual([config]);
    await rm(path, { recursive: true });
    expect((await store.save({ ...config, id: 't-2' })).ok).toBe(true);
    expect((await open()).list()).toEqual([config, { ...config, id: 't-2' }]);
  });

  it('moves a damaged file aside', async () => {
    await (await open()).save(config);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.slice(0, 30));
    let movedTo = '';
    const store = await open((to) => (movedTo = to));
    expect(store.list()).toEqual([]);
    expect(await readFile(movedTo, 'utf8')).toBe(text.slice(0, 30));
  });

  it('keeps targets that it does not understand', async () => {
    const strange = { kind: 'mac', id: 'm', name: 'Mac' };
    await (await open()).save(config);
    await writeFile(path, JSON.stringify({ version: 1, targets: [strange, config] }));
    const store = await open();
    expect(store.list()).toEqual([config]);
    await store.save({ ...config, name: 'New' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ targets: [{ name: 'New' }, strange] });
  });

  it('leaves a newer version alone', async () => {
    await (await open()).save(config);
    await writeFile(path, JSON.stringify({ version: 2, targets: [] }));
    expect(await TargetsStore.open(path, () => undefined)).toMatchObject({
      ok: false,
      failure: { code: 'unsupported' },
    });
  });
});

describe('hostile fields of a target', () => {
  const hostile = [
    '-oProxyCommand=touch /tmp/pyrometer-was-here',
    '--',
    'a b',
    'a\nb',
    'a\0b',
    '$(id)',
    '`id`',
    'a;id',
    'a|id',
    'a&id',
    "a'b",
    'a"b',
    'a\\b',
    'a>b',
    'a*b',
    'a#b',
    'a!b',
    '\u202eabc',
    '',
  ];

  it.each(hostile)('host and user cannot be %j', (text) => {
    expect(v.safeParse(TargetConfig, { ...config, host: text }).success).toBe(false);
    expect(v.safeParse(TargetConfig, { ...config, user: text }).success).toBe(false);
    expect(v.safeParse(TargetConfig, { ...config, id: text }).success).toBe(false);
  });

  it.each([-1, 0, 65_536, 1.5, Number.NaN, '22', '22; id'])('the port cannot be %j', (port) => {
    expect(v.safeParse(TargetConfig, { ...config, port }).success).toBe(false);
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'unix:/x', '-x', ''])('Pyroscope cannot be at %j', (url) => {
    const pyroscope = { url, reach: 'tunnel', push: false };
    expect(v.safeParse(TargetConfig, { ...config, pyroscope }).success).toBe(false);
  });

  it('what may be any text reaches a command as one argument only', () => {
    // A name and a key's path are free text; a key's path is only ever opened as a file here.
    for (const text of hostile.filter((each) => !each.includes('\0'))) {
      expect(quoteCommand(['echo', text]).startsWith('echo ')).toBe(true);
    }
  });
});
