import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import type { SshHop, SshTargetConfig } from '../../contract/target.js';
import type { ChannelClient } from './channels.js';
import { Deadline } from './deadline.js';
import type { HostKeys } from './host-keys.js';
import { connectNetwork } from './network-socket.js';
import type { SessionCarrier } from './openssh/one-session.js';
import type { Prompter } from './prompter.js';
import { errorText } from '../failures/thrown.js';
import { mismatchOf, ServerOffer } from './server-offer.js';
import {
  dialFailure,
  forwardsNothing,
  noHandshake,
  reachesNothing,
  saidNothing,
  takesNoMore,
} from './socket-failures.js';
import { Authenticator, type Secrets } from './ssh-auth.js';

export interface SshOptions {
  readonly config: SshTargetConfig;
  readonly prompter: Prompter;
  readonly hostKeys: HostKeys;
  /** SSH_AUTH_SOCK of this process by default. */
  readonly agentSocket?: string;
  /** The system's ssh; default: the one in PATH. */
  readonly sshProgram?: string;
  /** Whether the system's ssh can share a connection; default: not on Windows. */
  readonly sshShares?: boolean;
  /** What carries a connection where it cannot; undefined: there is no such connection then. */
  readonly carrier?: SessionCarrier;
  /** For the TCP connection, default 15,000. */
  readonly dialTimeoutMs?: number;
  /** For key exchange and authentication without the time that questions are open; default 30,000. */
  readonly handshakeTimeoutMs?: number;
  /** For room among the sessions that the server allows, default 60,000. */
  readonly sessionWaitMs?: number;
}

/** A connection that let us in. */
export interface SshConnection {
  readonly client: ChannelClient;
  /** Ends it and what it was made through. */
  readonly close: () => void;
  /** One round trip, as opening the last stretch took it. */
  readonly latencyMs: number;
  /** How it was made, where that is to be told. */
  readonly message?: string;
}

/** What SSH runs over: a socket, or a channel of the server before. */
interface Way {
  readonly stream: Duplex;
  readonly latencyMs: number;
  /** Of a socket: see `NetworkSocket`. */
  readonly reuseMemory?: () => void;
  readonly takeMemory?: () => void;
}

/** So much of what a server says before the handshake is kept, for the details of a failure. */
const spokenBytes = 500;

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254. */
const prohibited = 1;

/**
 * Connects through every server on the way; checks each one's key and proves to each who we are, with its own
 * credentials. All failures come with what to do.
 *
 * @param secrets one for each server on the way and, last, the target; filled as they are told
 */
export async function connectSsh(
  options: SshOptions,
  secrets: Secrets[],
  signal: AbortSignal,
): Promise<Result<SshConnection>> {
  const lines = await options.hostKeys.load();
  if (!lines.ok) return lines;
  const timeoutMs = options.dialTimeoutMs ?? 15_000;
  const opened: { readonly client: ssh2.Client; readonly stream: Duplex }[] = [];
  const close = (): void => {
    for (const { client } of opened.toReversed()) client.end();
    setTimeout(() => opened[0]?.stream.destroy(), 1000).unref();
  };
  let latencyMs = 0;
  for (const [index, hop] of [...(options.config.jumps ?? []), options.config].entries()) {
    const host = hop.host.replace(/^\[(.*)\]$/, '$1');
    const { port } = hop;
    const before = opened.at(-1);
    const via = options.config.jumps?.[index - 1]?.host;
    const way =
      before === undefined || via === undefined
        ? await dial(host, port, timeoutMs, signal)
        : await reach(before.client, via, host, port, timeoutMs, signal);
    if (!way.ok) {
      close();
      return way;
    }
    const { stream } = way.value;
    const algorithms = options.hostKeys.algorithms(lines.value, host, port);
    const server = { hop, host, port, algorithms };
    const client = await handshake(options, (secrets[index] ??= {}), way.value, server, signal);
    if (!client.ok) {
      stream.destroy();
      close();
      return client;
    }
    opened.push({ client: client.value, stream });
    latencyMs = way.value.latencyMs;
  }
  const client = opened.at(-1)?.client;
  if (client === undefined) throw new Error('a connection has a target'); // the list ends with it
  client.once('close', close);
  return ok({ client, close, latencyMs });
}

