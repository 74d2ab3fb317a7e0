import { randomUUID } from 'node:crypto';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { ExecOptions, Link } from './link.js';

export interface ScriptResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const opening = `m=$1; shift; export LC_ALL=C
printf '\\n%s\\n' "$m"
(
`;
const closing = `
)
s=$?
printf '\\n%s %s\\n' "$m" "$s"`;

/** The command without marks that a command of `runScript` comes to; undefined for any other. */
export function unmarked(argv: readonly string[]): readonly string[] | undefined {
  const [shell = '', option, script = '', name = '', , ...args] = argv;
  if (option !== '-c' || !script.startsWith(opening) || !script.endsWith(closing)) return undefined;
  return [shell, '-c', script.slice(opening.length, -closing.length), name, ...args];
}

/**
 * Runs a script of POSIX sh with arguments as $1, $2, ... and answers what it printed, without what a login script
 * printed before or after it. Messages of programs are in English, for details that people pass on.
 */
export async function runScript(
  link: Link,
  script: string,
  args: readonly string[] = [],
  options: ExecOptions = {},
): Promise<Result<ScriptResult>> {
  const mark = `pyrometer-${randomUUID()}`;
  const wrapped = opening + script + closing;
  const result = await link.exec(['sh', '-c', wrapped, 'sh', mark, ...args], options);
  if (!result.ok) return result;
  const { stdout, stderr } = result.value;
  const begin = stdout.indexOf(`\n${mark}\n`);
  const end = stdout.lastIndexOf(`\n${mark} `);
  const code = Number.parseInt(stdout.slice(end + mark.length + 2), 10);
  if (begin < 0 || end < begin || Number.isNaN(code)) {
    return runsNothing(`${stdout.slice(0, 1000)}\n${stderr.slice(0, 1000)}`);
  }
  return ok({ code, stdout: stdout.slice(begin + mark.length + 2, end), stderr });
}

/** What to say where no command of ours is run. */
export function runsNothing(detail: string): { ok: false; failure: Failure } {
  return fail(
    'unsupported',
    'The login shell there does not run commands: check that the account has a POSIX shell.',
    detail,
  );
}
