import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { LocalLink } from '../link/local-link.js';
import { silentPrompter, type Prompter, type SecretQuestion } from '../link/prompter.js';
import { Elevator } from './elevate.js';
import type { TargetFacts } from './facts.js';
import type { Rights } from './rights.js';
import { RootAccess } from './root/root-access.js';

/**
 * Acts as sudo does towards a program without a terminal: -S reads a line after it printed the prompt, three times at
 * most; REMEMBERS says whether a second sudo asks again. What it was given is in the file "log".
 */
const fakeSudo = `#!/bin/sh
prompt=; check=; ask=yes
while :; do case $1 in
  -S) shift;; -n) ask=; shift;; -v) check=yes; shift;; -p) prompt=$2; shift 2;; --) shift; break;; *) break;;
esac; done
here=$(dirname "$0")
[ -e "$here/refuses" ] && { echo "pat is not in the sudoers file." >&2; exit 1; }
if [ -n "$ask" ] && ! { [ -z "$check" ] && [ -e "$here/remembers" ]; }; then
  for try in 1 2 3; do
    printf '%s' "$prompt" >&2
    IFS= read -r word || { echo "sudo: no password was provided" >&2; exit 1; }
    echo "password $word" >> "$here/log"
    [ "$word" = "it's \\$ecret" ] && break
    [ $try = 3 ] && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
    echo "Sorry, try again." >&2
  done
fi
[ -n "$check" ] && exit 0
exec "$@"
`;

const right = "it's $ecret";

