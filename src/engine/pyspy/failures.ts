import { fail, type Failure } from '../../contract/result.js';
import { visibleText } from '../../core/words/visible-text.js';

/** What py-spy says when it cannot go on, what it means and what to do. First match wins. */
const causes: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [
    /Failed to find (?:a )?python version|Failed to find python interpreter|failed to find .*interp/i,
    'py-spy does not know this version of Python, or the process runs none: choose one that runs CPython 2.3 to 3.14.',
  ],
  [
    /Permission denied|Operation not permitted|EPERM|requires root|must be run as root|ptrace/i,
    'py-spy may not read this process: the system forbids it. In a container its security profile has to allow ptrace; on a host it needs root.',
  ],
  [
    /No such process|no such file|process .*(?:exited|not found)|No child process|ESRCH|ENOENT/i,
    'The process ended before py-spy could read it: choose one that runs.',
  ],
  [
    /exec format error/i,
    'py-spy is here for another processor than this container is made for: run an image made for the processor of its machine.',
  ],
];

const unknown =
  'py-spy could not read the process: record it again and, where that fails each time, choose another or look at what py-spy said.';

/** A failure of py-spy in a sentence that says what to do; its own words stay as detail. */
export function pySpyFailure(said: string): { ok: false; failure: Failure } {
  const detail = said.trim().slice(-4000);
  const sentence = causes.find(([pattern]) => pattern.test(said))?.[1];
  return fail('pyspy-failed', sentence ?? unknown, detail);
}

const longestCommand = 60;

/** Says which process a failure of py-spy is about. Its command is hostile text. */
export function ofProcess(
  failure: Failure,
  process: { readonly pid: number; readonly command: string } | undefined,
): Failure {
  if (failure.code !== 'pyspy-failed' || process === undefined) return failure;
  const { pid, command } = process;
  const short = command.length > longestCommand ? `${command.slice(0, longestCommand - 1)}…` : command;
  return { ...failure, message: `Process ${pid} (${visibleText(short)}): ${failure.message}` };
}
