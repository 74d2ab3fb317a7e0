import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import { Deadline } from '../link/deadline.js';
import type { Link, RunningCommand } from '../link/link.js';
import type { Prompter } from '../link/prompter.js';
import { MarkedOutput } from './marked-output.js';
import type { TargetFacts } from './facts.js';
import { doasNeedsTerminal } from './rights.js';

export interface ElevatedOptions {
  /** Called with each line that the command prints on standard output. */
  readonly onLine?: (line: string) => void;
  /** Does not run while the user is asked. */
  readonly timeoutMs: number;
  /** The output is for `onLine` or `onBytes` alone: none of it is kept. */
  readonly following?: boolean;
  /** Called with what the command prints on standard output, as it comes. */
  readonly onBytes?: (bytes: Buffer) => void;
  /** Called with what comes on standard error: the command's words, and sudo's. */
  readonly onStderr?: (bytes: Buffer) => void;
  /** Given the command's standard input. Until the command has printed something, what is written may reach sudo instead. */
  readonly onInput?: (input: Writable) => void;
  /** Runs as who logged in, without becoming root. */
  readonly asUser?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ElevatedResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Says that sudo itself refused; no program of ours ends so. */
const sudoRefused = 97;

/**
 * sudo reads the password only after it printed its prompt, and the password is written only then: on a host that asks
 * for none, a line written ahead would reach the command as its input. The first sudo checks, the second runs: it may
 * ask again where sudo remembers nothing.
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

/** The command that a person would type for one that was run as root here; undefined for any other. */
export function typedAsRoot(argv: readonly string[]): readonly string[] | undefined {
  const [, option, script, , , ...rest] = argv;
  if (option !== '-c') return undefined;
  if (script === markedScript) return rest;
  return script === passwordScript ? ['sudo', '--', ...rest.slice(1)] : undefined;
}

/** What a person is told who is asked for a password. */
export interface Purpose {
  /** What runs as root: "the agent", or a name that stands at the beginning of a sentence as it is. */
  readonly who?: string;
  /** A sentence. */
  readonly why: string;
  /** "the agent has started" */
  readonly keptUntil: string;
}

const starting: Purpose = { why: 'The agent needs root to use eBPF.', keptUntil: 'the agent has started' };

export interface ElevatorOptions {
  readonly link: Link;
  readonly facts: TargetFacts;
  readonly prompter: Prompter;
  readonly targetId: string;
  /** What the question calls the target: "this computer" or a host. */
  readonly targetName: string;
  /** Why root is needed and until when a password is kept; default: to start the agent. */
  readonly purpose?: Purpose;
}

/** Runs commands as root on a target. What the user answers is kept until `dispose`, for the commands of one operation. */
export class Elevator {
  private readonly options: ElevatorOptions;
  private password: string | undefined;

  constructor(options: ElevatorOptions) {
    this.options = options;
  }

  /** Runs a command; "no-sudo" when it may not. */
  async run(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const { facts } = this.options;
    if (facts.rights === 'root' || options.asUser === true) return this.marked(argv, options);
    if (facts.rights === 'sudo' || facts.rights === 'doas') {
      return this.marked([facts.rights, '-n', '--', ...argv], options);
    }
    if (this.desktopAsks()) return this.byPkexec(argv, options);
    if (facts.rights === 'sudo-password') return this.byPassword(argv, options);
    if (facts.rights === 'doas-password') return fail('no-sudo', doasNeedsTerminal(facts.user));
    return fail('no-sudo', `${this.sentenceBegin} needs root: give "${facts.user}" sudo, or connect as another user.`);
  }

  dispose(): void {
    this.password = undefined;
  }

  private get sentenceBegin(): string {
    return this.options.purpose?.who ?? 'The agent';
  }

  /** On this computer with a desktop the desktop asks, so that no password passes through us. */
  private desktopAsks(): boolean {
    const desktop = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
    return this.options.link.kind === 'local' && this.options.facts.pkexec && desktop;
  }

  private async marked(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const mark = `pyrometer-${randomUUID()}`;
    const wrapped = ['sh', '-c', markedScript, 'sh', mark, ...argv];
    return this.read(await this.options.link.spawn(wrapped, options.signal), mark, options);
  }

