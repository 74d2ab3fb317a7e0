import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { Elevator } from '../deploy/elevate.js';
import { agentChanged, copyPlaces, pySpyCopyName } from '../deploy/verified-start.js';
import { Collector, readOutput, type SliceOutput } from './slice-output.js';

/** Longer than any recording; timers count no more than 24 days. */
const longestMs = 20 * 24 * 3_600_000;
const startTimeoutMs = 30_000;

/**
 * Runs py-spy whenever a line of standard input says so, and ends when nobody is left to say it. One command for a whole
 * recording, because a desktop's question for rights comes with every command that is run as root.
 *
 * As root it runs a copy that nobody else can write to and whose hash it compared, for the reason that `verifiedStart` has.
 * py-spy's words come on standard error; its profile, and what it says when it fails, on standard output. Both say so
 * when a run ended.
 *
 * $1 what begins the lines that are not py-spy's, $2 py-spy, $3 its SHA-256, $4 whether this is root.
 */
const script = `
# Runs py-spy with the numbers that lines of standard input name; signals it when they say so.
mark=$1 spy=$2 sum=$3
umask 077; export LC_ALL=C; set -f
if [ "$4" = yes ]; then
  folder=
  trap '[ -z "$folder" ] || rm -rf -- "$folder"' EXIT
  trap 'exit 1' HUP INT TERM
  for place in ${copyPlaces.join(' ')}; do
    folder=$(mktemp -d "$place/${pySpyCopyName}XXXXXXXX" 2>/dev/null) || continue
    if cp -- "$spy" "$folder/py-spy" && chmod 700 "$folder/py-spy"; then
      is=$(sha256sum -- "$folder/py-spy" 2>/dev/null || shasum -a 256 "$folder/py-spy")
      case $is in "$sum "*) ;; *) exit ${agentChanged};; esac
      "$folder/py-spy" --version >/dev/null && break
    fi
    rm -rf -- "$folder"; folder=
  done
  [ -n "$folder" ] || exit 126
  spy=$folder/py-spy
fi
exec 3>&2
printf '%s ready\\n' "$mark"
while read -r word rest; do
  case $word in
    slice)
      {
        {
          sh -c 'mark=$1; shift; printf "%s pid %s\\n" "$mark" "$$" >&3; exec "$@" 2>&1 >&3 3>&-' sh \
            "$mark" "$spy" $rest --output /dev/stderr
          times >&3
        } | cat
        printf '\\n%s end\\n' "$mark" >&3
        printf '\\n%s end\\n' "$mark"
      } &;;
    signal) kill $rest 2>/dev/null;;
  esac
done
:`;

/** A run that is under way: what it printed, and who waits. */
interface Running {
  readonly words: Collector;
  readonly output: Collector;
  readonly ended: { words: boolean; output: boolean };
  pid: number | undefined;
  readonly settle: (result: Result<SliceOutput>) => void;
}

/** py-spy on a machine itself, for one recording of one process. */
export class HostRunner {
  private readonly mark = `pyrometer-${randomUUID()}`;
  private input: Writable | undefined;
  private running: Running | undefined;
  private over: Failure | undefined;
  private readonly ending = new AbortController();

  /** Starts what runs py-spy; the user may be asked for a password. */
  static async start(
    elevator: Elevator,
    program: { readonly path: string; readonly sha256: string },
    asRoot: boolean,
    signal?: AbortSignal,
  ): Promise<Result<HostRunner>> {
    const runner = new HostRunner();
    const started = await runner.begin(elevator, program, asRoot, signal);
    return started.ok ? ok(runner) : started;
  }

  /** One run of py-spy; `args` are without an output. An aborted signal lets it write what it has. */
  run(args: readonly string[], lateAfterMs: number, signal: AbortSignal): Promise<Result<SliceOutput>> {
    return new Promise((resolve) => {
      if (this.over !== undefined || this.input === undefined) {
        resolve({ ok: false, failure: this.over ?? ended });
        return;
      }
      const interrupt = (): void => {
        if (this.running?.pid !== undefined) this.signal('INT', [this.running.pid]);
      };
      const late = setTimeout(interrupt, lateAfterMs);
      this.running = {
        words: new Collector(),
        output: new Collector(),
        ended: { words: false, output: false },
        pid: undefined,
        settle: (result) => {
          clearTimeout(late);
          signal.removeEventListener('abort', interrupt);
          this.running = undefined;
          resolve(result);
        },
      };
      signal.addEventListener('abort', interrupt, { once: true });
      this.input.write(`slice ${args.join(' ')}\n`);
    });
  }

