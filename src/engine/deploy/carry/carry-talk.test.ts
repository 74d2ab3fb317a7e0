import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Result } from '../../../contract/result.js';
import type { Brought } from '../../link/openssh/one-session.js';
import { takeUntil } from '../../link/take-until.js';
import { sentence, value } from '../../link/testing/results.js';
import { writeFakeAgent } from '../testing/fake-agent.js';
import { AgentCarrier } from './agent-carrier.js';

// The script and who talks to it, without ssh: each with the other one as it should not be.

let folder = '';
let resourcesDir = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pyrometer-carry-'));
  const bridge = join(folder, 'bridge');
  writeFileSync(bridge, '#!/bin/sh\necho SHA256:made-here\n', { mode: 0o755 });
  resourcesDir = await writeFakeAgent(join(folder, 'resources'), { socket: '', bridges: bridge });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const never = new AbortController().signal;

describe('who talks to the script', () => {
  const asked = 'system=Linux\nmachine=x86_64\nready\n';

  /** What becomes of a connection to a server that says all of it at once and then nothing, without ending. */
  function of(said: string): Promise<Result<Brought>> {
    const stdout = new PassThrough({ highWaterMark: 10_000_000 });
    stdout.write(said);
    const stdin = new PassThrough();
    stdin.resume();
    return new AgentCarrier({ resourcesDir }).bring({ stdin, stdout }, { onNotice: () => undefined }, never);
  }

  it.each([
    ['facts without end', 'system=Linux\n'.repeat(1000)],
    ['a line without measure', `system=${'x'.repeat(100_000)}\n`],
    ['a path that none can be', `${asked}heard\nsend /a\0b\n`],
    ['a path that clears the screen', `${asked}heard\nsend /a\u001b[2Jb\n`],
    ['a path of here', `${asked}heard\nsend a\n`],
    ['another word', `${asked}heard\nsend\n`],
    ['no key', `${asked}heard\nthere\nhello\n`],
  ])('takes %s for no answer', async (_what, said) => {
    const failed = await of(said);
    expect(sentence(failed)).toBe('What is to carry the connection there does not answer: try again.');
    expect(failed.ok ? '' : (failed.failure.detail ?? '')).toSatisfy((detail: string) => detail.length < 1000);
  });

  it('takes no word for a number', async () => {
    expect(sentence(await of(`${asked}heard\nfailed some\n`))).toBe(
      'The agent, which carries the connection, could not be written there: try again.',
    );
    expect(sentence(await of(`${asked}heard\nfailed 2048\n`))).toContain('(2 MB free)');
  });
});

describe.skipIf(process.platform !== 'linux')('the script', () => {
  /** Talks to the script as it runs in a shell here. */
  async function run(environment: NodeJS.ProcessEnv): Promise<{ brought: Result<Brought>; sent: boolean }> {
    const carrier = new AgentCarrier({ resourcesDir, programs: join(folder, 'opt') });
    const [program = '', ...rest] = carrier.command('mark');
    const child = spawn(program, rest, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'ignore'] });
    onTestFinished(() => void child.kill());
    child.stdin.on('error', () => undefined);
    await takeUntil(child.stdout, Buffer.from('\nmark\n'), never);
    let sent = false;
    const onNotice = (): void => {
      sent = true;
    };
    return { brought: await carrier.bring(child, { onNotice }, never), sent };
  }

  it.each(['a b', 'it\'s "a"', 'back\\slash', '-n', '$(touch x);*', '\u202Eolleh'])(
    'keeps the agent below %j, and sends it once',
    async (name) => {
      const cache = join(folder, 'caches', name);
      const environment = { XDG_CACHE_HOME: cache };
      const first = await run(environment);
      expect(value(first.brought).key).toBe('SHA256:made-here');
      expect(first.sent).toBe(true);
      const [version = ''] = readdirSync(join(cache, 'pyrometer', 'agent'));
      expect(readdirSync(join(cache, 'pyrometer', 'agent', version))).toEqual(['pyrometer-agent']);
      const agent = join(cache, 'pyrometer', 'agent', version, 'pyrometer-agent');
      expect(
        readFileSync(agent).equals(readFileSync(join(resourcesDir, 'agent', 'linux-amd64', 'pyrometer-agent'))),
      ).toBe(true);
      expect(await run(environment)).toMatchObject({ brought: { ok: true }, sent: false });
    },
  );

  it.skipIf(process.getuid?.() !== 0)('runs nothing where somebody else was quicker', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const user = `quicker-${process.pid}`;
    const spare = `/var/tmp/pyrometer-${user}`;
    onTestFinished(() => {
      rmSync(spare, { recursive: true, force: true });
    });
    const program = (name: string, script: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`, { mode: 0o755 });
    };
    program('id', `echo ${user}`);
    program('mkdir', `mkdir ${spare} 2>/dev/null && chown 4242 ${spare} && chmod 777 ${spare}; mkdir "$@"`);
    const { brought, sent } = await run({ XDG_CACHE_HOME: '/proc/none', PATH: `${bin}:/usr/bin:/bin` });
    expect(existsSync(spare)).toBe(true);
    expect(sentence(brought)).toContain('no program may run in');
    expect(sent).toBe(false);
    expect(readdirSync(spare)).toEqual([]);
  });
});
