import type { Duplex, Readable, Writable } from 'node:stream';
import type { Result } from '../../contract/result.js';
import type { LinkState } from '../../contract/target.js';

/** A place on the target's side that a stream can be opened to. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** How a command ended: its exit code, or the signal that ended it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A command under way on the target. Whoever starts it reads both outputs; unread output stalls it. */
export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles once, after the outputs ended; fails with "not-connected" when the link broke. Never rejects. */
  readonly exit: Promise<Result<ExitStatus>>;
  /**
   * Gives the command up: signals it and closes its streams. Over SSH the remote process may outlive this when it
   * neither reads nor writes.
   */
  readonly stop: () => void;
}

export interface ExecOptions {
  /** Sent to standard input, which is then closed. */
  readonly stdin?: string | Uint8Array;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Of standard output and standard error each; default 4 MiB, more is code "too-large". */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

export interface UploadOptions {
  /** Called with bytes sent so far. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  /** On its way over a network, where the target has gzip. */
  readonly compressed?: boolean;
  /** Where `compressed`: the same file as gzip packed it before, which spares the time for that. */
  readonly packedPath?: string | undefined;
  /** Default 600,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The open connection to a target: carries commands, files and streams. Every call fails with "not-connected" while the
 * link is down, and none throws for what the other side does.
 */
export interface Link {
  readonly kind: 'local' | 'ssh';
  /** Of a link to nothing but a Docker engine: where that listens. No command can be run there. */
  readonly engine?: Address | undefined;
  readonly state: LinkState;
  /** Returns what ends the subscription. */
  onState(listener: (state: LinkState) => void): () => void;
  /** Called when a command has waited a while because the server takes no more at once: who holds one in reserve ends it. */
  onCrowded(listener: () => void): () => void;
  /** Connects once; a link that broke later reconnects by itself until `dispose`. */
  connect(signal?: AbortSignal): Promise<Result<null>>;
  /** Starts a command. Arguments reach it as they are: no shell reads them. */
  spawn(argv: readonly string[], signal?: AbortSignal): Promise<Result<RunningCommand>>;
  /** Runs a command to its end. A non-zero exit is an answer, not a failure. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<Result<ExecResult>>;
  /**
   * Writes a local file to a path on the target, mode 0600, in place: callers upload to a name of their own, verify, and
   * rename. A target that did not take the whole file is code "upload-corrupt" with what it said as detail, and keeps
   * none of it.
   */
  upload(localPath: string, remotePath: string, options?: UploadOptions): Promise<Result<null>>;
  /** Opens a stream to a socket on the target's side. "refused": nobody listens there or it may not be opened. */
  open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>>;
  dispose(): void;
}

/** Says an address in words, for messages. */
export function describeAddress(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}
