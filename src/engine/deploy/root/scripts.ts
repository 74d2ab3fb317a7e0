/** Says that sudo itself refused; no program of ours ends so. */
export const sudoRefused = 97;

/**
 * One command with a password. sudo reads it only after it printed its prompt, and it is written only then: on a host that asks
 * for none, a line written ahead would reach the command as its input. The first sudo checks, the second runs: it may
 * ask again where sudo remembers nothing.
 *
 * $1 the prompt, $2 the mark that says on standard error that sudo took the password, then the command.
 */
const passwordScript = [
  'p=$1; m=$2; shift 2; export LC_ALL=C',
  `printf '\\n%s\\n' "$m"`,
  `sudo -S -p "$p" -v || exit ${sudoRefused}`,
  `printf '%s\\n' "$m" >&2`,
  'exec sudo -S -p "$p" -- "$@"',
].join('\n');

/** Says on standard output that a login script, which may print, is over; then becomes the command. */
const markedScript = `printf '\\n%s\\n' "$1"; shift; exec "$@"`;

/**
 * The one sudo of a connection: as above, but root itself says, on both outputs, that sudo let it. Who may not use sudo at all is
 * told so without being asked for a password first (sudo(8), -v; verifypw in sudoers(5)).
 */
const bridgeScript = [
  'p=$1; m=$2; a=$3; shift 3; export LC_ALL=C',
  's=$(sudo -n -v 2>&1 </dev/null)',
  `case $s in *"may not run sudo"*) printf '%s\n' "$s" >&2; exit ${sudoRefused};; esac`,
  'exec sudo -S -p "$p" -- sh -c "$a" sh "$m" "$@"',
].join('\n');
const acceptedScript = `printf '\\n%s\\n' "$1"; printf '%s\\n' "$1" >&2; shift; exec "$@"`;

/** A command that says `mark` in a line of its own before anything else. */
export function marked(mark: string, argv: readonly string[]): readonly string[] {
  return ['sh', '-c', markedScript, 'sh', mark, ...argv];
}

/** A command that sudo runs, which may ask for a password twice by `prompt`. */
export function withPassword(prompt: string, mark: string, argv: readonly string[]): readonly string[] {
  return ['sh', '-c', passwordScript, 'sh', prompt, mark, ...argv];
}

/** What is to run all other commands as root, started by sudo, which may ask for a password once by `prompt`. */
export function asBridge(prompt: string, mark: string, argv: readonly string[]): readonly string[] {
  return ['sh', '-c', bridgeScript, 'sh', prompt, mark, acceptedScript, ...argv];
}

/** The command that a person would type for one that was run as root here; undefined for any other. */
export function typedAsRoot(argv: readonly string[]): readonly string[] | undefined {
  const [, option, script, , , ...rest] = argv;
  if (option !== '-c') return undefined;
  if (script === markedScript) return rest;
  if (script === bridgeScript) return ['sudo', '--', ...rest.slice(2)];
  return script === passwordScript ? ['sudo', '--', ...rest.slice(1)] : undefined;
}

/** Whether a command waits for what only this app would write to it. By hand it has nothing to do, and ends. */
export function readsNothing(argv: readonly string[]): boolean {
  return argv[1] === '-c' && argv[2] === bridgeScript;
}
