import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import type { Result } from '../../src/contract/result';
import type { SshTargetConfig } from '../../src/contract/target';
import { findAgentBinary, type AgentBinary } from '../../src/engine/deploy/agent-resources';
import { lookAt } from '../../src/engine/deploy/facts';
import { install, installedPath } from '../../src/engine/deploy/install';
import { TargetSession } from '../../src/engine/deploy/session';
import { HostKeys } from '../../src/engine/link/host-keys';
import { silentPrompter } from '../../src/engine/link/prompter';
import { SshLink } from '../../src/engine/link/ssh-link';
import { TargetsStore } from '../../src/engine/link/targets-store';
import { SnapshotLibrary } from '../../src/engine/snapshots/library';
import { Spool } from '../../src/links/spool';
import { repositoryFolder } from './support/places';
import { run } from './support/run';
import { waitFor } from './support/wait';

const world = inject('world');
const { pyro } = world.users;
const resourcesDir = join(repositoryFolder, 'resources');
const cache = join(pyro.home, '.cache');
const knownHosts = join(world.path, 'tmp', 'full-disk-known-hosts');
const config: SshTargetConfig = {
  kind: 'ssh',
  id: 'full-disk',
  name: 'full-disk',
  host: world.sshd.host,
  port: world.sshd.port,
  user: 'pyro',
  authentication: { method: 'key', path: world.keys.ed25519 },
};
const hostKeys = new HostKeys(knownHosts, []);
const mounted: string[] = [];
let link: SshLink;
let binary: AgentBinary;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

/** A failure's sentence, or what came instead. */
function said(result: Result<unknown>): string {
  return result.ok ? 'it went well' : `${result.failure.code}: ${result.failure.message}`;
}

/** A small disk at a folder, which is made. */
async function mountDisk(folder: string, options: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  mounted.push(folder);
}

/** Takes all room of a disk but some; answers how to give it back. */
function fill(folder: string, leftBytes: number): () => void {
  const file = join(folder, 'filler');
  const free = (): number => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  // Most of it at once, the rest in pieces: an agent may write there at the same time.
  execFileSync('fallocate', ['-l', String(Math.max(4096, Math.floor((free() - leftBytes) * 0.9))), file]);
  const descriptor = openSync(file, 'a');
  try {
    while (free() > leftBytes) writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(descriptor);
  }
  return () => {
    rmSync(file);
  };
}

/** Takes all inodes of a disk; answers how to give them back. */
function takeAllFiles(folder: string): () => void {
  const many = join(folder, 'many');
  mkdirSync(many);
  for (let index = 0; statfsSync(folder).ffree > 0; index++) writeFileSync(join(many, String(index)), '');
  return () => {
    rmSync(many, { recursive: true });
  };
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(folder, name)).isFile());

beforeAll(async () => {
  writeFileSync(knownHosts, `[${world.sshd.host}]:${world.sshd.port} ${world.sshd.hostPublicKey}\n`);
  link = new SshLink({ config, prompter: silentPrompter, hostKeys });
  value(await link.connect());
  binary = value(await findAgentBinary(resourcesDir, value(await lookAt(link)).machine));
});

afterEach(async () => {
  // An agent that was stopped closes its store a moment after its connection.
  for (const folder of mounted.splice(0)) {
    await waitFor(`${folder} to be unmounted`, () => run('umount', [folder]).then(() => true), { timeoutMs: 20_000 });
  }
});

afterAll(() => {
  link.dispose();
});

/** A disk of the login user's where agents are put. */
async function cacheDisk(options: string): Promise<void> {
  await mountDisk(cache, `uid=${pyro.uid},gid=${pyro.gid},mode=700,${options}`);
}

async function expectInstalled(path: string): Promise<void> {
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
  expect(hash).toBe(binary.sha256);
  expect(filesIn(cache)).toEqual([path.slice(cache.length + 1)]);
  expect(value(await install(link, value(await lookAt(link)), binary))).toBe(path);
}

test('a disk that fills while the agent is sent is named, keeps nothing, and takes it after room was made', async () => {
  await cacheDisk('size=96m');
  const facts = value(await lookAt(link));
  let free: (() => void) | undefined;
  const refused = await install(link, facts, binary, {
    onProgress: () => {
      free ??= fill(cache, 1024 * 1024);
    },
  });
  expect(said(refused)).toMatch(
    /^no-space: There is no space left for the agent in \/.* \(\d+ MB free\): make room for \d+ MB\.$/,
  );
  expect(filesIn(cache)).toEqual(['filler']);
  free?.();
  await expectInstalled(value(await install(link, facts, binary)));
});

test('an upload that is given up keeps nothing', async () => {
  await cacheDisk('size=96m');
  const giveUp = new AbortController();
  const facts = value(await lookAt(link));
  const given = install(link, facts, binary, {
    signal: giveUp.signal,
    onProgress: () => {
      giveUp.abort();
    },
  });
  expect(said(await given)).toBe('cancelled: Cancelled.');
  await waitFor('the part to be gone', () => Promise.resolve(filesIn(cache).length === 0 ? true : undefined), {
    timeoutMs: 20_000,
    everyMs: 100,
  });
});

