import { expect, test } from 'vitest';
import { CommandError, describeCommand, runCommand } from './children.mjs';
import { fromRoot } from './paths.mjs';

test('gives standard output and tells lines apart by where they came from', async () => {
  /** @type {string[]} */
  const lines = [];
  const output = await runCommand('sh', ['-c', 'echo out; echo err >&2; printf last'], {
    onLine: (line, from) => void lines.push(`${from}: ${line}`),
  });
  expect(output).toBe('out\nlast');
  expect(lines.sort()).toEqual(['stderr: err', 'stdout: last', 'stdout: out']);
});

test('rejects with the exit code, a missing program, a signal and the time limit', async () => {
  await expect(runCommand('sh', ['-c', 'exit 5'])).rejects.toMatchObject({ name: 'CommandError', code: 5 });
  await expect(runCommand('no-such-program-here', [])).rejects.toThrow('ENOENT');
  await expect(runCommand('sh', ['-c', 'kill -9 $$'])).rejects.toThrow('ended by SIGKILL');
  await expect(runCommand('sleep', ['300'], { timeoutMs: 50 })).rejects.toThrow('not done after 0 s, ended');
});

test('a child that outlives its command does not keep it from ending', async () => {
  // Without ending the group, the sleeping child would hold standard output open for five minutes.
  expect(await runCommand('sh', ['-c', 'sleep 300 & echo done'])).toBe('done');
});

test('what ignores the request to end is killed after the grace', async () => {
  const controller = new AbortController();
  const running = runCommand('sh', ['-c', 'trap "" TERM; echo ready; sleep 300; sleep 300'], {
    signal: controller.signal,
    graceMs: 50,
    onLine: () => controller.abort(),
  });
  await expect(running).rejects.toBeInstanceOf(CommandError);
});

test('a command is described as a person would type it in the clone', () => {
  expect(describeCommand('/usr/bin/node', [fromRoot('node_modules/x/bin.js'), '--fix'])).toBe(
    'node node_modules/x/bin.js --fix',
  );
  expect(describeCommand('/bin/echo', ['x'.repeat(300)])).toHaveLength(100);
});