  /** Signals processes with the rights of this runner. */
  signal(name: 'INT' | 'CONT', pids: readonly number[]): void {
    if (pids.length > 0) this.input?.write(`signal -${name} ${pids.join(' ')}\n`);
  }

  /** Ends it; a run that is under way ends by itself. */
  dispose(): void {
    this.input?.end();
    this.input = undefined;
  }

  private begin(
    elevator: Elevator,
    { path, sha256 }: { readonly path: string; readonly sha256: string },
    asRoot: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Result<null>> {
    return new Promise((resolve) => {
      const ready = `${this.mark} ready\n`;
      let isReady = false;
      let said = '';
      let input: Writable | undefined;
      let waiting: NodeJS.Timeout | undefined;
      const onAbort = (): void => {
        this.ending.abort();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (!asRoot) waiting = setTimeout(onAbort, startTimeoutMs);
      const onBytes = (bytes: Buffer): void => {
        if (isReady) {
          this.take('output', bytes);
          return;
        }
        said += bytes.toString('latin1');
        if (!said.includes(ready)) return;
        isReady = true;
        clearTimeout(waiting);
        signal?.removeEventListener('abort', onAbort);
        this.input = input;
        resolve(ok(null));
      };
      void elevator
        .run(['sh', '-c', script, 'sh', this.mark, path, sha256, asRoot ? 'yes' : 'no'], {
          timeoutMs: longestMs,
          following: true,
          asUser: !asRoot,
          signal: this.ending.signal,
          onBytes,
          onStderr: (bytes) => {
            if (isReady) this.take('words', bytes);
          },
          onInput: (given) => {
            input = given;
          },
        })
        .then((ran) => {
          clearTimeout(waiting);
          signal?.removeEventListener('abort', onAbort);
          const failure = ran.ok ? failureOf(ran.value.code, ran.value.stderr) : ran.failure;
          this.over = failure;
          this.input = undefined;
          this.running?.settle({ ok: false, failure });
          resolve({ ok: false, failure });
        });
    });
  }

  private take(stream: 'words' | 'output', bytes: Buffer): void {
    const running = this.running;
    if (running === undefined) return; // what a run prints after it was given up
    const collector = running[stream];
    collector.write(bytes);
    if (stream === 'words' && running.pid === undefined) {
      const pid = new RegExp(`^${this.mark} pid (\\d+)$`, 'm').exec(collector.text)?.[1];
      if (pid !== undefined) running.pid = Number(pid);
    }
    if (!collector.endsWith(`\n${this.mark} end\n`)) return;
    running.ended[stream] = true;
    if (!running.ended.words || !running.ended.output) return;
    const startedAtMs = running.words.firstAtMs ?? Date.now();
    const endedAtMs = Date.now();
    const mark = new RegExp(`^${this.mark}.*\\n`, 'gm');
    const words = running.words.text.replaceAll(mark, '');
    const read = readOutput(words, running.output, `\n${this.mark} end\n`);
    if (!read.ok) {
      running.settle(read);
      return;
    }
    const cpuSeconds = childrenSeconds(words);
    running.settle(
      ok({
        ...read.value,
        startedAtMs,
        endedAtMs,
        sampledFromMs: startedAtMs,
        sampledToMs: running.output.firstAtMs ?? endedAtMs,
        ...(cpuSeconds === undefined ? {} : { cores: cpuSeconds / Math.max(0.001, (endedAtMs - startedAtMs) / 1000) }),
      }),
    );
  }
}

const ended: Failure = { code: 'pyspy-failed', message: 'What runs py-spy there has ended: record again.' };

function failureOf(code: number | null, said: string): Failure {
  const detail = said.trim().slice(-2000);
  if (code === agentChanged) {
    return fail('upload-corrupt', 'py-spy is not as it was sent: somebody changed it there.', detail).failure;
  }
  if (code === 126) {
    return fail(
      'refused',
      'Programs may not be run there from /var/lib, /var/tmp or /tmp, where root keeps py-spy.',
      detail,
    ).failure;
  }
  return { ...ended, ...(detail === '' ? {} : { detail }) };
}

/** The second line of the shell's `times`: user and system time of what it ran ("0m0.12s 0m0.03s"). */
export function childrenSeconds(words: string): number | undefined {
  const found = [...words.matchAll(/^(\d+)m(\d+[.,]\d+)s (\d+)m(\d+[.,]\d+)s$/gm)].at(-1);
  if (found === undefined) return undefined;
  const [, userMinutes, user = '', systemMinutes, system = ''] = found;
  const seconds = (text: string): number => Number(text.replace(',', '.'));
  return Number(userMinutes) * 60 + seconds(user) + Number(systemMinutes) * 60 + seconds(system);
}
