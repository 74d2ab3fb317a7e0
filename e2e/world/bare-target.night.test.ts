import { copyFileSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import { cpuProfileType } from '../../src/contract/selection';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter } from '../../src/engine/link/prompter';
import { startSshd, type TestSshd } from '../../src/engine/link/testing/sshd';
import { makeWire } from '../../src/engine/link/testing/wire';
import { busybox } from './support/busybox';
import { repositoryFolder } from './support/places';
import { run } from './support/run';
import { waitFor } from './support/wait';

// Faults 16 and 17: a server that reaches nobody but who connects to it, and that has busybox and no C library.

const root = '/var/bare';
const wire = makeWire(`bare${process.pid}`);
const mounts = ['proc', 'sys', 'dev'] as const;

let sshd: TestSshd | undefined;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (folder === root && mounts.some((name) => name === entry.name)) return [];
    const { mode, size } = lstatSync(path);
    return [
      `${path} ${mode.toString(8)}${entry.isFile() ? ` ${size}` : ''}`,
      ...(entry.isDirectory() ? filesBelow(path) : []),
    ];
  });
}

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

beforeAll(async () => {
  if (typeof wire === 'string') throw new Error(wire);
  for (const folder of ['bin', 'etc', 'root', 'run', 'tmp', 'var/lib', 'var/tmp', ...mounts]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const program = join(root, 'bin/busybox');
  copyFileSync(await busybox(), program);
  for (const name of (await run(program, ['--list'])).trim().split('\n')) {
    if (name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
  }
  // The login shell of root is the machine's.
  writeFileSync(join(root, 'bin/bash'), '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  for (const name of mounts) await run('mount', ['--rbind', `/${name}`, join(root, name)]);
  sshd = await startSshd([`ChrootDirectory ${root}`, 'SetEnv PATH=/bin'], { host: wire.there, command: wire.command });
});

afterAll(async () => {
  await sshd?.dispose();
  if (typeof wire !== 'string') wire.remove();
  for (const name of mounts) await run('umount', ['-l', join(root, name)]);
});

test('an agent is sent, started, read and removed where there is busybox only, and no way out', async () => {
  if (typeof wire === 'string' || sshd === undefined) throw new Error('there is no target');
  expect(wire.inside('ip route').trim().split('\n')).toHaveLength(1);
  const before = filesBelow(root);
  const session = new TargetSession({
    // Asked for debug files all the same, which it cannot reach.
    config: { ...sshd.config, debuginfod: 'http://debuginfod.invalid' },
    prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
    hostKeys: new HostKeys(join(sshd.folder, 'known'), []),
    resourcesDir: join(repositoryFolder, 'resources'),
    windowSeconds: 5,
    onChange: () => undefined,
  });
  try {
    value(await session.connect());
    expect(session.state.agent).toEqual({ state: 'not-installed', recording: false });
    const tools = value(await session.check('tools'));
    expect(tools).toMatchObject({ state: 'ok', found: 'busybox' });
    value(await session.agent.start('continuous'));
    await waitFor('a window', () => ((session.state.agent.status?.windowsStored ?? 0) > 1 ? true : undefined), {
      timeoutMs: 90_000,
    });
    expect(session.state.agent.state).toBe('profiling');
    expect(session.state.agent.message).toBeUndefined();
    const counters = session.state.agent.status?.counters ?? [];
    expect(counters.find(({ name }) => name === 'symbol.debuginfod.got')?.value ?? 0).toBe(0);
    const range = { startMs: Date.now() - 600_000, endMs: Date.now() };
    const [service] = value(await session.sources.services('agent', range));
    const selection = { targetId: 'test-server', source: 'agent', profileType: cpuProfileType, ...range } as const;
    const bytes = value(await session.sources.fetch({ ...selection, selector: service?.selector ?? '' }));
    expect(bytes.byteLength).toBeGreaterThan(100);
    // A second start sends nothing, and the log is followed by busybox' tail.
    const lines: string[] = [];
    const following = new AbortController();
    const followed = session.followLog((piece) => {
      lines.push(...piece.lines);
      following.abort();
    }, following.signal);
    await followed;
    expect(lines.length).toBeGreaterThan(0);

    expect(value(await session.leftovers()).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['binary', 'process', 'sockets', 'store']),
    );
    expect(value(await session.removeLeftovers(true))).toEqual([]);
    expect(value(await session.leftovers())).toEqual([]);
    expect(filesBelow(root)).toEqual(before);
  } finally {
    session.dispose();
  }
});
