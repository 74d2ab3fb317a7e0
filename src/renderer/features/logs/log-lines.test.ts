import { describe, expect, it } from 'vitest';
import { chosenLines, emptyLog, maxLogLines, readLogLine, withLines } from './log-lines.js';

const at = 'time=2026-11-28T23:30:31.642Z';

describe('a line of the log', () => {
  it.each([
    [`${at} level=INFO msg="store made up" windows=40`, 'info', 'store made up  windows=40'],
    [`${at} level=WARN msg=late`, 'warn', 'late'],
    [`${at} level=ERROR+2 msg="a \\"b\\"" reason="x y"`, 'error', 'a "b"  reason="x y"'],
    [`${at} level=INFO msg="odd \\x00"`, 'info', '"odd \\x00"'],
    ['goroutine 1 [running]:', 'other', 'goroutine 1 [running]:'],
    ['', 'other', ''],
  ])('%s', (raw, level, text) => {
    expect(readLogLine(raw, 0)).toMatchObject({ level, text, raw });
  });

  it('has its time', () => {
    expect(readLogLine(`${at} level=INFO msg=a`, 3)).toMatchObject({
      number: 3,
      atMs: Date.UTC(2026, 10, 28, 23, 30, 31, 642),
    });
  });
});

it('keeps the newest lines and counts what was left out', () => {
  const first = withLines(emptyLog, { lines: ['a', 'b'], skipped: 0 });
  const all = withLines(first, { lines: Array.from({ length: maxLogLines }, (_, index) => `l${index}`), skipped: 7 });
  expect(all.lines).toHaveLength(maxLogLines);
  expect(all.lines[0]).toMatchObject({ number: 2, raw: 'l0' });
  expect(all).toMatchObject({ skipped: 7, seen: maxLogLines + 2 });
});

it('shows what is grave enough and has the words', () => {
  const { lines } = withLines(emptyLog, {
    lines: [
      `${at} level=INFO msg=one`,
      `${at} level=WARN msg="two Docker"`,
      `${at} level=ERROR msg=three`,
      'panic: four',
    ],
    skipped: 0,
  });
  const shown = (...chosen: [Parameters<typeof chosenLines>[1], string]): string[] =>
    chosenLines(lines, ...chosen).map(({ text }) => text);
  expect(shown('all', '')).toEqual(['one', 'two Docker', 'three', 'panic: four']);
  expect(shown('warn', '')).toEqual(['two Docker', 'three', 'panic: four']);
  expect(shown('error', '')).toEqual(['three', 'panic: four']);
  expect(shown('all', 'docker two')).toEqual(['two Docker']);
});
