import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteArgument, quoteCommand } from './quote.js';

const shells = ['/bin/sh', 'dash', 'bash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

/** What the shell hands to a program, argument by argument. */
function throughShell(shell: string, argv: readonly string[]): string[] {
  const script = 'for (const a of process.argv.slice(1)) process.stdout.write(Buffer.from(a).toString("hex") + "\\n")';
  const command = quoteCommand([process.execPath, '-e', script, '--', ...argv]);
  const lines = execFileSync(shell, ['-c', command], { encoding: 'utf8' }).split('\n').slice(0, -1);
  return lines.map((line) => Buffer.from(line, 'hex').toString());
}

const hostile = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  "\\'",
  '\\\\',
  "a'b\\c'd",
  '$(touch /tmp/pyrometer-was-here)',
  '`id`',
  '$HOME',
  '${IFS}',
  '~',
  '~root',
  '*',
  '?',
  '[a-z]*',
  '{a,b}',
  '!!',
  '; id',
  '&& id',
  '| id',
  '> /dev/null',
  '#',
  '-rf',
  '--',
  'a=b',
  'line\nbreak',
  'carriage\rreturn',
  '\t',
  '\u0007\u001b[31m',
  'ünï \u202e rtl',
  "'; id; '",
  '"$(id)"',
  '\\\n',
];

describe('quoteCommand', () => {
  it.each(shells)('hands hostile arguments through %s unchanged', (shell) => {
    expect(throughShell(shell, hostile)).toEqual(hostile);
  });

  it.each(shells)('hands any text through %s unchanged', (shell) => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from(`ab '"\\\`$(){}[]*?!;&|<>#~=%^-\n\t`)),
      maxLength: 30,
    });
    fc.assert(
      fc.property(fc.array(text, { minLength: 20, maxLength: 60 }), (argv) => {
        expect(throughShell(shell, argv)).toEqual(argv);
      }),
      { numRuns: 6 },
    );
  });

  it('refuses what cannot be an argument or a program', () => {
    expect(() => quoteArgument('a\0b')).toThrow(RangeError);
    expect(() => quoteCommand([])).toThrow(RangeError);
    expect(() => quoteCommand([''])).toThrow(RangeError);
    expect(() => quoteCommand(['-x'])).toThrow(RangeError);
    expect(() => quoteCommand(['A=b', 'c'])).toThrow(RangeError);
  });
});
