import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress, fitLine, printable, seconds } from './progress.mjs';

function screen() {
  let text = '';
  const stream = /** @type {NodeJS.WriteStream} */ (
    /** @type {unknown} */ (
      new Writable({
        write(chunk, _encoding, done) {
          text += String(chunk);
          done();
        },
      })
    )
  );
  return { stream, text: () => text };
}

test('without a terminal: a line when work begins and one when it has ended', () => {
  const { stream, text } = screen();
  let clock = 0;
  const progress = createProgress({ stream, live: false, now: () => clock });
  progress.begin('agents', 'go build');
  clock = 61_000;
  progress.detail('agents', 'never shown');
  progress.end('agents', 'done', 'two of them');
  progress.end('addon', 'ready', 'built');
  expect(text()).toBe('… agents: go build\n✓ agents: two of them  (1 min 1 s)\n· addon: built\n');
});

test('on a terminal a printed line replaces the live one', async () => {
  const { stream, text } = screen();
  const progress = createProgress({ stream, live: true });
  progress.begin('agents', 'go build');
  await expect.poll(text).toContain('agents 0.1 s go build');
  progress.note('hello');
  progress.end('agents', 'failed', 'broken');
  expect(text()).toMatch(/\r\x1b\[2Khello\n/);
  expect(text().endsWith('\n')).toBe(true);
});

test('hostile output moves no cursor and a long line does not wrap', () => {
  expect(printable('\x1b[2Ja\x07b\u202ec\tx')).toBe('a b c x');
  expect(fitLine('abcdefghij', 8)).toBe('abcdef…');
  expect(fitLine('abc', 8)).toBe('abc');
});

test('times are read at a glance', () => {
  expect([seconds(0), seconds(1234), seconds(59_940), seconds(125_000)]).toEqual([
    '0.0 s',
    '1.2 s',
    '59.9 s',
    '2 min 5 s',
  ]);
});
