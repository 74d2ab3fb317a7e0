import { expect, test } from 'vitest';
import { parseStartArguments } from './commands.mjs';

test('a command goes to the command line with all that follows it', () => {
  expect(parseStartArguments(['record', 'local', '--yes'], {})).toEqual({
    yes: false,
    setupOnly: false,
    command: { agents: true },
    rest: ['record', 'local', '--yes'],
  });
  expect(parseStartArguments(['--help'], {})).toMatchObject({ command: { agents: false }, rest: ['--help'] });
});

test('anything else is for the window', () => {
  expect(parseStartArguments([], {})).toMatchObject({ command: undefined, rest: [] });
  expect(parseStartArguments(['./record', 'a.pb.gz'], {})).toMatchObject({
    command: undefined,
    rest: ['./record', 'a.pb.gz'],
  });
  expect(parseStartArguments(['constructor'], {}).command).toBeUndefined();
});

test('options of set-up come first, and CI means yes', () => {
  expect(parseStartArguments(['--yes', '--setup-only', 'x.folded'], {})).toMatchObject({
    yes: true,
    setupOnly: true,
    rest: ['x.folded'],
  });
  expect(parseStartArguments([], { CI: 'true' }).yes).toBe(true);
  expect(parseStartArguments([], { CI: 'false' }).yes).toBe(false);
});
