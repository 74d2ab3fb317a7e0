import { connect as connectSocket, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { SshTargetConfig } from '../../contract/target.js';
import { Deadline } from './deadline.js';
import type { HostKeys } from './host-keys.js';
import type { Prompter } from './prompter.js';
import { errorText } from '../failures/thrown.js';
import { dialFailure } from './socket-failures.js';
import { Authenticator, type Secrets } from './ssh-auth.js';

export interface SshOptions {
  readonly config: SshTargetConfig;
  readonly prompter: Prompter;
  readonly hostKeys: HostKeys;
  /** SSH_AUTH_SOCK of this process by default. */
  readonly agentSocket?: string;
  /** For the TCP connection, default 15,000. */
  readonly dialTimeoutMs?: number;
  /** For key exchange and authentication without the time that questions are open; default 30,000. */
  readonly handshakeTimeoutMs?: number;
}

/** A connection that let us in. */
export interface SshConnection {
  readonly client: ssh2.Client;
  readonly socket: Socket;
  /** One round trip, as the TCP handshake took it. */
  readonly latencyMs: number;
}

/** Connects, checks the host's key, proves who we are. All failures come with what to do. */
export async function connectSsh(
  options: SshOptions,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<Result<SshConnection>> {
  const host = options.config.host.replace(/^\[(.*)\]$/, '$1');
  const { port } = options.config;
  const lines = await options.hostKeys.load();
  if (!lines.ok) return lines;
  const dialled = await dial(host, port, options.dialTimeoutMs ?? 15_000, signal);
  if (!dialled.ok) return dialled;
  const { socket, latencyMs } = dialled.value;
  const algorithms = options.hostKeys.algorithms(lines.value, host, port);
  const client = await handshake(options, secrets, socket, { host, port, algorithms }, signal);
  if (!client.ok) {
    socket.destroy();
    return client;
  }
  return ok({ client: client.value, socket, latencyMs });
}

function dial(
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result<{ readonly socket: Socket; readonly latencyMs: number }>> {
  return new Promise((resolve) => {
    let beganAt = performance.now();
    // Without noDelay each new channel waits 40 ms for an acknowledgement.
    const socket = connectSocket({ host, port, noDelay: true });
    const timer = setTimeout(() => {
      give(fail('timeout', `${host} did not answer on port ${port}: check the address, the port and firewalls.`));
    }, timeoutMs);
    const onAbort = (): void => {
      give(fail('cancelled', 'Cancelled.'));
    };
    const onError = (error: unknown): void => {
      give({ ok: false, failure: dialFailure(error, host, port) });
    };
    const give = (failure: { ok: false; failure: Failure }): void => {
      settle();
      socket.on('error', () => undefined); // given up; nobody is left to be told
      socket.destroy();
      resolve(failure);
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
    };
    socket.on('lookup', () => {
      beganAt = performance.now();
    });
    socket.once('error', onError);
    socket.once('connect', () => {
      settle();
      resolve(ok({ socket, latencyMs: performance.now() - beganAt }));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly algorithms: ssh2.ServerHostKeyAlgorithm[];
}

function handshake(
  options: SshOptions,
  secrets: Secrets,
  socket: Socket,
  server: Server,
  signal: AbortSignal,
): Promise<Result<ssh2.Client>> {
  const { config, prompter } = options;
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const ending = new AbortController();
    const deadline = new Deadline(options.handshakeTimeoutMs ?? 30_000, () => {
      settle(fail('timeout', `${server.host} did not finish the SSH handshake in time: try again.`));
    });
    let keyFailure: Failure | undefined;
    let authenticating = false;
    const authenticator = new Authenticator({
      config,
      prompter,
      secrets,
      agentSocket: options.agentSocket ?? process.env['SSH_AUTH_SOCK'],
      signal: ending.signal,
      onAsking: (open) => {
        if (open) deadline.pause();
        else deadline.resume();
      },
    });
    const onAbort = (): void => {
      settle(fail('cancelled', 'Cancelled.'));
    };
    let settled = false;
    const settle = (result: Result<ssh2.Client>): void => {
      if (settled) return;
      settled = true;
      deadline.clear();
      ending.abort();
      signal.removeEventListener('abort', onAbort);
      if (!result.ok) client.end();
      resolve(result);
    };
    const broken = (said: string): Result<ssh2.Client> => {
      if (keyFailure !== undefined) return { ok: false, failure: keyFailure };
      if (authenticating) return { ok: false, failure: authenticator.failure() };
      return fail(
        'unsupported',
        `${server.host} port ${server.port} did not complete an SSH handshake: check that it is an SSH server's port.`,
        said,
      );
    };
    client.on('ready', () => {
      authenticator.succeeded();
      settle(ok(client));
    });
    // Stays for the connection's life: an error without a listener would end the process. The close that follows is
    // what the link acts on.
    client.on('error', (error: Error & { level?: string }) => {
      if (error.level === 'agent') return; // one key of the agent; ssh2 goes on with the next
      settle(broken(error.message));
    });
    client.on('close', () => {
      settle(broken('The server closed the connection.'));
    });
    client.on('handshake', () => {
      authenticating = true;
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
      return;
    }
    try {
      client.connect({
        sock: socket,
        username: config.user,
        readyTimeout: 0, // ours above waits for the user
        keepaliveInterval: 3000,
        keepaliveCountMax: 3,
        algorithms: { serverHostKey: server.algorithms },
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void): void => {
          deadline.pause();
          const where = { targetId: config.id, host: server.host, port: server.port };
          options.hostKeys.check(where, key, prompter, ending.signal).then(
            (verdict) => {
              deadline.resume();
              if (!verdict.ok) keyFailure = verdict.failure;
              verify(verdict.ok);
            },
            (error: unknown) => {
              keyFailure = fail('internal', "The host's key could not be checked.", errorText(error)).failure;
              verify(false);
            },
          );
        },
        authHandler: authenticator.handler,
      });
    } catch (error) {
      settle(fail('unsupported', 'The SSH connection could not be set up.', errorText(error)));
    }
  });
}
