import type { Duplex } from 'node:stream';
import type ssh2 from 'ssh2';
import { fail, ok, type Result } from '../../../contract/result.js';
import { errorText } from '../../failures/thrown.js';
import { greetBridge } from '../../link/bridge-client.js';
import { channelCommand } from '../../link/channel-command.js';
import type { ExitStatus, RunningCommand } from '../../link/link.js';
import { quoteCommand } from '../../link/quote.js';

/** It gives its commands five seconds to end. */
const endTimeoutMs = 8000;

/** The process on the target that a bridge is. */
export interface BridgeProcess {
  /** Its input and output. */
  readonly stream: Duplex;
  readonly exit: Promise<Result<ExitStatus>>;
  /** Closes its streams. */
  readonly stop: () => void;
}

/** Notes a command that is to begin; what it answers is told whether it has. */
export type Note = (argv: readonly string[]) => (spawned: Result<RunningCommand>) => void;

export interface RootBridgeOptions {
  readonly process: BridgeProcess;
  /** What messages call the target. */
  readonly targetName: string;
  readonly note: Note;
  readonly onEnded: (bridge: RootBridge) => void;
}

/**
 * Runs commands as root by what sudo started once: `pyrometer-agent root-bridge`, which speaks SSH on its input and
 * output. Each command is a session of its own in there, and none of the server's.
 */
export class RootBridge {
  private readonly client: ssh2.Client;
  private readonly options: RootBridgeOptions;
  private underWay = 0;
  private leaving = false;

  private constructor(client: ssh2.Client, options: RootBridgeOptions) {
    this.client = client;
    this.options = options;
    client.once('close', () => {
      options.process.stop();
      options.onEnded(this);
    });
    void options.process.exit.then(() => {
      options.process.stream.destroy();
    });
  }

  /** @param key the fingerprint of the key that it made for this stream */
  static async open(options: RootBridgeOptions, key: string): Promise<Result<RootBridge>> {
    const name = { user: 'root', what: 'What is to run commands as root there' };
    const greeted = await greetBridge(options.process.stream, key, name);
    if (greeted.ok) return ok(new RootBridge(greeted.value, options));
    options.process.stop();
    return greeted;
  }

  /** Starts a command, as `Link.spawn` does. */
  async spawn(argv: readonly string[], signal?: AbortSignal): Promise<Result<RunningCommand>> {
    quoteCommand(argv); // the same arguments are refused here as elsewhere
    const began = this.options.note(['sudo', '--', ...argv]);
    const spawned = await this.start(argv, signal);
    began(spawned);
    return spawned;
  }

  /** Ends it as soon as no command is under way. */
  giveWay(): void {
    this.leaving = true;
    if (this.underWay === 0) this.dispose();
  }

  /** Ends it, and the commands that are under way. */
  dispose(): void {
    this.client.end();
    // It ends with its input; where the connection is cut nobody tells.
    setTimeout(this.options.process.stop, endTimeoutMs).unref();
  }

  /** Ends it, and settles when it is gone from the target, or does not say so. */
  async close(): Promise<void> {
    this.dispose();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endTimeoutMs);
    });
    await Promise.race([this.options.process.exit, late]);
    clearTimeout(timer);
  }

  private start(argv: readonly string[], signal: AbortSignal | undefined): Promise<Result<RunningCommand>> {
    return new Promise((resolve) => {
      let waiting = true;
      const settle = (result: Result<RunningCommand>): void => {
        waiting = false;
        signal?.removeEventListener('abort', onAbort);
        this.client.removeListener('close', onClose);
        resolve(result);
      };
      const onAbort = (): void => {
        settle(fail('cancelled', 'Cancelled.'));
      };
      const onClose = (): void => {
        settle(this.ended());
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      this.client.once('close', onClose);
      try {
        // A list, which no shell reads.
        this.client.exec(JSON.stringify(argv), (error: Error | undefined, channel) => {
          if (error !== undefined) settle(this.ended(errorText(error)));
          else if (waiting) settle(ok(this.command(channel)));
          else channelCommand(channel, () => this.ended()).stop(); // came too late
        });
      } catch (error) {
        settle(this.ended(errorText(error)));
      }
    });
  }

  private command(channel: ssh2.ClientChannel): RunningCommand {
    this.underWay++;
    channel.on('close', () => {
      this.underWay--;
      if (this.leaving) this.giveWay();
    });
    return channelCommand(channel, () => this.ended());
  }

  private ended(detail?: string): Result<never> {
    return fail(
      'not-connected',
      `What runs commands as root on ${this.options.targetName} has ended: try again.`,
      detail,
    );
  }
}
