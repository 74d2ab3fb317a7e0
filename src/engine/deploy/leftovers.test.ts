import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import type { TargetFacts } from './facts.js';
import { findLeftovers } from './leftovers.js';
import { removeLeftovers } from './remove-leftovers.js';

describe.skipIf(process.platform !== 'linux')('what lies on a target', () => {
  let folder = '';
  const link = new LocalLink();
  const facts = (): TargetFacts => ({
    uid: 1000,
    user: 'u',
    kernelName: 'Linux',
    kernel: '6.1',
    machine: 'x86_64',
    rights: 'root',
    pkexec: false,
    cacheFolder: join(folder, 'pyrometer', 'agent'),
    freeBytes: undefined,
    btf: true,
    ownReadable: false,
    stored: false,
    wentDown: false,
    installed: [],
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-leftovers-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const binaries = async (): Promise<readonly { path: string; byteLength?: number }[]> => {
    const found = await findLeftovers(link, facts());
    if (!found.ok) throw new Error(found.failure.message);
    return found.value.leftovers.filter(({ kind }) => kind === 'binary');
  };

  it('is nothing where nothing was put', async () => {
    expect(await binaries()).toEqual([]);
  });

  it('is every version that was sent, and nothing that cannot be one', async () => {
    for (const name of ['0.1.0-aa', '0.2.0-bb', 'a name\nof a stranger']) {
      await mkdir(join(facts().cacheFolder, name), { recursive: true });
      await writeFile(join(facts().cacheFolder, name, 'pyrometer-agent'), Buffer.alloc(100_000));
    }
    const found = await binaries();
    expect(found.map(({ path }) => path)).toEqual([
      join(facts().cacheFolder, '0.1.0-aa'),
      join(facts().cacheFolder, '0.2.0-bb'),
    ]);
    for (const { byteLength = 0 } of found) expect(byteLength).toBeGreaterThanOrEqual(100_000);
  });

  it('is removed with its folders, and the folders of others stay', async () => {
    await mkdir(join(facts().cacheFolder, '0.1.0-aa'), { recursive: true });
    await writeFile(join(folder, 'other'), 'x');
    // Only where no agent of this machine is in the way of the test.
    const all = await findLeftovers(link, facts());
    if (!all.ok || all.value.leftovers.some(({ kind }) => kind !== 'binary')) return;
    const removed = await removeLeftovers({
      link,
      facts: facts(),
      targetId: 't',
      targetName: 'here',
      prompter: { acceptHostKey: () => Promise.resolve(false), askSecret: () => Promise.resolve(null) },
      resourcesDir: folder,
      force: false,
    });
    expect(removed).toEqual({ ok: true, value: [] });
    await expect(stat(join(folder, 'pyrometer'))).rejects.toThrow();
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('x');
  });

  it('says so where it cannot be removed', async () => {
    if (process.getuid?.() === 0) return; // root may remove everything
    await mkdir(join(facts().cacheFolder, '0.1.0-aa'), { recursive: true });
    await chmod(facts().cacheFolder, 0o500);
    const removed = await removeLeftovers({
      link,
      facts: facts(),
      targetId: 't',
      targetName: 'here',
      prompter: { acceptHostKey: () => Promise.resolve(false), askSecret: () => Promise.resolve(null) },
      resourcesDir: folder,
      force: false,
    });
    await chmod(facts().cacheFolder, 0o700);
    const [remains] = removed.ok ? removed.value : [];
    expect(remains?.path).toBe(join(facts().cacheFolder, '0.1.0-aa'));
    expect(remains?.why).toContain('Permission denied');
  });
});
