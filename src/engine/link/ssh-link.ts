import { stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fail, failureWords, ok, type Failure, type FailureCode, type Result } from '../../contract/result.js';
import type { LinkState } from '../../contract/target.js';
import { channelCommand } from './channel-command.js';
import type { ChannelError, CommandChannel } from './channels.js';
import { collect } from './collect.js';
import { connectServer, ServerMemory } from './connect-server.js';
import {
  describeAddress,
  type Address,
  type ExecOptions,
  type ExecResult,
  type Link,
  type RunningCommand,
  type UploadOptions,
} from './link.js';
import { LinkStates } from './link-states.js';
import { quoteCommand } from './quote.js';
import { sendFile } from './send-file.js';
import { errorText } from '../failures/thrown.js';
import type { SshConnection, SshOptions } from './ssh-connect.js';
import { timeLimit } from './time-limit.js';

const channelTimeoutMs = 20_000;
/** For room among the sessions that a server allows: an upload to end, not an agent's bridge. */
const sessionWaitMs = 60_000;
/** Short commands end meanwhile; what is left then are sessions that stay. */
const crowdedAfterMs = 3000;
/** sshd frees a session when it has seen its command end, which may be after it closed the channel: who waits tries again after these. */
const lingerMs = [100, 500, 2000];
const retryDelaysMs = [500, 1000, 2000, 5000, 10_000, 15_000];
/** Failures that may pass by themselves while reconnecting. */
const transient: readonly FailureCode[] = ['unreachable', 'refused', 'timeout', 'unsupported'];
/**
 * Writes its input, through $3, to $1 and keeps it only when all $2 bytes are there: a disk that filled, a cut and a stop look the
 * same from inside, an early end of the input, and the other side may be gone then.
 */
const receiveScript = `
umask 077; whole=
trap '[ -n "$whole" ] || [ ! -f "$1" ] || rm -f -- "$1"' EXIT
trap 'exit 1' HUP INT TERM
$3 > "$1" && [ "$(wc -c < "$1")" -eq "$2" ] && whole=1
`;
/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254. */
const prohibited = 1;

/** The link to a server: one SSH connection, by the built-in SSH or the system's, a channel for each command and stream. */
export class SshLink implements Link {
  readonly kind = 'ssh';
  private readonly options: SshOptions;
  private readonly states = new LinkStates({ state: 'disconnected' });
  private readonly memory = new ServerMemory();
  private readonly ending = new AbortController();
  private readonly sessions = new Set<CommandChannel>();
  /** Sessions that were asked for and not yet answered. */
  private opening = 0;
  private readonly waiters = new Set<(room: boolean) => void>();
  /** Sessions that have ended, of which the server may not know yet. */
  private lingering = 0;
  private readonly crowdedListeners = new Set<() => void>();
  private connection: SshConnection | undefined;
  private connecting: Promise<Result<null>> | undefined;

  constructor(options: SshOptions) {
    this.options = options;
  }

  get state(): LinkState {
    return this.states.state;
  }

  onState(listener: (state: LinkState) => void): () => void {
    return this.states.onState(listener);
  }

