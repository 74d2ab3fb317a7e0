import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../../contract/result.js';
import type { RunningCommand } from '../../link/link.js';
import { LocalLink } from '../../link/local-link.js';
import { silentPrompter, type Prompter, type SecretQuestion } from '../../link/prompter.js';
import { sentence, value } from '../../link/testing/results.js';
import { Elevator } from '../elevate.js';
import type { TargetFacts } from '../facts.js';
import { NotingLink, noteCommand } from '../receipt/noting-link.js';
import { ReceiptBook } from '../receipt/receipt-book.js';
import { writeFakeAgent, type FakeAgentOptions } from '../testing/fake-agent.js';
import { agentMissing, buildAgent } from '../testing/real-agent.js';
import { RootAccess } from './root-access.js';

const missing = await agentMissing();
if (missing !== undefined) console.warn(`tests of the root bridge are skipped: ${missing}`);

const right = "it's $ecret";

/** Acts as sudo does towards a program without a terminal; notes that it was started, and what it was given. */
const fakeSudo = `#!/bin/sh
here=$(dirname "$0")
if [ "$1" = -n ]; then
  [ -e "$here/never" ] && { echo "Sorry, user pat may not run sudo on web." >&2; exit 1; }
  echo "sudo: a password is required" >&2; exit 1
fi
echo sudo >> "$here/sudos"
prompt=; check=
while :; do case $1 in -S) shift;; -v) check=yes; shift;; -p) prompt=$2; shift 2;; --) shift; break;; *) break;; esac; done
[ -e "$here/refuses" ] && { echo "pat is not in the sudoers file." >&2; exit 1; }
for try in 1 2 3; do
  printf '%s' "$prompt" >&2
  IFS= read -r word || { echo "sudo: no password was provided" >&2; exit 1; }
  echo "$word" >> "$here/passwords"
  if [ "$word" = "it's \\$ecret" ]; then
    [ -n "$check" ] && exit 0
    exec "$@"
  fi
  [ $try = 3 ] && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
  echo "Sorry, try again." >&2
done
`;

/** Says that there is no room for another command when it is told to. */
class CrowdedLink extends NotingLink {
  crowd: () => void = () => undefined;

  override onCrowded(listener: () => void): () => void {
    this.crowd = listener;
    return () => undefined;
  }
}

/** Somebody is quicker than root: exchanges the agent once it was compared. */
class SwappingLink extends LocalLink {
  swap: () => Promise<void> = () => Promise.resolve();

  override async spawn(argv: readonly string[]): Promise<Result<RunningCommand>> {
    if (argv.includes('root-bridge')) await this.swap();
    return super.spawn(argv);
  }
}

