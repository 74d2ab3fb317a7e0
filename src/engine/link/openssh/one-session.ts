import { randomUUID } from 'node:crypto';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type ssh2 from 'ssh2';
import { ok, type Result } from '../../../contract/result.js';
import { greetBridge } from '../bridge-client.js';
import type { ChannelClient } from '../channels.js';
import { quoteCommand } from '../quote.js';
import type { SshConnection } from '../ssh-connect.js';
import { takeUntil } from '../take-until.js';
import type { Carrying, CarryingOptions } from './carrying.js';
import { SshProcess } from './ssh-process.js';

const saidLastMs = 20;
/** From the end of its output. */
const endsByItselfMs = 1000;

/** The input and output of the one session, after the mark. */
export interface SessionStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

export interface SessionEvents {
  /** What goes on, for the line that tells the state of a connection. */
  readonly onNotice: (text: string) => void;
}

/** What was brought to the other end of a session. */
export interface Brought {
  /** The fingerprint of the key that it made for this stream. */
  readonly key: string;
  /** One round trip. */
  readonly latencyMs: number;
}

/** Has all commands and streams of a connection carried by the one session of an ssh process, where ssh cannot share a connection. */
export interface SessionCarrier {
  /** What ssh runs there. It says `mark` in a line of its own before anything else. */
  command(mark: string): readonly string[];
  /** Talks to that command until it is a bridge that speaks SSH. */
  bring(streams: SessionStreams, events: SessionEvents, signal: AbortSignal): Promise<Result<Brought>>;
}

export interface OneSessionOptions extends CarryingOptions, SessionEvents {
  readonly carrier: SessionCarrier;
}

/**
 * An ssh process with one session, which carries all others. It ends with its input, and so with the process that it belongs to, also
 * when that is killed.
 */
export class OneSession implements Carrying {
  private readonly process: SshProcess;
  private readonly options: OneSessionOptions;
  private readonly mark = `pyrometer-${randomUUID()}`;
  private readonly streams: SessionStreams;

  constructor(options: OneSessionOptions) {
    this.options = options;
    const { program, configFile, destination, environment, folder, carrier } = options;
    const command = quoteCommand(carrier.command(this.mark));
    const args = ['-F', configFile, '-T', '--', destination, command];
    this.process = new SshProcess({ program, args, environment, folder, stdio: 'pipe' });
    const { stdin, stdout } = this.process.child;
    if (stdin === null || stdout === null) throw new Error('a process with pipes has streams');
    this.streams = { stdin, stdout };
    stdin.on('error', () => undefined); // it ended, which is acted on
    stdout.on('error', () => undefined);
  }

  get exited(): Promise<void> {
    return this.process.exited;
  }

  get said(): string {
    return this.process.said;
  }

  async ready(): Promise<boolean> {
    const never = new AbortController().signal; // its output ends when it does
    const marked = await takeUntil(this.streams.stdout, Buffer.from(`\n${this.mark}\n`), never);
    if (marked !== undefined) return true;
    await Promise.race([this.exited, delay(endsByItselfMs)]);
    await this.end();
    await delay(saidLastMs); // the last that it said may still lie in the pipe
    return false;
  }

  async join(signal: AbortSignal): Promise<Result<SshConnection>> {
    const brought = await this.options.carrier.bring(this.streams, this.options, signal);
    if (!brought.ok) return brought;
    const { key, latencyMs } = brought.value;
    const stream = Duplex.from({ writable: this.streams.stdin, readable: this.streams.stdout });
    stream.on('error', () => undefined); // its close is what is acted on
    void this.exited.then(() => stream.destroy());
    const name = { user: 'login', what: 'What is to carry the connection there' };
    const greeted = await greetBridge(stream, key, name);
    if (!greeted.ok) return greeted;
    const client = greeted.value;
    client.once('close', () => {
      void this.end();
    });
    return ok({
      client: withoutShell(client),
      close: () => {
        client.end();
        void this.end();
      },
      latencyMs,
    });
  }

  end(): Promise<void> {
    return this.process.end();
  }
}

/** Each command takes its shell's place, as bash has it by itself: the signal that ends one is the command's own, and no exit code. */
function withoutShell(client: ssh2.Client): ChannelClient {
  return {
    exec: (line, done) => client.exec(`exec ${line}`, done),
    forwardOut: client.forwardOut.bind(client),
    openssh_forwardOutStreamLocal: client.openssh_forwardOutStreamLocal.bind(client),
    once: client.once.bind(client),
    removeListener: client.removeListener.bind(client),
    setMaxListeners: client.setMaxListeners.bind(client),
  };
}
