import type { LogLines } from '../../contract/agent-log.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Elevator } from './elevate.js';

/** Where an agent that the app started logs to. */
export const agentLog = '/var/lib/pyrometer/agent.log';

/** setTimeout takes no more: 24 days. */
const longestMs = 2 ** 31 - 1;
const flushMs = 200;
/** Of one flush; what is beyond it is counted and left out, oldest first. */
const maxLines = 500;
const maxCharacters = 2000;
/** No tail ends so: there is no log, or it is no file. */
const noLog = 95;
const notAFile = 96;

/**
 * Prints the end of a log and what is added from then on, also when another file takes its name. It ends with its input:
 * closing that is all that is left to do where the connection is gone. tail gets no input, so that cat alone reads it.
 *
 * $1 the log, $2 how many lines of what is there.
 */
const script = `
# Follows the agent's log; changes nothing, and ends with the view.
[ -e "$1" ] || exit ${noLog}
[ -f "$1" ] && [ ! -L "$1" ] || exit ${notAFile}
tail -n "$2" -F -- "$1" </dev/null 2>/dev/null & child=$!
trap 'kill "$child" 2>/dev/null' EXIT
trap 'exit 0' HUP INT TERM
cat >/dev/null
`;

export interface FollowOptions {
  readonly path: string;
  /** Lines of what is there already. */
  readonly lines: number;
  readonly onLines: (lines: LogLines) => void;
  readonly signal: AbortSignal;
}

/**
 * Follows a log as root until `signal` ends it or the connection breaks ("not-connected"). What arrives is handed on five
 * times a second, bounded: lines that are too many are counted, ones that are too long are cut.
 */
export async function followLog(elevator: Elevator, options: FollowOptions): Promise<Result<null>> {
  const { path, lines, onLines, signal } = options;
  let waiting: string[] = [];
  let skipped = 0;
  const flush = (): void => {
    if (waiting.length === 0 && skipped === 0) return;
    onLines({ lines: waiting, skipped });
    waiting = [];
    skipped = 0;
  };
  const timer = setInterval(flush, flushMs);
  try {
    const ran = await elevator.run(['sh', '-c', script, 'sh', path, String(lines)], {
      timeoutMs: longestMs,
      following: true,
      signal,
      onLine: (line) => {
        waiting.push(line.length > maxCharacters ? `${line.slice(0, maxCharacters)}…` : line);
        if (waiting.length > maxLines) {
          waiting.shift();
          skipped++;
        }
      },
    });
    if (!ran.ok) return ran;
    if (ran.value.code === noLog)
      return fail('not-found', `There is no log at ${path}: no agent was started there yet.`);
    if (ran.value.code === notAFile) return fail('refused', `${path} is no plain file, and root does not read it.`);
    // It ends by itself only when somebody ends it there.
    return ran.value.code === 0
      ? ok(null)
      : fail('agent-failed', 'The log is not followed any more: what read it there was ended.', ran.value.stderr);
  } finally {
    clearInterval(timer);
    flush();
  }
}