  private async byPkexec(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const result = await this.marked(['pkexec', ...argv], options);
    // 126: the question was dismissed, 127: not allowed (pkexec(1)).
    if (result.ok && (result.value.code === 126 || result.value.code === 127)) {
      return fail(
        'no-sudo',
        `${this.sentenceBegin} needs root, which was not granted.`,
        result.value.stderr.slice(-2000),
      );
    }
    return result;
  }

  private async byPassword(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const prompt = `pyrometer-${randomUUID()}:`;
    const mark = `pyrometer-${randomUUID()}`;
    const spawned = await this.options.link.spawn(
      ['sh', '-c', passwordScript, 'sh', prompt, mark, ...argv],
      options.signal,
    );
    if (!spawned.ok) return spawned;
    const command = spawned.value;
    const asking = new AbortController();
    const seen = { asked: 0, accepted: false, declined: false };
    const answer = async (deadline: Deadline): Promise<void> => {
      // Asked again before it was accepted: the password was wrong.
      if (seen.asked > 0 && !seen.accepted) this.password = undefined;
      deadline.pause();
      this.password ??= await this.ask(seen.asked > 0, asking.signal);
      deadline.resume();
      seen.asked++;
      if (this.password === undefined) {
        seen.declined = true;
        command.stop();
      } else command.stdin.write(`${this.password}\n`);
    };
    let unread = '';
    const result = await this.read(ok(command), mark, options, (said, deadline) => {
      unread += said;
      for (let at = unread.indexOf('pyrometer-'); at >= 0; at = unread.indexOf('pyrometer-')) {
        if (unread.startsWith(prompt, at)) {
          unread = unread.slice(at + prompt.length);
          void answer(deadline); // writes, or stops the command
        } else if (unread.startsWith(`${mark}\n`, at)) {
          unread = unread.slice(at + mark.length);
          seen.accepted = true;
        } else if (unread.length - at > prompt.length) unread = unread.slice(at + 1);
        else return; // not yet read whole
      }
    });
    asking.abort();
    if (seen.declined) return fail('cancelled', `${this.sentenceBegin} needs root, and the password was not given.`);
    if (!result.ok || result.value.code !== sudoRefused) return result;
    this.password = undefined;
    return fail(
      'no-sudo',
      `sudo did not let "${this.options.facts.user}" run ${this.options.purpose?.who ?? 'the agent'} on ${this.options.targetName}: check the password, and that the user may use sudo.`,
      result.value.stderr.replaceAll(prompt, '').slice(-2000),
    );
  }

  private async ask(again: boolean, signal: AbortSignal): Promise<string | undefined> {
    const { prompter, targetId, targetName, facts, purpose = starting } = this.options;
    const answers = await prompter.askSecret(
      {
        targetId,
        title: `sudo password of ${facts.user} on ${targetName}`,
        explanation:
          `${again ? 'sudo did not accept that password. ' : ''}${purpose.why} The password goes to ` +
          `sudo on ${targetName}, is kept in memory until ${purpose.keptUntil}, and is not stored.`,
        fields: [{ label: 'Password', echo: false }],
      },
      signal,
    );
    return answers?.[0];
  }

  private async read(
    spawned: Result<RunningCommand>,
    mark: string,
    options: ElevatedOptions,
    onStderr: (said: string, deadline: Deadline) => void = () => undefined,
  ): Promise<Result<ElevatedResult>> {
    if (!spawned.ok) return spawned;
    const command = spawned.value;
    let give: (result: Result<never>) => void = () => undefined;
    const givenUp = new Promise<Result<never>>((resolve) => {
      give = resolve;
    });
    const deadline = new Deadline(options.timeoutMs, () => {
      give(fail('timeout', `${this.options.targetName} did not finish in time: try again.`, stderr));
    });
    const onAbort = (): void => {
      give(fail('cancelled', 'Cancelled.'));
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
    let stderr = '';
    const out = new MarkedOutput(mark, options);
    command.stdout.on('data', (chunk: Buffer) => {
      out.take(chunk);
    });
    command.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-20_000);
      onStderr(chunk.toString('latin1'), deadline);
      options.onStderr?.(chunk);
    });
    command.stdin.on('error', () => undefined); // it ended; its exit says how
    options.onInput?.(command.stdin);
    const result = await Promise.race([command.exit, givenUp]);
    deadline.clear();
    options.signal?.removeEventListener('abort', onAbort);
    if (!result.ok) {
      command.stop();
      return result;
    }
    command.stdin.end();
    return ok({ code: result.value.code, stdout: out.text, stderr });
  }
}
