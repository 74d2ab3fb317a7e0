import type { Duplex } from 'node:stream';
import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { AgentService, LeaseConflictSchema, type Status } from '../gen/agent/v1/agent_pb.js';
import type { Link } from '../link/link.js';
import { errorText } from '../failures/thrown.js';
import type { HttpTransport } from '../pyroscope/http-transport.js';
import { openBridge } from './bridge.js';
import { agentAuthority, Http2Session } from './http2-session.js';

const firstAnswerTimeoutMs = 10_000;

/**
 * Whether a socket is there and the agent that made it lives: one that ended cannot always remove its socket. Its record
 * beside the socket tells; a socket without a record is tried.
 */
const livesScript = [
  '# Looks whether the agent lives; changes nothing.',
  'test -S "$1" || exit 1',
  `pid=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$(dirname -- "$1")/agent.json" 2>/dev/null)`,
  '[ -z "$pid" ] || [ -d "/proc/$pid" ]',
].join('\n');

/** Where a target's agent is found. */
export interface AgentPlace {
  /** The control socket of the login user. */
  readonly socket: string;
  /** The command that carries the protocol where sockets cannot be forwarded; undefined when none is installed. */
  readonly bridge?: readonly string[] | undefined;
}

/** An open connection to an agent: its calls, and its store as a Pyroscope. */
export interface AgentConnection {
  readonly client: Client<typeof AgentService>;
  readonly http: HttpTransport;
  readonly via: 'socket' | 'bridge';
  /** What the agent said when it was first asked. */
  readonly firstStatus: Status;
  readonly closed: Promise<void>;
  dispose(): void;
}

/** Opens a connection. "agent-not-running" when there is no agent to talk to. */
export async function connectAgent(
  link: Link,
  place: AgentPlace,
  signal?: AbortSignal,
): Promise<Result<AgentConnection>> {
  const stream = await openStream(link, place, signal);
  if (!stream.ok) return stream;
  const session = new Http2Session(stream.value.stream, link.kind === 'ssh');
  const transport = createConnectTransport({
    httpVersion: '2',
    baseUrl: agentAuthority,
    sessionManager: session,
    ...(link.kind === 'ssh' ? {} : { acceptCompression: [] }),
  });
  const client = createClient(AgentService, transport);
  try {
    const { status } = await client.getStatus(
      {},
      { timeoutMs: firstAnswerTimeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
    if (status === undefined) throw new Error('The agent answered without a status.');
    return ok({
      client,
      http: session,
      via: stream.value.via,
      firstStatus: status,
      closed: session.closed,
      dispose: () => {
        session.dispose();
      },
    });
  } catch (error) {
    const { ended } = session;
    session.dispose();
    if (ended && signal?.aborted !== true) {
      return fail('agent-not-running', 'The agent closed the connection: start it first.', errorText(error));
    }
    return { ok: false, failure: agentFailure(error) };
  }
}

async function openStream(
  link: Link,
  place: AgentPlace,
  signal?: AbortSignal,
): Promise<Result<{ readonly stream: Duplex; readonly via: 'socket' | 'bridge' }>> {
  const direct = await link.open({ kind: 'unix', path: place.socket }, signal);
  if (direct.ok) return ok({ stream: direct.value, via: 'socket' });
  const { code } = direct.failure;
  if (code !== 'refused' && code !== 'forwarding-denied') return direct;
  const notRunning = fail('agent-not-running', 'No agent is running there: start it first.', direct.failure.detail);
  if (link.kind === 'local') return notRunning;
  // sshd answers alike when it may not forward and when nobody listens; what lies beside the socket tells which.
  const there = await link.exec(['sh', '-c', livesScript, 'sh', place.socket], signal === undefined ? {} : { signal });
  if (!there.ok) return there;
  if (there.value.code !== 0) return notRunning;
  if (place.bridge === undefined) {
    return fail(
      'forwarding-denied',
      'The server does not forward Unix sockets: allow it with "AllowStreamLocalForwarding yes" in sshd_config, or start the agent from here.',
      direct.failure.detail,
    );
  }
  const bridge = await openBridge(link, place.bridge, signal);
  return bridge.ok ? ok({ stream: bridge.value, via: 'bridge' }) : bridge;
}

/** What a call of the agent failed with. */
export function agentFailure(error: unknown): Failure {
  const known = ConnectError.from(error);
  const said = known.rawMessage;
  const { code } = known;
  if (code === Code.Canceled) return fail('cancelled', 'Cancelled.').failure;
  if (code === Code.DeadlineExceeded) return fail('timeout', 'The agent did not answer in time.', said).failure;
  if (code === Code.Unavailable || code === Code.Aborted || code === Code.Unknown) {
    return fail('agent-not-running', 'The connection to the agent broke.', said).failure;
  }
  if (code === Code.FailedPrecondition) {
    const others = known.findDetails(LeaseConflictSchema).flatMap(({ leases }) => leases);
    if (others.length > 0) {
      const whose = others.map(({ description }) => `“${description}”`).join(', ');
      return fail('agent-in-use', `Others record with this agent (${whose}), and stopping it ends their recordings.`)
        .failure;
    }
  }
  if (code === Code.Unimplemented) {
    return fail('unsupported', 'The agent there does not know this: stop it and start it again.', said).failure;
  }
  return fail('agent-failed', `The agent answered: ${said}`, errorText(error)).failure;
}
