import { setMaxListeners } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { errorText } from '../failures/thrown.js';
import type { Address, Link } from './link.js';

/** What went through a tunnel since it was opened. */
export interface TunnelCounts {
  /** Open now. */
  readonly connections: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Connections that the target's side did not take. */
  readonly failures: number;
  readonly lastFailure: Failure | undefined;
}

export interface TunnelOptions {
  /** Wished for; where it is taken or may not be used, a free one is. */
  readonly localPort?: number | undefined;
  /** Called after each change of the counts. */
  readonly onChange?: () => void;
  /** How long a connection waits for a link that is being connected again; default 30,000. */
  readonly waitMs?: number;
}

/**
 * A port on this computer's loopback that a link forwards to an address on the target's side, for programs other than
 * ours: whoever is logged in here may connect to it. Our own clients open streams of the link instead. It outlives a
 * connection that breaks: who connects meanwhile waits for the next.
 */
export class Tunnel {
  readonly port: number;
  /** The wished port, when another one had to do. */
  readonly taken: number | undefined;
  private readonly link: Link;
  private readonly address: Address;
  private readonly options: TunnelOptions;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly ending = new AbortController();
  private sentBytes = 0;
  private receivedBytes = 0;
  private failures = 0;
  private lastFailure: Failure | undefined;

  private constructor(link: Link, address: Address, options: TunnelOptions, server: Server, taken: number | undefined) {
    this.link = link;
    this.address = address;
    this.options = options;
    this.server = server;
    this.taken = taken;
    setMaxListeners(0, this.ending.signal); // one for each connection that is being opened
    this.port = (server.address() as AddressInfo).port; // of a server that listens on TCP
    server.on('connection', (socket) => {
      this.accept(socket);
    });
  }

  /** Listens. A connection whose other end cannot be opened is closed at once, and counted. */
  static async open(link: Link, address: Address, options: TunnelOptions = {}): Promise<Result<Tunnel>> {
    const { localPort } = options;
    const wished = localPort === undefined ? undefined : await listen(localPort);
    if (wished?.ok === true) return ok(new Tunnel(link, address, options, wished.value, undefined));
    const free = await listen(0);
    return free.ok ? ok(new Tunnel(link, address, options, free.value, localPort)) : free;
  }

  get counts(): TunnelCounts {
    const { sentBytes, receivedBytes, failures, lastFailure } = this;
    return { connections: this.sockets.size, sentBytes, receivedBytes, failures, lastFailure };
  }

  dispose(): void {
    this.ending.abort();
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.options.onChange?.();
    });
    socket.on('error', () => socket.destroy());
    this.options.onChange?.();
    void this.join(socket); // ends with its socket
  }

  private async join(socket: Socket): Promise<void> {
    await connectedAgain(this.link, this.options.waitMs ?? 30_000, this.ending.signal);
    const far = await this.link.open(this.address, this.ending.signal);
    if (!far.ok) {
      if (!this.ending.signal.aborted) {
        this.failures++;
        this.lastFailure = far.failure;
      }
      socket.destroy();
      return;
    }
    const stream = far.value;
    if (socket.destroyed) {
      stream.destroy();
      return;
    }
    this.lastFailure = undefined;
    stream.on('error', () => socket.destroy());
    stream.on('close', () => {
      socket.destroySoon(); // after what came last has reached the program here
    });
    socket.on('close', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      this.options.onChange?.();
    });
    socket.on('data', (chunk: Buffer) => {
      this.sentBytes += chunk.length;
      this.options.onChange?.();
    });
    stream.pipe(socket);
    socket.pipe(stream);
  }
}

function listen(port: number): Promise<Result<Server>> {
  return new Promise((resolve) => {
    // A program may say that it sends no more and still wait for the answer.
    const server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true });
    server.once('error', (error) => {
      const said = errorText(error);
      resolve(fail('internal', 'No port on this computer could be opened for the tunnel.', `${said}, port ${port}`));
    });
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined); // of a connection that went before it was accepted
      resolve(ok(server));
    });
  });
}

/** Settles when a link that is being connected again is, or gave up, or the time is over. */
function connectedAgain(link: Link, limitMs: number, signal: AbortSignal): Promise<void> {
  if (link.state.state !== 'reconnecting') return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const unsubscribe = link.onState(({ state }) => {
      if (state !== 'reconnecting') end();
    });
    const timer = setTimeout(end, limitMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
