import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import type { TargetFacts } from './facts.js';
import { lookForOutlived, type Outlived } from './outlived.js';

describe.skipIf(process.platform !== 'linux')('what an agent left where none runs', () => {
  let store = '';
  const link = new LocalLink();
  const facts: TargetFacts = {
    ...{ uid: 1000, user: 'u', kernelName: 'Linux', kernel: '6.1', machine: 'x86_64', rights: 'root', pkexec: false },
    ...{ cacheFolder: '/nowhere', freeBytes: undefined, btf: true, ownReadable: false, installed: [] },
    ...{ stored: true, wentDown: true },
  };
  const look = (seen: Partial<TargetFacts> = {}): Promise<Outlived> =>
    lookForOutlived({
      ...{ link, facts: { ...facts, ...seen }, targetId: 't', targetName: 't', resourcesDir: '/nowhere', store },
    });
  const noted = async (keepSeconds: string, hoursAgo: number): Promise<void> => {
    const at = Date.now() / 1000 - hoursAgo * 3600;
    for (const [name, text] of Object.entries({ 'profiles.db': 'x', 'profiles.db.recording': keepSeconds })) {
      await writeFile(join(store, name), text);
      await utimes(join(store, name), at, at);
    }
  };
  const unknown =
    'An agent ran here until the machine went down. What it stored is still there: a start goes on with it, “What is on it…” removes it.';
  beforeEach(async () => {
    store = await mkdtemp(join(tmpdir(), 'pyrometer-outlived-'));
  });
  afterEach(() => rm(store, { recursive: true }));

  it('is nothing to speak of where nothing is stored, or where its agent was stopped', async () => {
    expect(await look({ stored: false })).toEqual({ over: false, message: undefined });
    expect(await look({ wentDown: false })).toEqual({ over: false, message: undefined });
  });

  it('is a recording with the time that it stays after its last window', async () => {
    await noted('86400\n', 3);
    const message =
      'A recording ended here when the machine went down. Record goes on with its windows, which stay for 21 h.';
    expect(await look()).toEqual({ over: false, message });
    // Where its agent and keeper were killed, it is as it was before: kept until then.
    expect(await look({ wentDown: false })).toEqual({ over: false, message: undefined });
    await noted('86400\n', 23.5);
    expect((await look()).message).toContain('which stay for 30 min.');
  });

  it('is to go when its time is over', async () => {
    await noted('86400\n', 25);
    expect(await look()).toEqual({ over: true, message: undefined });
    expect(await look({ wentDown: false })).toEqual({ over: true, message: undefined });
    // A window that came later counts.
    await writeFile(join(store, 'profiles.db-wal'), 'x');
    expect(await look()).toMatchObject({ over: false });
  });

  it('stays where it is no recording, or where nobody can tell', async () => {
    expect(await look()).toEqual({ over: false, message: unknown });
    await noted('', 99);
    expect(await look()).toEqual({ over: false, message: unknown });
    await noted('-1; rm -rf /', 99);
    expect(await look()).toEqual({ over: false, message: unknown });
    await noted('86400\n', 25);
    expect(await look({ rights: 'sudo-password' })).toEqual({ over: false, message: unknown });
  });
});
