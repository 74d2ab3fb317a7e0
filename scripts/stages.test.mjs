import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { exitCodeOf, runStages, summarise } from './stages.mjs';
import { fromRoot } from './setup/paths.mjs';

/** Collects what would be printed. */
function quiet() {
  /** @type {string[]} */
  const lines = [];
  return {
    lines,
    progress: {
      begin: () => undefined,
      detail: () => undefined,
      end: (/** @type {string} */ name, /** @type {string} */ mark, /** @type {string} */ text) =>
        void lines.push(`${mark} ${name}: ${text}`),
      note: (/** @type {string} */ text) => void lines.push(text),
      pause: () => undefined,
      resume: () => undefined,
      close: () => undefined,
    },
  };
}

/** @param {string} name @param {Partial<import('./stages.mjs').Stage>} [more] @returns {import('./stages.mjs').Stage} */
const stage = (name, more = {}) => ({ name, run: async () => undefined, ...more });

afterEach(() => vi.restoreAllMocks());

test('a stage starts when what it needs has ended, and names outside the run are ignored', async () => {
  /** @type {string[]} */
  const order = [];
  const note = (/** @type {string} */ name) => async () => void order.push(name);
  const { progress } = quiet();
  const result = await runStages(
    'test-order',
    [
      stage('c', { needs: ['b', 'elsewhere'], run: note('c') }),
      stage('b', { needs: ['a'], run: note('b') }),
      stage('a', { run: note('a') }),
    ],
    { progress },
  );
  expect(order).toEqual(['a', 'b', 'c']);
  expect(result.ok).toBe(true);
  expect(exitCodeOf(result)).toBe(0);
});

test('no more than the given number run at a time, and one that is alone runs alone', async () => {
  let running = 0;
  let most = 0;
  let besideAlone = 0;
  const busy = (/** @type {boolean} */ alone) => async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (alone) besideAlone = running;
    running -= 1;
  };
  const { progress } = quiet();
  const stages = ['a', 'b', 'c', 'd'].map((name) => stage(name, { run: busy(false) }));
  stages.splice(1, 0, stage('alone', { alone: true, run: busy(true) }));
  await runStages('test-jobs', stages, { progress, jobs: 2 });
  expect(most).toBe(2);
  expect(besideAlone).toBe(1);
});

test('a failure gives up the rest; with keepGoing only what needs it', async () => {
  const boom = stage('boom', {
    run: async () => {
      throw new Error('no luck');
    },
  });
  const stages = [boom, stage('after', { needs: ['boom'] }), stage('other', { needs: ['first'] }), stage('first')];
  const one = quiet();
  const stopped = await runStages('test-failure', stages, { progress: one.progress, jobs: 1 });
  expect(stopped.ok).toBe(false);
  expect(exitCodeOf(stopped)).toBe(1);
  expect(one.lines).toEqual(['    all of it: build/logs/test-failure/boom.log', 'failed boom: no luck']);
  expect(readFileSync(fromRoot('build/logs/test-failure/boom.log'), 'utf8')).toContain('Error: no luck');

  const two = quiet();
  const went = await runStages('test-failure', stages, { progress: two.progress, keepGoing: true });
  expect(went.stages.map(({ name, mark }) => `${mark} ${name}`).sort()).toEqual([
    'done first',
    'done other',
    'failed boom',
    'skipped after',
  ]);
  expect(summarise('x', went)).toMatch(/^x: .*1 failed.* in 0\.\d s$/);
});

test('stages that wait for each other are an error, not a hang', async () => {
  const { progress } = quiet();
  const circle = [stage('a', { needs: ['b'] }), stage('b', { needs: ['a'] })];
  await expect(runStages('test-circle', circle, { progress })).rejects.toThrow('wait for each other: a, b');
});

test('a failing command is named with its last lines, and its log holds all', async () => {
  const { lines, progress } = quiet();
  const result = await runStages(
    'test-command',
    [
      stage('say', {
        run: async ({ exec }) => {
          await exec('sh', ['-c', 'echo one; echo two >&2; exit 3']);
        },
      }),
    ],
    { progress },
  );
  expect(result.ok).toBe(false);
  expect(lines.slice(0, 2).sort()).toEqual(['    one', '    two']);
  expect(lines.at(-1)).toBe('failed say: sh -c echo one; echo two >&2; exit 3: exit code 3');
  expect(readFileSync(fromRoot('build/logs/test-command/say.log'), 'utf8')).toMatch(
    /^\$ sh -c .*\n(one\ntwo|two\none)\n$/,
  );
});

test('an interrupt ends the commands with all that they started', async () => {
  const { progress } = quiet();
  /** @type {string | undefined} */
  let grandchild;
  const run = runStages(
    'test-interrupt',
    [
      stage('sleep', {
        run: async ({ exec }) => {
          // The shell is stopped from dying at SIGTERM before its child: the whole group must be reached.
          await exec('sh', ['-c', 'sleep 300 & echo $!; wait'], { show: true });
        },
      }),
    ],
    {
      progress: {
        ...progress,
        note: (text) => {
          grandchild ??= text;
          process.emit('SIGTERM', 'SIGTERM');
        },
      },
    },
  );
  const result = await run;
  expect(result.interrupted).toBe('SIGTERM');
  expect(exitCodeOf(result)).toBe(143);
  expect(grandchild).toMatch(/^\d+$/);
  // Killed is not yet ended: for a moment the kernel still lists it as running.
  await expect.poll(() => isAlive(grandchild ?? '')).toBe(false);
});

/** A zombie counts as ended. @param {string} pid */
function isAlive(pid) {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (_gone) {
    return false;
  }
}
