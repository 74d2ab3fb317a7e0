import { execFile } from 'node:child_process';
import { appendFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Result } from '../../contract/result.js';
import { HostKeys } from '../link/host-keys.js';
import { silentPrompter } from '../link/prompter.js';
import { SshLink } from '../link/ssh-link.js';
import { sshdMissing, startSshd, type TestSshd } from '../link/testing/sshd.js';
import { Elevator } from './elevate.js';
import { lookAt } from './facts.js';
import { followLog } from './follow-log.js';

const missing = process.getuid?.() === 0 ? await sshdMissing() : 'only root reads the log of an agent';
if (missing !== undefined) console.warn(`log tests are skipped: ${missing}`);

/** The tails of a log that run. */
async function tailsOf(path: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.startsWith('tail ') && line.endsWith(path));
}

describe.skipIf(missing !== undefined)('the log of an agent on a real sshd', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  let logs = 0;
  beforeAll(async () => {
    sshd = await startSshd();
  }, 60_000);
  afterAll(() => sshd.dispose());

  async function follow(
    path: string,
    lines = 2,
  ): Promise<{ seen: string[]; skipped: () => number; stop: () => void; ended: Promise<Result<null>> }> {
    const link = new SshLink({
      config: sshd.config,
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(sshd.folder, 'own'), []),
    });
    onTestFinished(() => {
      link.dispose();
    });
    expect(await link.connect()).toMatchObject({ ok: true });
    const facts = await lookAt(link);
    if (!facts.ok) throw new Error(facts.failure.message);
    const elevator = new Elevator({
      link,
      facts: facts.value,
      prompter: silentPrompter,
      targetId: 't',
      targetName: 't',
    });
    const stopping = new AbortController();
    const seen: string[] = [];
    let skipped = 0;
    const ended = followLog(elevator, {
      path,
      lines,
      onLines: (more) => {
        seen.push(...more.lines);
        skipped += more.skipped;
      },
      signal: stopping.signal,
    });
    return {
      seen,
      skipped: () => skipped,
      stop: () => {
        stopping.abort();
      },
      ended,
    };
  }

  async function makeLog(text: string): Promise<string> {
    const path = join(sshd.folder, `agent-${logs++}.log`);
    await writeFile(path, text);
    return path;
  }

  it('begins with the end, follows what is added and the next file, and leaves no process', async () => {
    const path = await makeLog('one\ntwo\nthree\n');
    const { seen, stop, ended } = await follow(path);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['two', 'three']);
    expect(await tailsOf(path)).toHaveLength(1);
    await appendFile(path, 'four: \u202E\u001b[31m é\n');
    await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe('four: \u202E\u001b[31m é');
    await rename(path, `${path}.old`);
    await writeFile(path, 'five\n');
    await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe('five');
    stop();
    expect(await ended).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    await expect.poll(() => tailsOf(path), { timeout: 10_000 }).toEqual([]);
  });

  it('leaves no process where the connection is cut', async () => {
    const path = await makeLog('one\n');
    const { seen, ended } = await follow(path);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['one']);
    await sshd.restart();
    expect(await ended).toMatchObject({ ok: false, failure: { code: 'not-connected' } });
    await expect.poll(() => tailsOf(path), { timeout: 10_000 }).toEqual([]);
  });

  it('is bounded, and counts what it leaves out', async () => {
    const path = await makeLog(`${'x'.repeat(5000)}\n`);
    const { seen, skipped, stop } = await follow(path);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual([`${'x'.repeat(2000)}…`]);
    await appendFile(path, 'flood\n'.repeat(50_000));
    await expect.poll(() => seen.length + skipped(), { timeout: 20_000 }).toBe(50_001);
    expect(skipped()).toBeGreaterThan(10_000);
    stop();
  });

  it('says that there is none, and reads nothing but a file', async () => {
    const absent = await follow(join(sshd.folder, 'absent.log'));
    expect(await absent.ended).toMatchObject({ ok: false, failure: { code: 'not-found' } });
    const link = join(sshd.folder, 'link.log');
    await symlink('/etc/shadow', link);
    const other = await follow(link);
    expect(await other.ended).toMatchObject({ ok: false, failure: { code: 'refused' } });
    expect(other.seen).toEqual([]);
  });
});
