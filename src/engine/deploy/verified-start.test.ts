import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import { agentChanged, verifiedCommand, verifiedStart } from './verified-start.js';

describe.skipIf(process.platform !== 'linux')('verifiedStart', () => {
  let folder = '';
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
  ): Promise<{ code: number | null; stdout: string; calls: string[] }> {
    const path = join(folder, 'pyrometer-agent');
    const log = join(folder, 'calls');
    await writeFile(log, '');
    await writeFile(path, program);
    const sha256 = createHash('sha256').update(sent).digest('hex');
    const binary = { path, version: '1', ownVersion: '1', size: program.length, folderName: '1', sha256 };
    const ran = await link.exec(verifiedStart(path, binary, ['start', '--uid', '7', "a b'c"]));
    if (!ran.ok) throw new Error(ran.failure.message);
    const calls = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    return { ...ran.value, calls };
  }

  it('runs a copy that its user cannot reach, and removes it', async () => {
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
    const ran = await link.exec(verifiedCommand(path, binary, ['remove', '--force']));
    expect(ran).toMatchObject({ ok: true, value: { code: 4, stdout: 'remove --force\n' } });
  });

  it('does not start what says that it cannot run', async () => {
    const program = `#!/bin/sh\n[ "$1" != preflight ] || { echo refused; exit 5; }\n[ "$1" != start ] || echo started\n`;
    expect(await run(program)).toMatchObject({ code: 5, stdout: 'refused\n' });
  });
});
