import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { Elevator } from '../deploy/elevate.js';
import { lookAt, type TargetFacts } from '../deploy/facts.js';
import { LocalLink } from '../link/local-link.js';
import { silentPrompter } from '../link/prompter.js';
import { placeOnMachine } from './memory-subject.js';
import { ownerPlace } from './owner-place.js';

const python = '/usr/bin/python3';
/** Nobody's in particular. */
const uid = 65_534;
const possible = process.getuid?.() === 0 && existsSync(python);
if (!possible) console.warn('tests of processes of other users are skipped: they need root, and python3 in /usr/bin');

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

const link = new LocalLink();
const own = 'the test of another user';
const ours = (): readonly string[] => readdirSync('/tmp').filter((name) => name.startsWith('pyrometer-memray'));

function elevatorOf(facts: TargetFacts): Elevator {
  return new Elevator({ link, facts, prompter: silentPrompter, targetId: '', targetName: '' });
}

describe.skipIf(!possible)('a process of another user', () => {
  let facts: TargetFacts;
  let running: ChildProcess | undefined;
  beforeAll(async () => {
    facts = value(await lookAt(link));
  });
  afterEach(() => {
    running?.kill('SIGKILL');
  });

  /** Python that sleeps. Its command line may say anything. */
  function start(user: number, argv0 = python): number {
    running = spawn(python, ['-c', 'import time; time.sleep(60)'], {
      uid: user,
      gid: user,
      cwd: '/',
      argv0,
      stdio: 'ignore',
    });
    return running.pid ?? 0;
  }

  it('is looked at as that user, by its own interpreter, with what was sent, and nothing stays', async () => {
    const place = ownerPlace(link, elevatorOf(facts), start(uid, '/tmp/of-somebody/python3'), own);
    await place.clean();
    value(await place.put([{ name: 'a.whl', content: Buffer.from('wheel') }], { uid: 0, gid: 0 }));
    const script =
      'import os, sys; print(os.getuid(), os.getgroups(), sys.executable, open(sys.argv[1] + "/a.whl").read())';
    const ran = value(await place.run(['', '-c', script, place.folder], 20_000));
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^65534 \[[^0]*\] \/usr\/bin\/python3\S* wheel\n$/) as string,
    });
    await place.clean();
    expect(ours()).toEqual([]);
  });

  it("is not looked at where it is root's, or gone", async () => {
    for (const pid of [start(0), 2 ** 22 + 1]) {
      const ran = await ownerPlace(link, elevatorOf(facts), pid, own).run(['', '-c', 'print(1)'], 20_000);
      expect(ran).toMatchObject({ ok: false, failure: { code: 'refused' } });
    }
  });

  it('is not given a folder that somebody else made', async () => {
    const place = ownerPlace(link, elevatorOf(facts), start(uid), own);
    value(await place.put([], { uid: 0, gid: 0 }));
    const again = await place.put([], { uid: 0, gid: 0 });
    expect(again).toMatchObject({ ok: false, failure: { code: 'refused' } });
    await place.clean();
    expect(ours()).toEqual([]);
  });
});

describe('whose process is looked at', () => {
  const facts = { kernelName: 'Linux', user: 'ann', uid: 1000, ownReadable: true } as TargetFacts;
  const chosen = (user: string, more: Partial<TargetFacts> = {}) => {
    const there = { ...facts, ...more };
    const process = { pid: 7, parentPid: 1, command: '/opt/venv/bin/python3 a.py', user };
    const place = placeOnMachine({ link, owner: own }, process, there, elevatorOf(there));
    return place.ok ? place.value.interpreters[0] : place.failure.message;
  };

  it.each([
    ['ann', {}, '/opt/venv/bin/python3'],
    ['bob', {}, 'the one of the process'],
    ['root', {}, /logs in as root/],
    ['ann', { ownReadable: false }, /ptrace_scope/],
    ['bob', { ownReadable: false }, /ptrace_scope/],
    ['root', { user: 'root', uid: 0 }, '/opt/venv/bin/python3'],
    // Root does not run what another user's command line names.
    ['bob', { user: 'root', uid: 0 }, 'the one of the process'],
    ['ann', { kernelName: 'Darwin' }, /on Linux only/],
  ] as const)('%s, %j', (user, more, expected) => {
    const said = chosen(user, more);
    if (typeof expected === 'string') expect(said).toBe(expected);
    else expect(said).toMatch(expected);
  });
});
