import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { repositoryFolder } from '../support/places';
import { waitFor } from '../support/wait';
import { clearWorld, removeDeadWorlds } from './folder';
import { visitWorld, whyNoWorld } from './guardian';
import { processesOf } from './processes';

const quiet = { say: () => undefined };

test('the machine can make worlds', () => {
  expect(whyNoWorld()).toBeUndefined();
});

describe('a command in a world', () => {
  test('has a root of its own, and the machine sees nothing of what it changes there', async () => {
    const probe = '/etc/pyrometer-e2e-probe';
    const script = `useradd probe && touch ${probe} /usr/bin/pyrometer-e2e-probe /tmp/probe-tmp /run/probe-run && rm /etc/hostname && grep -q probe /etc/passwd`;
    const visit = await visitWorld(['sh', '-ec', script], quiet);
    expect(visit).toMatchObject({ exitCode: 0, changedEtc: [], leftProcesses: [] });
    for (const path of [probe, '/usr/bin/pyrometer-e2e-probe', '/tmp/probe-tmp', '/run/probe-run'])
      expect(existsSync(path)).toBe(false);
    expectNothingLeft(visit.worldId);
  });

  test('gives its exit code back', async () => {
    expect((await visitWorld(['sh', '-c', 'exit 7'], quiet)).exitCode).toBe(7);
  });

  test('sees the project, and other users do too', async () => {
    const script = `setpriv --reuid 65534 --regid 65534 --clear-groups test -r ${join(repositoryFolder, 'package.json')}`;
    expect((await visitWorld(['sh', '-c', script], quiet)).exitCode).toBe(0);
  });

  test('lets other users into a folder that is closed to them outside', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'closed-checkout-'));
    try {
      mkdirSync(join(closed, 'src'));
      writeFileSync(join(closed, 'src/file'), 'text');
      symlinkSync('src/file', join(closed, 'link'));
      const script = `test "$(setpriv --reuid 65534 --regid 65534 --clear-groups cat link)" = text && echo result > test-results/one`;
      expect((await visitWorld(['sh', '-c', script], { ...quiet, folder: closed })).exitCode).toBe(0);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
      expect(readFileSync(join(closed, 'test-results/one'), 'utf8')).toBe('result\n');
    } finally {
      rmSync(closed, { recursive: true });
    }
  });

  test('can make user namespaces, which the sandbox of a browser needs', async () => {
    const script = 'setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --pid --fork true';
    expect((await visitWorld(['sh', '-c', script], quiet)).exitCode).toBe(0);
  });

  test('loses what it left running: also what ignores SIGTERM, has a session or a mount namespace of its own', async () => {
    const stubborn = "trap '' TERM; while :; do sleep 60; done";
    const script = `setsid sh -c "${stubborn}" & setsid unshare --mount sleep 1000 & sleep 0.5`;
    const visit = await visitWorld(['sh', '-c', script], quiet);
    expect(visit.exitCode).toBe(0);
    expect(visit.leftProcesses.filter((one) => one.includes('sleep'))).not.toHaveLength(0);
    expectNothingLeft(visit.worldId);
  });
});

describe('a whole world', () => {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended(child);
    }
  });

  /** Starts up.mjs and waits until it says that all is up. */
  async function bringUp(): Promise<Up> {
    const before = new Set(worldFolders());
    const child = spawn(process.execPath, [join(repositoryFolder, 'e2e/world/up.mjs')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await waitFor(
      'the world to be up',
      () => {
        if (child.exitCode !== null) throw new Error(output);
        return output.includes('The world is up') ? true : undefined;
      },
      { timeoutMs: 150_000, everyMs: 200 },
    );
    const path = /all of it +(\S+)\/world\.json/.exec(output)?.[1] ?? '';
    expect(before.has(path)).toBe(false);
    const inner = Number(/nsenter --mount=\/proc\/(\d+)\//.exec(output)?.[1]);
    return { child, path, id: basename(path), inner, output: () => output };
  }

  test('goes down in order on SIGTERM: each part ends by itself', async () => {
    const up = await bringUp();
    const programs = processesOf(up.id).map((one) => one.command);
    for (const name of ['sshd', 'dockerd', 'containerd', 'gunicorn', 'celery', 'pyroscope', 'Xvfb']) {
      expect(
        programs.some((command) => command.includes(name)),
        name,
      ).toBe(true);
    }
    up.child.kill('SIGTERM');
    expect(await ended(up.child)).toBe(0);
    expect(up.output()).not.toMatch(/had to end|world: ended|changed meanwhile/);
    expectNothingLeft(up.id);
  });

  test('is cleared away when what runs it inside is killed', async () => {
    const up = await bringUp();
    process.kill(up.inner, 'SIGKILL');
    expect(await ended(up.child)).toBe(137);
    expect(up.output()).toMatch(/had to end \d+ dockerd/);
    expectNothingLeft(up.id);
  });

  test('goes down when its guardian is killed, and the next one removes its folder', async () => {
    const up = await bringUp();
    up.child.kill('SIGKILL');
    await waitFor('the processes to end', () => (processesOf(up.id).length === 0 ? true : undefined), {
      timeoutMs: 60_000,
      everyMs: 200,
    });
    expect(existsSync(up.path)).toBe(true);
    expect(await removeDeadWorlds()).toContain(up.id);
    expectNothingLeft(up.id);
  });
});

interface Up {
  readonly child: ChildProcess;
  readonly path: string;
  readonly id: string;
  /** The process inside that holds the world. */
  readonly inner: number;
  readonly output: () => string;
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

function worldFolders(): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('pyrometer-e2e-'))
    .map((name) => join(tmpdir(), name));
}

function expectNothingLeft(worldId: string): void {
  expect(processesOf(worldId)).toEqual([]);
  expect(existsSync(join(tmpdir(), worldId))).toBe(false);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(worldId);
}

// Clearing a world that is not there is no error: a guardian may be asked twice.
test('clearing away twice is no error', async () => {
  expect(await clearWorld({ id: 'pyrometer-e2e-never', path: join(tmpdir(), 'pyrometer-e2e-never') })).toEqual([]);
});
