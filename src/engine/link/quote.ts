/**
 * Quotes one argument so that a shell on the other side hands it on unchanged. sshd gives a command to the login shell
 * as one string, so this is the only wall between a file name and a command.
 *
 * Everything stands in single quotes but the quote and the backslash, which stand in double quotes: fish, unlike
 * POSIX shells, reads backslashes inside single quotes. Checked against sh, dash and bash; csh would still expand "!".
 */
export function quoteArgument(argument: string): string {
  if (argument.includes('\0')) throw new RangeError('An argument of a command cannot hold a NUL character.');
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(argument)) return argument;
  const parts = argument.match(/'+|\\+|[^'\\]+/g) ?? [];
  if (parts.length === 0) return "''";
  return parts
    .map((part) => {
      if (part.startsWith("'")) return `"${part}"`;
      if (part.startsWith('\\')) return `"${part.replaceAll('\\', '\\\\')}"`;
      return `'${part}'`;
    })
    .join('');
}

/** Quotes a command. The program's name must not be empty, nor an option or an assignment. */
export function quoteCommand(argv: readonly string[]): string {
  const [program, ...rest] = argv;
  if (program === undefined || !/^[A-Za-z0-9_./][^=]*$/.test(program)) {
    throw new RangeError('A command needs the name of a program.');
  }
  return [program, ...rest].map(quoteArgument).join(' ');
}