describe('Elevator', () => {
  let folder = '';
  const path = process.env['PATH'];
  const link = new LocalLink();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-sudo-'));
    await writeFile(join(folder, 'sudo'), fakeSudo);
    await chmod(join(folder, 'sudo'), 0o755);
    // Both take these arguments alike.
    await symlink('sudo', join(folder, 'doas'));
    await writeFile(join(folder, 'log'), '');
    process.env['PATH'] = `${folder}:${path ?? ''}`;
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true });
  });

  function elevator(
    rights: Rights,
    answers: readonly (string | null)[] = [],
    root?: RootAccess,
  ): { it: Elevator; asked: SecretQuestion[] } {
    const asked: SecretQuestion[] = [];
    const prompter: Prompter = {
      ...silentPrompter,
      askSecret: (question) => {
        const answer = answers[asked.length] ?? null;
        asked.push(question);
        return Promise.resolve(answer === null ? null : [answer]);
      },
    };
    const facts: TargetFacts = {
      uid: 1000,
      user: 'pat',
      kernelName: 'Linux',
      kernel: '6.1',
      machine: 'x86_64',
      rights,
      pkexec: false,
      cacheFolder: folder,
      freeBytes: undefined,
      btf: true,
      ownReadable: false,
      stored: false,
      wentDown: false,
      installed: [],
    };
    return { it: new Elevator({ link, facts, prompter, root, targetId: 't', targetName: 'web' }), asked };
  }

  const said = (result: Result<unknown>): string => (result.ok ? 'it went well' : result.failure.message);

  /** Prints its arguments and its whole input. */
  const program = ['sh', '-c', 'printf "[%s]" "$@"; printf "input:"; cat', 'sh', 'a b', '$(id)'];
  const options = { timeoutMs: 10_000 };

  it.each<[Rights]>([['root'], ['sudo'], ['doas']])(
    'asks nothing as %s, and gives the command no input',
    async (rights) => {
      const { it: elevated, asked } = elevator(rights);
      // The input stays open until the command ended, as it does for a daemon's start.
      const ran = await elevated.run(['sh', '-c', 'printf "[%s]" "$@"', 'sh', 'a b', '$(id)'], options);
      expect(ran).toMatchObject({ ok: true, value: { code: 0, stdout: '[a b][$(id)]' } });
      expect(asked).toEqual([]);
      expect(await readFile(join(folder, 'log'), 'utf8')).toBe('');
    },
  );

  it('asks once for several commands, and never hands the password to a command', async () => {
    await writeFile(join(folder, 'remembers'), '');
    const { it: elevated, asked } = elevator('sudo-password', [right]);
    const script = 'printf "[%s]" "$@"; if read -t 0.2 word; then echo "input $word"; fi';
    const first = await elevated.run(['bash', '-c', script, 'sh', 'a b'], options);
    expect(first).toMatchObject({ ok: true, value: { code: 0, stdout: '[a b]' } });
    const second = await elevated.run(['sh', '-c', 'exit 7'], options);
    expect(second).toMatchObject({ ok: true, value: { code: 7 } });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.explanation).toContain('not stored');
    expect(JSON.stringify(first)).not.toContain('ecret');
  });

  it('asks nothing that was answered while the target is connected to', async () => {
    // Without an agent for the target there is nothing that could run the rest.
    const root = new RootAccess({ resourcesDir: folder });
    const { it: first, asked: before } = elevator('sudo-password', [right], root);
    expect(await first.run(['echo', 'one'], options)).toMatchObject({ ok: true, value: { stdout: 'one\n' } });
    expect(before[0]?.explanation).toContain('is kept in memory until you disconnect, and is not stored.');
    const { it: second, asked } = elevator('sudo-password', [right], root);
    expect(await second.run(['echo', 'two'], options)).toMatchObject({ ok: true, value: { stdout: 'two\n' } });
    expect(asked).toEqual([]);
    root.leave();
    expect(await second.run(['echo', 'two'], options)).toMatchObject({ ok: true, value: { stdout: 'two\n' } });
    expect(asked).toHaveLength(1);
  });

  it('answers a second time where sudo remembers nothing', async () => {
    const { it: elevated, asked } = elevator('sudo-password', [right]);
    expect(await elevated.run(['echo', 'done'], options)).toMatchObject({ ok: true, value: { stdout: 'done\n' } });
    expect(asked).toHaveLength(1);
    expect(await readFile(join(folder, 'log'), 'utf8')).toBe(`password ${right}\n`.repeat(2));
  });

  it('asks again after a wrong password', async () => {
    const { it: elevated, asked } = elevator('sudo-password', ['wrong', right]);
    expect(await elevated.run(['echo', 'done'], options)).toMatchObject({ ok: true, value: { stdout: 'done\n' } });
    expect(asked).toHaveLength(2);
    expect(asked[1]?.explanation).toContain('did not accept');
  });

  it('gives up when sudo does', async () => {
    const { it: elevated } = elevator('sudo-password', ['wrong', 'wrong', 'wrong']);
    const ran = await elevated.run(['echo', 'done'], options);
    expect(ran).toMatchObject({ ok: false, failure: { code: 'no-sudo' } });
    expect(JSON.stringify(ran)).toContain('3 incorrect');
    expect(said(ran)).toBe(
      'sudo did not let "pat" run the agent on web: check the password, and that the user may use sudo.',
    );
  });

  it('says that the user may not', async () => {
    await writeFile(join(folder, 'refuses'), '');
    const { it: elevated } = elevator('sudo-password', [right]);
    const ran = await elevated.run(['echo', 'done'], options);
    expect(ran).toMatchObject({ ok: false, failure: { code: 'no-sudo' } });
    expect(JSON.stringify(ran)).toContain('not in the sudoers');
    expect(said(ran)).toContain('sudo did not let "pat" run the agent on web');
    expect(said(await elevator('none').it.run(['true'], options))).toBe(
      'The agent needs root: give "pat" sudo, or connect as another user.',
    );
    const doas = await elevator('doas-password').it.run(['true'], options);
    expect(doas).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('permit nopass pat') as string },
    });
  });

  it('ends when the user does not answer, or gives up waiting', async () => {
    const { it: elevated } = elevator('sudo-password', [null]);
    const declined = await elevated.run(['echo', 'done'], options);
    expect(declined).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    expect(said(declined)).toBe('The agent needs root, and the password was not given.');
    const slow = elevator('root').it;
    expect(await slow.run(['sleep', '20'], { timeoutMs: 100 })).toMatchObject({
      ok: false,
      failure: { code: 'timeout' },
    });
    const signal = AbortSignal.timeout(50);
    expect(await slow.run(['sleep', '20'], { timeoutMs: 9000, signal })).toMatchObject({
      ok: false,
      failure: { code: 'cancelled' },
    });
  });

  it('hands on lines as they come', async () => {
    const lines: string[] = [];
    const { it: elevated } = elevator('root');
    await elevated.run(['printf', 'one\ntwo\nrest'], { ...options, onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['one', 'two']);
  });

  it('reads nothing of a command that wants input', async () => {
    const { it: elevated } = elevator('root');
    expect(await elevated.run(program, { timeoutMs: 300 })).toMatchObject({ ok: false, failure: { code: 'timeout' } });
  });
});
