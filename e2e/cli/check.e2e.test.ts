import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { run, type Finished } from '../world/support/run';
import { commandLineOf } from './command-line';

const world = inject('world');
const cli = commandLineOf(world);
const { host, port, hostPublicKey } = world.sshd;
cli.write('.ssh/known_hosts', `[${host}]:${port} ${hostPublicKey}\n`);

interface Answer {
  readonly canRun: boolean;
  readonly checks: readonly {
    readonly id: string;
    readonly state: string;
    readonly found: string;
    readonly advice?: string;
  }[];
}

const check = (user: string, ...more: readonly string[]): Promise<Finished> =>
  cli.run(['check', `${user}@${host}:${port}`, '--identity', world.keys.ed25519, ...more]);

async function checkOf(user: string, id: string): Promise<{ readonly code: number | null; readonly text: string }> {
  const { code, stdout } = await check(user, '--json');
  const { checks } = JSON.parse(stdout) as Answer;
  const found = checks.find((each) => each.id === id);
  return { code, text: `${found?.state ?? ''}: ${found?.found ?? ''} | ${found?.advice ?? ''}` };
}

test('every check is told in text, and nothing is left on the server', async () => {
  const { home } = world.users.pyro;
  // Tests before this one may have left what an agent leaves.
  const files = (): readonly string[] =>
    [home, '/run/pyrometer', '/opt/pyrometer'].flatMap((top) =>
      existsSync(top) ? [top, ...readdirSync(top, { recursive: true }).map((name) => join(top, String(name)))] : [],
    );
  const before = files();
  const { code, stdout, stderr } = await check('pyro');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const label of ['Architecture', 'Kernel types (BTF)', 'Lockdown', 'Privileges', 'Free space', 'Clock']) {
    expect(stdout).toMatch(new RegExp(`^ {2}${label.replace(/[()]/g, '\\$&')} +\\S`, 'm'));
  }
  expect(stdout).toMatch(/The agent can run there, as far as can be told without starting it\.\n$/);
  expect(files().toSorted()).toEqual(before.toSorted());
});

test('rights are told for each kind of user', async () => {
  expect((await checkOf('pyro', 'privileges')).text).toBe('ok: sudo without a password | ');
  expect((await checkOf('pat', 'privileges')).text).toMatch(/^ok: sudo with a password, which is asked for/);
  expect((await checkOf('pat', 'docker')).text).toMatch(
    /^warning: pat may not use \/var\/run\/docker\.sock \| .*group "docker"/,
  );
});

test('a disk that is full, and one without room to run, are refused with what to do', async () => {
  const { uid, gid, home } = world.users.pyro;
  const cache = join(home, '.cache');
  const made = !existsSync(cache);
  mkdirSync(cache, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=4m,uid=${uid},gid=${gid},mode=700,noexec`, 'tmpfs', cache]);
  // Nor where it would be sent instead.
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=1777', 'tmpfs', '/var/tmp']);
  try {
    const space = await checkOf('pyro', 'space');
    expect(space.code).toBe(1);
    expect(space.text).toMatch(
      /^refused: [0-4] MB for .*\.cache, .* \| Make room for 64 MB on the disk of .*\.cache\.$/,
    );
    expect((await checkOf('pyro', 'noexec')).text).toMatch(
      /^ok: \S+; \S+\.cache is mounted noexec, which is in nobody's way \| $/,
    );
    const { code, stdout } = await check('pyro');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^X Free space/m);
    expect(stdout).toMatch(/The agent cannot run there\.\n$/);
  } finally {
    await run('umount', ['/var/tmp']);
    await run('umount', [cache]);
    if (made) rmdirSync(cache);
  }
});

test("Docker's socket that only its owner may use is no trouble of the agent's", async () => {
  const socket = '/var/run/docker.sock';
  const { mode } = statSync(socket);
  chmodSync(socket, 0o600);
  try {
    expect((await checkOf('pyro', 'docker')).text).toMatch(
      /^warning: pyro may not use .* \| Containers are listed once the agent runs, which may\.$/,
    );
  } finally {
    chmodSync(socket, mode & 0o777);
  }
});
