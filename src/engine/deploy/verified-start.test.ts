import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import { agentChanged, verifiedCommand, verifiedStart } from './verified-start.js';

describe.skipIf(process.platform !== 'linux')('verifiedStart', () => {
  let folder = '';
  /** No folder that only root may write to, for others may write to one above it. */
  const programs = (): string => join(folder, 'opt');
  const link = new LocalLink();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-verified-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function run(
    program: string,
    sent = program,
    among = programs(),
  ): Promise<{ code: number | null; stdout: string; calls: string[] }> {
    const path = join(folder, 'pyrometer-agent');
    const log = join(folder, 'calls');
    await writeFile(log, '');
    await writeFile(path, program);
    const sha256 = createHash('sha256').update(sent).digest('hex');
    const binary = { path, version: '1', ownVersion: '1', size: program.length, folderName: '1', sha256 };
    const ran = await link.exec(verifiedStart(path, binary, ['start', '--uid', '7', "a b'c"], among));
    if (!ran.ok) throw new Error(ran.failure.message);
    const calls = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    return { ...ran.value, calls };
  }

  it('runs a copy that its user cannot reach, and removes it where it may not stay', async () => {
    const program = `#!/bin/sh\necho "$(stat -c %a "$(dirname "$0")") $*" >> '${folder}/calls'\necho "$0"\n`;
    const ran = await run(program);
    expect(ran).toMatchObject({
      code: 0,
      calls: ['700 version', '700 preflight --json', "700 start --uid 7 a b'c"],
    });
    const [copy = ''] = ran.stdout.split('\n');
    expect(copy).toMatch(/\/\.pyrometer-agent-\w+\/pyrometer-agent$/);
    await expect(stat(dirname(copy))).rejects.toThrow();
  });

  describe.skipIf(process.getuid?.() !== 0)('where only root may write', () => {
    let opt = '';
    beforeEach(async () => {
      opt = await mkdtemp('/var/lib/pyrometer-verified-');
      await chmod(opt, 0o755);
    });
    afterEach(async () => {
      await rm(opt, { recursive: true });
    });
    const program = (say: string): string => `#!/bin/sh\necho "$1 $0" >> '${folder}/calls'\n${say}\n`;
    const places = (calls: readonly string[]): readonly string[] => [
      ...new Set(calls.map((call) => call.replace(/^\w+ /, ''))),
    ];

    it('keeps a copy by what is in it, and copies it once', async () => {
      const sent = program(':');
      const at = join(opt, 'agents', createHash('sha256').update(sent).digest('hex'), 'pyrometer-agent');
      const first = await run(sent, sent, join(opt, 'agents'));
      expect(places(first.calls).at(-1)).toBe(at);
      const { ino } = await stat(at);
      const again = await run(sent, sent, join(opt, 'agents'));
      expect(places(again.calls)).toEqual([at]);
      expect((await stat(at)).ino).toBe(ino);
      expect((await stat(dirname(at))).mode & 0o777).toBe(0o755);
      expect(await readdir(dirname(at))).toEqual(['pyrometer-agent']);
    });

    it('copies again what the keeper of an earlier agent took away meanwhile', async () => {
      const took = join(folder, 'took');
      const sent = program(`[ "$1" != preflight ] || [ -e '${took}' ] || { touch '${took}'; rm -r "\${0%/*}"; }`);
      const ran = await run(sent, sent, join(opt, 'agents'));
      expect(ran.code).toBe(0);
      expect(ran.calls.map((call) => call.replace(/ .*/, ''))).toEqual([
        'version',
        'preflight',
        'version',
        'preflight',
        'start',
      ]);
    });

    it('copies again what was cut, and leaves nothing of what does not run', async () => {
      const sent = program('[ "$1" != preflight ] || exit 5');
      const at = join(opt, 'agents', createHash('sha256').update(sent).digest('hex'));
      await mkdir(at, { recursive: true });
      await writeFile(join(at, 'pyrometer-agent'), sent.slice(0, 9));
      expect(await run(sent, sent, join(opt, 'agents'))).toMatchObject({ code: 5 });
      expect(await readdir(opt)).toEqual([]);
    });

    it('keeps nothing of what was exchanged, nor where others may write', async () => {
      expect(await run(program(':'), 'what was sent', join(opt, 'agents'))).toMatchObject({
        code: agentChanged,
        calls: [],
      });
      expect(await readdir(opt)).toEqual([]);
      await chmod(opt, 0o777);
      const elsewhere = await run(program(':'), program(':'), join(opt, 'agents'));
      expect(elsewhere.code).toBe(0);
      expect(places(elsewhere.calls).filter((place) => place.startsWith(opt))).toEqual([]);
      await chmod(opt, 0o755);
      await symlink(folder, join(opt, 'agents'));
      const linked = await run(program(':'), program(':'), join(opt, 'agents'));
      expect(places(linked.calls).filter((place) => place.startsWith(opt))).toEqual([]);
    });
  });

  it('runs nothing of what was exchanged after it was sent', async () => {
    expect(await run(`#!/bin/sh\necho ran >> '${folder}/calls'\n`, 'what was sent')).toMatchObject({
      code: agentChanged,
      calls: [],
    });
  });

  it('does something else without a look at the kernel', async () => {
    const path = join(folder, 'pyrometer-agent');
    const program = `#!/bin/sh\necho "$@"\n[ "$1" != remove ] || exit 4\n`;
    await writeFile(path, program);
    const sha256 = createHash('sha256').update(program).digest('hex');
    const binary = { path, version: '1', ownVersion: '1', size: program.length, folderName: '1', sha256 };
    const ran = await link.exec(verifiedCommand(path, binary, ['remove', '--force'], programs()));
    expect(ran).toMatchObject({ ok: true, value: { code: 4, stdout: 'remove --force\n' } });
  });

  it('does not start what says that it cannot run', async () => {
    const program = `#!/bin/sh\n[ "$1" != preflight ] || { echo refused; exit 5; }\n[ "$1" != start ] || echo started\n`;
    expect(await run(program)).toMatchObject({ code: 5, stdout: 'refused\n' });
  });
});