describe.skipIf(missing !== undefined)('root where sudo asks for a password', { timeout: 60_000 }, () => {
  let built = '';
  let program = '';
  let folder = '';
  const path = process.env['PATH'];
  let root: RootAccess;
  let book: ReceiptBook;
  let link: LocalLink;
  let noting: (over: LocalLink, book: ReceiptBook) => NotingLink;
  let facts: TargetFacts;
  let asked: SecretQuestion[] = [];

  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'pyrometer-root-agent-'));
    program = await buildAgent(built);
  }, 300_000);
  afterAll(() => rm(built, { recursive: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-root-'));
    await writeFile(join(folder, 'sudo'), fakeSudo);
    await chmod(join(folder, 'sudo'), 0o755);
    await mkdir(join(folder, 'cache'));
    process.env['PATH'] = `${folder}:${path ?? ''}`;
    link = new LocalLink();
    noting = (over, into) => new NotingLink(over, into);
    book = new ReceiptBook();
    asked = [];
    facts = {
      uid: 1000,
      user: 'pat',
      kernelName: 'Linux',
      kernel: '6.1',
      machine: 'x86_64',
      rights: 'sudo-password',
      pkexec: false,
      cacheFolder: join(folder, 'cache'),
      freeBytes: undefined,
      btf: true,
      ownReadable: false,
      stored: false,
      wentDown: false,
      installed: [],
    };
    await withAgent({});
  });
  afterEach(async () => {
    await root.close();
    link.dispose();
    process.env['PATH'] = path;
    await rm(folder, { recursive: true });
  });

  async function withAgent(agent: Partial<FakeAgentOptions>): Promise<void> {
    const resourcesDir = await writeFakeAgent(join(folder, 'resources'), {
      socket: '/nowhere',
      bridges: program,
      ...agent,
    });
    root = new RootAccess({ resourcesDir, note: (argv) => noteCommand(book, argv) });
  }

  /** @param answers null: the question is closed */
  function elevator(...answers: readonly (string | null)[]): Elevator {
    const prompter: Prompter = {
      ...silentPrompter,
      askSecret: (question) => {
        const answer = answers[asked.length] ?? null;
        asked.push(question);
        return Promise.resolve(answer === null ? null : [answer]);
      },
    };
    return new Elevator({
      link: noting(link, book),
      facts,
      prompter,
      root,
      targetId: 't',
      targetName: 'web',
    });
  }

  const lines = async (name: string): Promise<readonly string[]> =>
    (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const options = { timeoutMs: 20_000 };

  /** Whether there is such a process, or a group of it. */
  const lives = (pid: number): boolean => {
    try {
      process.kill(-pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  async function gone(pid: number): Promise<void> {
    for (let tries = 0; lives(pid); tries++) {
      if (tries > 400) throw new Error(`process ${pid} goes on`);
      await sleep(25);
    }
  }

  /** Begins a command that goes on, by the bridge; answers its process, which leads a group. */
  async function begin(by: Elevator, signal?: AbortSignal): Promise<{ pid: number; ended: Promise<Result<unknown>> }> {
    let said: (pid: number) => void = () => undefined;
    const pid = new Promise<number>((resolve) => (said = resolve));
    const ended = by.run(['sh', '-c', 'echo $$; sleep 1000 & wait'], {
      timeoutMs: 60_000,
      signal,
      onLine: (line) => {
        said(Number(line));
      },
    });
    return { pid: await pid, ended };
  }

  it('has one sudo for all commands, and asks once', async () => {
    const first = elevator(right);
    expect(value(await first.run(['printf', '[%s]', 'a b', "it's", '$(id)'], options))).toMatchObject({
      code: 0,
      stdout: "[a b][it's][$(id)]",
    });
    const second = elevator();
    expect(value(await second.run(['sh', '-c', 'echo out; echo err >&2; exit 7'], options))).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(value(await second.run(['no-such-program'], options)).code).toBe(127);
    const received: string[] = [];
    const echoed = await second.run(['head', '-n', '1'], {
      ...options,
      onLine: (line) => received.push(line),
      onInput: (input) => {
        input.write('a line\n');
      },
    });
    expect(value(echoed).code).toBe(0);
    expect(received).toEqual(['a line']);
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, index) => second.run(['echo', String(index)], options)),
    );
    expect(many.map((each) => value(each).stdout)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}\n`));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.explanation).toContain('neither kept nor stored');
    expect(await lines('sudos')).toEqual(['sudo']);
    expect(await lines('passwords')).toEqual([right]);
  });

  it('gives no byte of the password to a command, an argument, the environment or the receipt, and keeps none', async () => {
    const by = elevator(right);
    // Reads whatever comes; nothing does.
    const read = await by.run(['sh', '-c', 'timeout 1 cat; echo "|$(env)"'], options);
    expect(value(read).stdout).toMatch(/^\|/);
    const { pid } = await begin(by);
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      for (const file of ['cmdline', 'environ']) {
        const text = await readFile(join('/proc', name, file), 'utf8').catch(() => '');
        expect(text.includes('$ecret'), `${file} of ${name}`).toBe(false);
      }
    }
    expect(inspect(root, { depth: 8, showHidden: true, maxStringLength: 1_000_000 })).not.toContain('ecret');
    expect(JSON.stringify([read, book.receipt('web')])).not.toContain('ecret');
    await root.close();
    await gone(pid);
  });

  it('tells on the receipt what a person would type', async () => {
    const by = elevator(right);
    value(await by.run(['sh', '-c', '# Does something.\nexit 3'], options));
    const entries = book.receipt('web').entries.filter(({ asRoot }) => asRoot);
    expect(entries.map(({ title, outcome }) => [title, outcome])).toEqual([
      [expect.stringContaining('runs the copy') as string, 'not yet ended'],
      ['Does something.', 'exit 3'],
    ]);
    expect(entries[0]?.command).toMatch(/^sudo -- sh -c [^]* no \/opt\/pyrometer root-bridge < \/dev\/null$/);
    expect(entries[1]?.command).toBe("sudo -- sh -c '# Does something.\nexit 3'");
    expect(JSON.stringify(entries)).not.toMatch(/pyrometer-[0-9a-f]{8}-/);
  });

  it('asks once for two that need root at the same time', async () => {
    const by = elevator(right);
    const both = await Promise.all([by.run(['echo', 'one'], options), by.run(['echo', 'two'], options)]);
    expect(both.map((each) => value(each).stdout)).toEqual(['one\n', 'two\n']);
    expect(asked).toHaveLength(1);
  });

  it('asks again after a wrong password, and says so', async () => {
    const ran = await elevator('wrong', right).run(['echo', 'done'], options);
    expect(value(ran).stdout).toBe('done\n');
    expect(asked.map(({ explanation }) => explanation.startsWith('sudo did not accept that password. '))).toEqual([
      false,
      true,
    ]);
    expect(await lines('sudos')).toEqual(['sudo']);
  });

  it('says that sudo refuses, or that nothing was answered', async () => {
    const refusal = 'sudo did not let "pat" run the agent on web: check the password, and that the user may use sudo.';
    const wrong = await elevator('wrong', 'wrong', 'wrong').run(['true'], options);
    expect(sentence(wrong)).toBe(refusal);
    expect(JSON.stringify(wrong)).toContain('3 incorrect');
    expect(JSON.stringify(wrong)).not.toContain('pyrometer-');
    await writeFile(join(folder, 'refuses'), '');
    const refused = await elevator(right).run(['true'], options);
    expect(sentence(refused)).toBe(refusal);
    expect(JSON.stringify(refused)).toContain('not in the sudoers');
    await rm(join(folder, 'refuses'));
    // Who may not use it at all is not asked.
    await writeFile(join(folder, 'never'), '');
    asked = [];
    const never = await elevator(right).run(['true'], options);
    expect(sentence(never)).toBe(refusal);
    expect(JSON.stringify(never)).toContain('may not run sudo');
    expect(asked).toEqual([]);
    await rm(join(folder, 'never'));
    expect(sentence(await elevator(null).run(['true'], options))).toBe(
      'The agent needs root, and the password was not given.',
    );
    // None of that is remembered.
    asked = [];
    expect(value(await elevator(right).run(['true'], options)).code).toBe(0);
  });

  it('ends with the connection, and its commands with it', async () => {
    const { pid, ended } = await begin(elevator(right));
    root.leave();
    expect(await ended).toMatchObject({ ok: false, failure: { code: 'not-connected' } });
    await gone(pid);
    asked = [];
    expect(value(await elevator(right).run(['echo', 'again'], options)).stdout).toBe('again\n');
    expect(asked).toHaveLength(1);
  });

  it('ends a command that is given up, and goes on itself', async () => {
    const given = new AbortController();
    const by = elevator(right);
    const { pid, ended } = await begin(by, given.signal);
    given.abort();
    expect(await ended).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    await gone(pid);
    expect(value(await by.run(['echo', 'more'], options)).stdout).toBe('more\n');
    expect(asked).toHaveLength(1);
  });

  it('does not outlive a kill -9 of who has it', async () => {
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const bridge = require('node:child_process').spawn(process.argv[1], ['root-bridge']);
         bridge.stdout.once('data', () => console.log(bridge.pid));
         setInterval(() => undefined, 1000);`,
        program,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    const there = (): boolean => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    expect(there()).toBe(true);
    holder.kill('SIGKILL');
    for (let tries = 0; there(); tries++) {
      if (tries > 400) throw new Error('the bridge goes on');
      await sleep(25);
    }
  });

  it('makes room on a server that allows few sessions, once its commands have ended', async () => {
    const crowded = new CrowdedLink(link, book);
    noting = () => crowded;
    const by = elevator(right, right);
    const given = new AbortController();
    const { pid, ended } = await begin(by, given.signal);
    crowded.crowd();
    await sleep(200);
    expect(lives(pid)).toBe(true);
    given.abort();
    await ended;
    await gone(pid);
    const outcomes = (): readonly string[] =>
      book.receipt('web').entries.flatMap(({ command, outcome }) => (command.includes('root-bridge') ? [outcome] : []));
    for (let tries = 0; outcomes().includes('not yet ended') && tries < 400; tries++) await sleep(25);
    expect(outcomes()).toEqual(['exit 0']);
    expect(value(await by.run(['echo', 'more'], options)).stdout).toBe('more\n');
    expect(asked).toHaveLength(2);
  });

  it('runs nothing that was exchanged after it was sent', async () => {
    const swapping = new SwappingLink();
    link = swapping;
    const ran = join(folder, 'ran');
    swapping.swap = async () => {
      const [version = ''] = await readdir(join(folder, 'cache'));
      await writeFile(join(folder, 'cache', version, 'pyrometer-agent'), `#!/bin/sh\necho ran > ${ran}\n`);
    };
    const refused = await elevator(right).run(['true'], options);
    expect(refused).toMatchObject({ ok: false, failure: { code: 'upload-corrupt' } });
    expect(await lines('ran')).toEqual([]);
  });

  it.each<[string, Partial<FakeAgentOptions>, Partial<TargetFacts>]>([
    ['is no agent for it', {}, { kernelName: 'Darwin' }],
    ['may no agent run', { broken: true }, {}],
    ['does what was started not answer', { bridges: 'true' }, {}],
  ])('keeps the password where there %s, and says so', async (_what, agent, other) => {
    await withAgent(agent);
    facts = { ...facts, ...other };
    const by = elevator(right, right);
    expect(value(await by.run(['echo', 'one'], options)).stdout).toBe('one\n');
    expect(value(await by.run(['echo', 'two'], options)).stdout).toBe('two\n');
    expect(asked.at(-1)?.explanation).toContain('is kept in memory until you disconnect, and is not stored.');
    expect(asked).toHaveLength('kernelName' in other ? 1 : 2);
  });
});