  connect(signal?: AbortSignal): Promise<Result<null>> {
    if (this.connection !== undefined) return Promise.resolve(ok(null));
    this.connecting ??= this.firstConnect(signal).finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  onCrowded(listener: () => void): () => void {
    this.crowdedListeners.add(listener);
    return () => {
      this.crowdedListeners.delete(listener);
    };
  }

  async spawn(argv: readonly string[], signal?: AbortSignal): Promise<Result<RunningCommand>> {
    const line = quoteCommand(argv);
    const name = argv[0] ?? '';
    for (;;) {
      this.opening++;
      const command = await this.channel<CommandChannel, RunningCommand>(
        signal,
        `"${name}" could not be started.`,
        (client, done) => client.exec(line, done),
        (channel) => this.command(channel),
      );
      this.opening--;
      if (command.ok) return command;
      // A server refuses a session beyond its MaxSessions as it refuses anything else: while sessions of ours are open,
      // the next that ends makes room.
      const others = this.sessions.size + this.opening + this.lingering;
      if (others === 0) this.wakeWaiters();
      if (command.failure.code !== 'refused' || others === 0) return command;
      const room = await this.roomForSession(signal);
      if (!room) {
        if (signal?.aborted === true) return fail('cancelled', 'Cancelled.');
        return fail(
          'refused',
          `${this.options.config.host} takes no more commands at once: raise MaxSessions in its sshd_config.`,
          command.failure.detail,
        );
      }
    }
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Result<ExecResult>> {
    const command = await this.spawn(argv, options.signal);
    return command.ok ? collect(command.value, argv[0] ?? '', options) : command;
  }

  /** By "cat": as fast as SFTP at its best, and unlike it not broken by a login script that prints. */
  async upload(localPath: string, remotePath: string, options: UploadOptions = {}): Promise<Result<null>> {
    const packedPath = options.compressed === true ? options.packedPath : undefined;
    const totalBytes = (await stat(localPath)).size;
    const sendBytes = packedPath === undefined ? totalBytes : (await stat(packedPath)).size;
    const through = options.compressed === true ? 'gzip -dc' : 'cat';
    const argv = ['sh', '-c', receiveScript, 'sh', remotePath, String(totalBytes), through];
    const command = await this.spawn(argv, options.signal);
    if (!command.ok) return command;
    const { stdin, stdout, stderr, exit, stop } = command.value;
    stdout.resume();
    let said = '';
    stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    const limit = timeLimit(options.timeoutMs ?? 600_000, options.signal);
    const { signal } = limit;
    const sending = {
      signal,
      onTaken: (sentBytes: number) =>
        options.onProgress?.(Math.round((sentBytes / sendBytes) * totalBytes), totalBytes),
    };
    // The fastest level: a program becomes less than half of it, and only a fast network would wait for more.
    const gzip = options.compressed === true && packedPath === undefined ? createGzip({ level: 1 }) : undefined;
    const pipes =
      gzip === undefined
        ? sendFile(packedPath ?? localPath, stdin, sending)
        : Promise.all([sendFile(localPath, gzip, sending), pipeline(gzip, stdin, { signal })]);
    const sent = await pipes.then(
      () => undefined,
      (error: unknown) => error,
    );
    limit.release();
    if (signal.aborted) {
      stop();
      if (options.signal?.aborted === true) return fail('cancelled', 'Cancelled.');
      return fail('timeout', 'The upload took too long: check the connection.');
    }
    const status = await exit;
    if (!status.ok) return status;
    if (status.value.code !== 0 || sent !== undefined) {
      return fail('upload-corrupt', `${remotePath} could not be written.`, said === '' ? errorText(sent) : said);
    }
    return ok(null);
  }

  async open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    const { host } = this.options.config;
    const opened = await this.channel<Duplex, Duplex>(
      signal,
      `${describeAddress(address)} cannot be reached from ${host}: check that something listens there.`,
      (client, done) =>
        address.kind === 'unix'
          ? client.openssh_forwardOutStreamLocal(address.path, done)
          : client.forwardOut('127.0.0.1', 0, address.host, address.port, done),
      (channel) => channel,
    );
    if (opened.ok || opened.failure.code !== 'forwarding-denied') return opened;
    return forwardingDenied(host, address, opened.failure.detail);
  }

  dispose(): void {
    this.ending.abort();
    this.drop();
    this.memory.forget();
    this.states.set({ state: 'disconnected' });
    this.states.clear();
  }

  private drop(): void {
    const connection = this.connection;
    this.connection = undefined;
    connection?.close();
  }

  private async firstConnect(signal?: AbortSignal): Promise<Result<null>> {
    this.states.set({ state: 'connecting', message: `Connecting to ${this.options.config.host}` });
    const result = await this.attempt(signal);
    if (!result.ok) {
      const { failure } = result;
      const cancelled = failure.code === 'cancelled';
      this.states.set(cancelled ? { state: 'disconnected' } : { state: 'failed', ...failureWords(failure) });
    }
    return result;
  }

  private async attempt(signal?: AbortSignal): Promise<Result<null>> {
    const both = signal === undefined ? this.ending.signal : AbortSignal.any([signal, this.ending.signal]);
    const onNotice = (message: string): void => {
      this.states.set({ state: this.state.state, message });
    };
    const result = await connectServer(this.options, this.memory, onNotice, both);
    if (!result.ok) return result;
    const connection = result.value;
    if (both.aborted) {
      connection.close();
      return fail('cancelled', 'Cancelled.');
    }
    this.connection = connection;
    connection.client.setMaxListeners(0); // one for each channel that is being opened
    connection.client.once('close', () => {
      if (this.connection !== connection) return;
      this.connection = undefined;
      this.sessions.clear();
      this.wakeWaiters();
      void this.reconnect(); // reports by states
    });
    const { latencyMs, message } = connection;
    this.states.set({ state: 'connected', latencyMs, ...(message === undefined ? {} : { message }) });
    return ok(null);
  }

  private async reconnect(): Promise<void> {
    const { host } = this.options.config;
    for (let round = 0; !this.ended(); round++) {
      this.states.set({ state: 'reconnecting', message: `The connection to ${host} broke; connecting again.` });
      await sleep(retryDelaysMs[Math.min(round, retryDelaysMs.length - 1)] ?? 0, this.ending.signal);
      if (this.ended()) return;
      const result = await this.attempt();
      if (result.ok || this.ended()) return;
      if (!transient.includes(result.failure.code)) {
        this.states.set({ state: 'failed', ...failureWords(result.failure) });
        return;
      }
    }
  }

  private ended(): boolean {
    return this.ending.signal.aborted;
  }

  /**
   * Opens a channel. An open that the server never answers, as during a cut, ends by the time limit. `accept` is called at
   * once: what a short command says on ending can lie in the same packet, and waits for no promise.
   */
  private channel<C extends Duplex, T>(
    signal: AbortSignal | undefined,
    failed: string,
    request: (client: SshConnection['client'], done: (error: ChannelError | undefined, channel: C) => void) => unknown,
    accept: (channel: C) => T,
  ): Promise<Result<T>> {
    const client = this.connection?.client;
    if (client === undefined) return Promise.resolve(this.notConnected());
    return new Promise((resolve) => {
      let waiting = true;
      const settle = (result: Result<T>): void => {
        waiting = false;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        client.removeListener('close', onClose);
        resolve(result);
      };
      const timer = setTimeout(() => {
        settle(fail('timeout', `${this.options.config.host} did not answer in time.`));
      }, channelTimeoutMs);
      const onAbort = (): void => {
        settle(fail('cancelled', 'Cancelled.'));
      };
      const onClose = (): void => {
        settle(this.notConnected());
      };
      client.once('close', onClose);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      try {
        request(client, (error, channel) => {
          if (!waiting) {
            if (error === undefined) channel.destroy(); // came too late
            return;
          }
          settle(error === undefined ? ok(accept(channel)) : { ok: false, failure: openFailure(error, failed) });
        });
      } catch (error) {
        settle(fail('forwarding-denied', failed, errorText(error)));
      }
    });
  }

  /** A session of ours has ended here, and soon there. */
  private linger(): void {
    this.lingering++;
    this.wakeWaiters();
    lingerMs.forEach((ms, i) => {
      setTimeout(() => {
        if (i === lingerMs.length - 1) this.lingering--;
        this.wakeWaiters();
      }, ms).unref();
    });
  }

  private wakeWaiters(): void {
    for (const wake of [...this.waiters]) wake(true);
  }

  /** Whether a session ended in time. Each end wakes all who wait: who comes too late waits again. */
  private roomForSession(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (room: boolean): void => {
        clearTimeout(timer);
        clearTimeout(crowded);
        this.waiters.delete(settle);
        signal?.removeEventListener('abort', onAbort);
        resolve(room);
      };
      const onAbort = (): void => {
        settle(false);
      };
      const timer = setTimeout(onAbort, this.options.sessionWaitMs ?? sessionWaitMs);
      const crowded = setTimeout(() => {
        for (const listener of [...this.crowdedListeners]) listener();
      }, crowdedAfterMs);
      this.waiters.add(settle);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
    });
  }

  private command(channel: CommandChannel): RunningCommand {
    this.sessions.add(channel);
    channel.on('close', () => {
      this.sessions.delete(channel);
      this.linger();
    });
    return channelCommand(channel, () => this.notConnected());
  }

  private notConnected(): { ok: false; failure: Failure } {
    return fail('not-connected', `There is no connection to ${this.options.config.host} now: connect first.`);
  }
}

function openFailure(error: ChannelError, failed: string): Failure {
  const code = error.reason === prohibited || error.reason === undefined ? 'forwarding-denied' : 'refused';
  return fail(code, failed, error.message).failure;
}

/** What to say where a server forwards nothing, or not there. */
export function forwardingDenied(host: string, address: Address, detail?: string): { ok: false; failure: Failure } {
  const setting = address.kind === 'tcp' ? 'AllowTcpForwarding' : 'AllowStreamLocalForwarding';
  return fail(
    'forwarding-denied',
    `${host} does not forward connections to ${describeAddress(address)}: allow it with "${setting} yes" in its sshd_config.`,
    detail,
  );
}

function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
