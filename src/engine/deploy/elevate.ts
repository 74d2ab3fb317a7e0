import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { fail, ok, type Result } from '../../contract/result.js';
import { Deadline } from '../link/deadline.js';
import type { RunningCommand } from '../link/link.js';
import { MarkedOutput } from './marked-output.js';
import { doasNeedsTerminal } from './rights.js';
import { askPassword, notAccepted, notGiven, sentenceBegin, type Asking } from './root/asking.js';
import type { RootAccess } from './root/root-access.js';
import { marked, sudoRefused, withPassword } from './root/scripts.js';
import { SudoWords } from './root/sudo-words.js';
import { SudoPassword } from './sudo-password.js';

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

export interface ElevatorOptions extends Asking {
  /** How root is had on this connection where sudo asks for a password; default: each Elevator asks. */
  readonly root?: RootAccess | undefined;
}

/** Runs commands as root on a target. */
export class Elevator {
  private readonly options: ElevatorOptions;
  private readonly password: SudoPassword;

  constructor(options: ElevatorOptions) {
    this.options = options;
    this.password = options.root?.password ?? new SudoPassword();
  }

  /** Runs a command; "no-sudo" when it may not. */
  async run(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const { facts } = this.options;
    if (facts.rights === 'root' || options.asUser === true) return this.plainly(argv, options);
    if (facts.rights === 'sudo' || facts.rights === 'doas') {
      return this.plainly([facts.rights, '-n', '--', ...argv], options);
    }
    if (this.desktopAsks()) return this.byPkexec(argv, options);
    if (facts.rights === 'sudo-password') return this.byBridge(argv, options);
    if (facts.rights === 'doas-password') return fail('no-sudo', doasNeedsTerminal(facts.user));
    return fail(
      'no-sudo',
      `${sentenceBegin(this.options)} needs root: give "${facts.user}" sudo, or connect as another user.`,
    );
  }

  /** On this computer with a desktop the desktop asks, so that no password passes through us. */
  private desktopAsks(): boolean {
    const desktop = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
    return this.options.link.kind === 'local' && this.options.facts.pkexec && desktop;
  }

  private async plainly(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const mark = `pyrometer-${randomUUID()}`;
    return this.read(await this.options.link.spawn(marked(mark, argv), options.signal), mark, options);
  }

  private async byPkexec(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const result = await this.plainly(['pkexec', ...argv], options);
    // 126: the question was dismissed, 127: not allowed (pkexec(1)).
    if (result.ok && (result.value.code === 126 || result.value.code === 127)) {
      return fail(
        'no-sudo',
        `${sentenceBegin(this.options)} needs root, which was not granted.`,
        result.value.stderr.slice(-2000),
      );
    }
    return result;
  }

  /** By what sudo started once for this connection. */
  private async byBridge(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const bridge = (await this.options.root?.get(this.options, options.signal)) ?? ok(undefined);
    if (!bridge.ok) return bridge;
    if (bridge.value === undefined) return this.byPassword(argv, options);
    return this.read(await bridge.value.spawn(argv, options.signal), undefined, options);
  }

  /** By a sudo of its own. */
  private async byPassword(argv: readonly string[], options: ElevatedOptions): Promise<Result<ElevatedResult>> {
    const prompt = `pyrometer-${randomUUID()}:`;
    const mark = `pyrometer-${randomUUID()}`;
    const spawned = await this.options.link.spawn(withPassword(prompt, mark, argv), options.signal);
    if (!spawned.ok) return spawned;
    const command = spawned.value;
    const asking = new AbortController();
    const seen = { accepted: false, declined: false };
    let given: string | undefined;
    const answer = async (deadline: Deadline): Promise<void> => {
      // Asked again before it was accepted: the password was wrong.
      if (given !== undefined && !seen.accepted) this.password.refused(given);
      const again = given !== undefined;
      deadline.pause();
      const password = await this.password.get(() => askPassword(this.options, 'kept', again, asking.signal));
      deadline.resume();
      given = password;
      if (password === undefined) {
        seen.declined = true;
        command.stop();
      } else command.stdin.write(`${password}\n`);
    };
    const result = await this.read(ok(command), mark, options, (deadline) => {
      const words = new SudoWords(prompt, mark, {
        onPrompt: () => {
          void answer(deadline); // writes, or stops the command
        },
        onMark: () => {
          seen.accepted = true;
        },
      });
      return (said) => {
        words.take(said);
      };
    });
    asking.abort();
    if (seen.declined) return notGiven(this.options);
    if (!result.ok || result.value.code !== sudoRefused) return result;
    if (given !== undefined) this.password.refused(given);
    return notAccepted(this.options, result.value.stderr.replaceAll(prompt, ''));
  }

  /**
   * Reads a command to its end.
   *
   * @param mark begins what it prints; undefined: nothing else does
   * @param listen answers what is told of standard error
   */
  private async read(
    spawned: Result<RunningCommand>,
    mark: string | undefined,
    options: ElevatedOptions,
    listen: (deadline: Deadline) => (said: string) => void = () => () => undefined,
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
    const listener = listen(deadline);
    command.stdout.on('data', (chunk: Buffer) => {
      out.take(chunk);
    });
    command.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-20_000);
      listener(chunk.toString('latin1'));
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