test.each(['before its folder is there', 'when its folder is there'])(
  'a disk without inodes is named, %s',
  async (when) => {
    await cacheDisk('size=96m,nr_inodes=40');
    const facts = value(await lookAt(link));
    if (when.startsWith('when')) {
      const folder = join(installedPath(facts, binary), '..');
      mkdirSync(folder, { recursive: true });
      await run('chown', ['-R', `${pyro.uid}:${pyro.gid}`, cache]);
    }
    const free = takeAllFiles(cache);
    const before = filesIn(cache);
    expect(said(await install(link, facts, binary))).toMatch(
      /^no-space: The disk of \/.* takes no more files \(its inodes are used up\): remove some files there, their size does not matter\.$/,
    );
    expect(filesIn(cache)).toEqual(before);
    free();
    await expectInstalled(value(await install(link, facts, binary)));
  },
);

test('an agent whose disk fills says so while it runs, and stores again after room was made', async () => {
  const store = '/var/lib/pyrometer';
  await mountDisk(store, 'size=160m,mode=755');
  if (!existsSync(cache)) mkdirSync(cache);
  chownSync(cache, pyro.uid, pyro.gid);
  const session = new TargetSession({
    config,
    prompter: silentPrompter,
    hostKeys,
    resourcesDir,
    windowSeconds: 5,
    onChange: () => undefined,
  });
  const until = <T>(what: string, look: () => T | undefined | false): Promise<T> =>
    waitFor(what, () => Promise.resolve(look() || undefined), { timeoutMs: 90_000, everyMs: 200 });
  try {
    value(await session.agent.start('continuous'));
    await until('a stored window', () => (session.state.agent.status?.windowsStored ?? 0) > 0);
    const free = fill(store, 0);
    const message = await until('the agent to complain', () => session.state.agent.message);
    expect(message).toMatch(/^The disk is full: windows are lost until there is room for \/var\/lib\/pyrometer/);
    expect(session.state.agent.state).toBe('profiling');
    const lost = session.state.agent.status?.counters.find(({ name }) => name === 'windows.lost.store')?.value;
    expect(lost).toBeGreaterThan(0);
    free();
    const stored = session.state.agent.status?.windowsStored ?? 0;
    await until('new windows', () => (session.state.agent.status?.windowsStored ?? 0) > stored);
    await until('the complaint to end', () => session.state.agent.message === undefined);
  } finally {
    await session.agent.stop(true);
    session.dispose();
  }
});

test('what is saved here is whole or not there when the disk of this computer fills', async () => {
  const folder = join(world.path, 'tmp', 'small-disk');
  await mountDisk(folder, 'size=4m,nr_inodes=64');
  const bytes = Buffer.alloc(3 * 1024 * 1024, 'main;work 1\n');
  const library = new SnapshotLibrary(join(folder, 'library'));
  const spool = new Spool(join(folder, 'spool'));
  const targets = value(await TargetsStore.open(join(folder, 'targets.json'), () => undefined));
  value(await targets.save(config));
  const saved = readFileSync(join(folder, 'targets.json'), 'utf8');
  const snapshot = {
    title: 'x',
    notes: '',
    view: { kind: 'flame' as const, tab: 'flame' as const, valueIndex: 0, zoomPath: [], search: '' },
    profiles: [{ bytes: Buffer.alloc(8 * 1024 * 1024, 'main;work 1\n'), title: 'x' }],
  };
  const disk = /^no-space: The disk of \/.* is full: make room there and (try|save) again\.$/;
  // Larger than the disk: it fills in the middle.
  expect(said(await library.save(snapshot))).toMatch(disk);
  expect(said(await spool.put('w1', Buffer.alloc(8 * 1024 * 1024), 'x'))).toMatch(disk);
  expect(filesIn(folder)).toEqual(['targets.json']);
  for (const free of [fill(folder, 0), takeAllFiles(folder)].reverse()) {
    expect(said(await targets.save({ ...config, name: 'other' }))).toMatch(disk);
    expect(readFileSync(join(folder, 'targets.json'), 'utf8')).toBe(saved);
    expect(said(await spool.put('w1', bytes, 'x'))).toMatch(disk);
    expect(filesIn(folder).filter((name) => name.includes('.part') || name.startsWith('spool/'))).toEqual([]);
    free();
  }
  value(await targets.save({ ...config, name: 'other' }));
  expect(readFileSync(join(folder, 'targets.json'), 'utf8')).toContain('"other"');
  const spooled = value(await spool.put('w1', bytes, 'x'));
  await spool.release(spooled.profileId);
  value(await library.save({ ...snapshot, profiles: [{ bytes, title: 'x' }] }));
});