/** A channel of a server on the way to the next one. */
function reach(
  client: ssh2.Client,
  via: string,
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result<Way>> {
  return new Promise((resolve) => {
    const beganAt = performance.now();
    let waiting = true;
    const settle = (result: Result<Way>): void => {
      waiting = false;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      client.removeListener('close', onClose);
      resolve(result);
    };
    const timer = setTimeout(() => {
      settle(fail('timeout', `${via} did not reach ${host} port ${port} in time: check the address and firewalls.`));
    }, timeoutMs);
    const onAbort = (): void => {
      settle(fail('cancelled', 'Cancelled.'));
    };
    const onClose = (): void => {
      settle(fail('unreachable', `${via} closed the connection on the way to ${host}.`));
    };
    client.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
      return;
    }
    client.forwardOut('127.0.0.1', 0, host, port, (error: (Error & { reason?: unknown }) | undefined, stream) => {
      if (!waiting) {
        if (error === undefined) stream.destroy(); // came too late
        return;
      }
      if (error === undefined) {
        // ssh2 sets no listener before its handshake; the connection's own close is what is acted on.
        stream.on('error', () => undefined);
        settle(ok({ stream, latencyMs: performance.now() - beganAt }));
      } else if (error.reason === prohibited) {
        settle(forwardsNothing(via, host, error.message));
      } else {
        settle(reachesNothing(via, host, port, error.message));
      }
    });
  });
}

function dial(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Result<Way>> {
  return new Promise((resolve) => {
    let beganAt = performance.now();
    const { socket, reuseMemory, takeMemory } = connectNetwork(host, port);
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
      resolve(ok({ stream: socket, latencyMs: performance.now() - beganAt, reuseMemory, takeMemory }));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

interface Server {
  readonly hop: SshHop;
  readonly host: string;
  readonly port: number;
  readonly algorithms: ssh2.ServerHostKeyAlgorithm[];
}

function handshake(
  options: SshOptions,
  secrets: Secrets,
  { stream, reuseMemory, takeMemory }: Way,
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
    /** Asked for again whenever the server wants new keys, which it may each hour or gigabyte: no question then. */
    let acceptedKey: Buffer | undefined;
    /** Into memory of its own, by a cipher whose code was read for this. */
    let decrypts = false;
    const authenticator = new Authenticator({
      hop: server.hop,
      targetId: config.id,
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
    /** What came first; ssh2 keeps it to itself when it is not what an SSH server says. */
    const offer = new ServerOffer();
    const listen = (chunk: Buffer): void => {
      if (!offer.add(chunk)) stream.removeListener('data', listen);
    };
    const broken = (said: string): Result<ssh2.Client> => {
      if (keyFailure !== undefined) return { ok: false, failure: keyFailure };
      if (authenticating) return { ok: false, failure: authenticator.failure(said) };
      const spoken = offer.text(spokenBytes);
      const nothingLike = mismatchOf(said);
      if (nothingLike !== undefined) {
        return fail(
          'no-common-algorithm',
          `${server.host} offers only ${nothingLike} that the built-in SSH does not have.`,
          offer.describe(),
        );
      }
      if (/MaxStartups|not allowed at this time/i.test(spoken)) return takesNoMore(server.host, spoken);
      if (spoken === '') return saidNothing(server.host, server.port, said);
      return noHandshake(server.host, server.port, spoken.startsWith('SSH-') ? said : `${said}\n${spoken}`);
    };
    client.on('ready', () => {
      if (decrypts) reuseMemory?.();
      takeMemory?.();
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
    client.on('handshake', ({ sc }) => {
      authenticating = true;
      if (/^aes\d+-gcm/.test(sc.cipher)) decrypts = true;
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
      return;
    }
    try {
      client.connect({
        sock: stream,
        username: server.hop.user,
        readyTimeout: 0, // ours above waits for the user
        keepaliveInterval: 3000,
        keepaliveCountMax: 3,
        algorithms: { serverHostKey: server.algorithms },
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void): void => {
          if (acceptedKey !== undefined) {
            verify(acceptedKey.equals(key));
            return;
          }
          deadline.pause();
          const where = { targetId: config.id, host: server.host, port: server.port };
          options.hostKeys.check(where, key, prompter, ending.signal).then(
            (verdict) => {
              deadline.resume();
              if (verdict.ok) acceptedKey = Buffer.from(key);
              else keyFailure = verdict.failure;
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
      // After ssh2, which has paused the stream until it is ready itself.
      stream.on('data', listen);
    } catch (error) {
      settle(fail('unsupported', 'The SSH connection could not be set up.', errorText(error)));
    }
  });
}
