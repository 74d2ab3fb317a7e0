import type { Duplex, Readable, Writable } from 'node:stream';

/** A channel that carries a command, in ssh2's words. Says "exit" with a code, or with null and a signal's name, before its "close". */
export interface CommandChannel extends Duplex {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  signal(name: string): unknown;
  close(): void;
}

/** Why a channel could not be opened. `reason` is SSH_MSG_CHANNEL_OPEN_FAILURE's code where the server gave one. */
export type ChannelError = Error & { readonly reason?: unknown };

/** What a link needs of an SSH connection, in ssh2's words: its client is one, the system's ssh is made another. */
export interface ChannelClient {
  exec(line: string, done: (error: ChannelError | undefined, channel: CommandChannel) => void): unknown;
  forwardOut(
    fromHost: string,
    fromPort: number,
    host: string,
    port: number,
    done: (error: ChannelError | undefined, channel: Duplex) => void,
  ): unknown;
  openssh_forwardOutStreamLocal(
    path: string,
    done: (error: ChannelError | undefined, channel: Duplex) => void,
  ): unknown;
  /** The connection ended, for whatever reason. */
  once(event: 'close', listener: () => void): unknown;
  removeListener(event: 'close', listener: () => void): unknown;
  setMaxListeners(count: number): unknown;
}
