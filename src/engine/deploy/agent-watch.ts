import type { Choice, Naming, SamplingChange } from '../../contract/profiled.js';
import type { PushSettings } from '../../contract/push.js';
import type { Result } from '../../contract/result.js';
import { fail, ok } from '../../contract/result.js';
import type { AgentState } from '../../contract/target.js';
import { agentFailure, connectAgent, type AgentConnection, type AgentPlace } from '../agent/agent-connection.js';
import { toAgentState } from '../agent/status.js';
import { State, type Status } from '../gen/agent/v1/agent_pb.js';
import type { Link } from '../link/link.js';

const callTimeoutMs = 10_000;
/** The last window is stored before the answer. */
const endTimeoutMs = 30_000;
const pollMs = 5000;

/** Who holds a lease, to the agent and to others who want to stop it. */
export interface LeaseHolder {
  /** 1 to 64 letters, digits and "-_.:". */
  readonly id: string;
  readonly description: string;
}

/** How an agent is held. */
export interface LeaseTimes {
  /** How long it samples on when nobody renews. */
  readonly seconds: number;
  readonly renewEveryMs: number;
  /** How long its windows stay after that; then everything is removed there. */
  readonly keepSeconds: number;
}

/** How recordings are held: a lid that was closed or a network that is gone for some minutes ends none. */
export const defaultLease: LeaseTimes = { seconds: 600, renewEveryMs: 20_000, keepSeconds: 86_400 };

export interface WatchEvents {
  /** What the agent says of itself, whenever it changed. */
  readonly onState: (state: AgentState) => void;
  /** A window is in the store; Unix milliseconds of its end. */
  readonly onWindow: (endMs: number) => void;
  /** The connection ended without `dispose`. `said`: what the agent said last. */
  readonly onClosed: (said: AgentState) => void;
}

/** Follows a running agent: its status as a stream, by polling where the stream breaks, and a recording's lease. */
export class AgentWatch {
  readonly connection: AgentConnection;
  private readonly events: WatchEvents;
  private readonly holder: LeaseHolder;
  private readonly ending = new AbortController();
  private last: AgentState;
  private lastWindowEndMs: number;
  private lease: NodeJS.Timeout | undefined;
  private stopping = false;

  private constructor(connection: AgentConnection, holder: LeaseHolder, events: WatchEvents) {
    this.connection = connection;
    this.events = events;
    this.holder = holder;
    this.last = toAgentState(connection.firstStatus, holder.id, false, Date.now());
    this.lastWindowEndMs = this.last.status?.lastWindowEndMs ?? 0;
  }

  /** Connects to an agent and begins to follow it. */
  static async open(
    link: Link,
    place: AgentPlace,
    holder: LeaseHolder,
    events: WatchEvents,
    signal?: AbortSignal,
  ): Promise<Result<AgentWatch>> {
    const connection = await connectAgent(link, place, signal);
    if (!connection.ok) return connection;
    const watch = new AgentWatch(connection.value, holder, events);
    events.onState(watch.last);
    void watch.follow(); // ends with the connection, which it reports
    return ok(watch);
  }

  get state(): AgentState {
    return this.last;
  }

  /** Holds the agent for so many seconds, again and again, until `release` or `dispose`. */
  async keepLease({ seconds, renewEveryMs }: LeaseTimes): Promise<void> {
    clearInterval(this.lease);
    if (this.last.state === 'kept') return; // it would refuse
    const request = { seconds, holder: this.holder.id, description: this.holder.description };
    const renew = async (): Promise<void> => {
      try {
        await this.connection.client.renewLease(request, { timeoutMs: callTimeoutMs, signal: this.ending.signal });
      } catch {
        // The next round tries again; an agent that is gone is told by onClosed.
      }
    };
    this.lease = setInterval(() => void renew(), renewEveryMs);
    this.tell({ ...this.last, recording: true });
    await renew();
  }

  /** Gives the lease back. The answer says whether that ended the agent; then its connection has closed. */
  async release(): Promise<Result<{ readonly ended: boolean }>> {
    this.forgetLease();
    try {
      const { ending } = await this.connection.client.releaseLease(
        { holder: this.holder.id },
        { timeoutMs: endTimeoutMs },
      );
      if (!ending) {
        this.tell({ ...this.last, recording: false });
        return ok({ ended: false });
      }
    } catch (error) {
      const failure = agentFailure(error);
      // It may end before its answer is through.
      if (failure.code !== 'agent-not-running') return { ok: false, failure };
    }
    const closed = await this.closed();
    return closed.ok ? ok({ ended: true }) : closed;
  }

  /** Whether the agent knew of a lease of ours before it was followed: handed over by the one before, or of a recording before. */
  get knewUs(): boolean {
    return this.connection.firstStatus.leases.some(({ holder }) => holder === this.holder.id);
  }

  get renewing(): boolean {
    return this.lease !== undefined;
  }

  /**
   * Asks the agent to close its open window and end; settles when its connection closed. "agent-in-use" while others hold
   * it, unless forced.
   */
  async stop(force: boolean, signal?: AbortSignal): Promise<Result<null>> {
    this.stopping = true;
    const given = signal === undefined ? {} : { signal };
    try {
      await this.connection.client.stop({ holder: this.holder.id, force }, { timeoutMs: endTimeoutMs, ...given });
    } catch (error) {
      const failure = agentFailure(error);
      // It may end before its answer is through.
      if (failure.code !== 'agent-not-running') {
        this.stopping = false;
        return { ok: false, failure };
      }
    }
    this.forgetLease();
    return this.closed();
  }

  /** Pushes to one more server, or to one otherwise. */
  setPush(server: PushSettings): Promise<Result<null>> {
    const { url, tenant, authentication, caPem } = server;
    const secrets =
      authentication.kind === 'basic'
        ? { user: authentication.user, password: authentication.password }
        : authentication.kind === 'bearer'
          ? { bearerToken: authentication.token }
          : { keepSecrets: authentication.kind === 'keep' };
    return this.ask((client, options) => client.setPush({ url, tenant, caPem, ...secrets }, options));
  }

  removePush(url: string, tenant: string): Promise<Result<null>> {
    return this.ask((client, options) => client.removePush({ url, tenant }, options));
  }

  /** What is profiled from now on. */
  choose({ containerIds, pids, services }: Choice): Promise<Result<null>> {
    return this.ask((client, options) => client.setSelection({ containerIds, pids, services }, options));
  }

  setSampling({ rateHz, burstSeconds, windowSeconds }: SamplingChange): Promise<Result<null>> {
    return this.ask((client, options) => client.setSampling({ rateHz, burstSeconds, windowSeconds }, options));
  }

  setNaming(naming: Naming): Promise<Result<null>> {
    return this.ask((client, options) => client.setNaming({ naming }, options));
  }

  private async ask(
    call: (client: AgentConnection['client'], options: { timeoutMs: number; signal: AbortSignal }) => Promise<unknown>,
  ): Promise<Result<null>> {
    try {
      await call(this.connection.client, { timeoutMs: callTimeoutMs, signal: this.ending.signal });
      return ok(null);
    } catch (error) {
      return { ok: false, failure: agentFailure(error) };
    }
  }

  /** Leaves the agent alone; it goes on. */
  dispose(): void {
    this.ending.abort();
    clearInterval(this.lease);
    this.connection.dispose();
  }

  private forgetLease(): void {
    clearInterval(this.lease);
    this.lease = undefined;
  }

  /** Waits for the end of an agent that was told to end. */
  private async closed(): Promise<Result<null>> {
    const waited = await Promise.race([this.connection.closed.then(() => true), delay(endTimeoutMs).then(() => false)]);
    return waited ? ok(null) : fail('timeout', 'The agent was asked to stop and still runs: look into its log.');
  }

  private async follow(): Promise<void> {
    let closed = false;
    void this.connection.closed.then(() => {
      closed = true;
    });
    const over = (): boolean => closed || this.ending.signal.aborted;
    while (!over()) {
      await this.stream();
      // The stream broke and the connection did not: ask until a stream can be had again.
      if (!over()) await this.poll();
      if (!over()) await delay(pollMs, this.ending.signal);
    }
    clearInterval(this.lease);
    if (!this.ending.signal.aborted) this.events.onClosed(this.last);
  }

  private async stream(): Promise<void> {
    const { client, closed } = this.connection;
    const ended = new AbortController();
    void closed.then(() => {
      ended.abort();
    });
    try {
      const signal = AbortSignal.any([this.ending.signal, ended.signal]);
      for await (const { status } of client.watchStatus({}, { signal })) if (status !== undefined) this.take(status);
    } catch {
      // Told apart by the caller: the connection is closed, or only the stream broke.
    }
  }

  private async poll(): Promise<void> {
    try {
      const { status } = await this.connection.client.getStatus({}, { timeoutMs: callTimeoutMs });
      if (status !== undefined) this.take(status);
    } catch {
      // As above.
    }
  }

  private tell(state: AgentState): void {
    this.last = state;
    this.events.onState(state);
  }

  private take(status: Status): void {
    if (status.state === State.KEPT) this.forgetLease();
    const said = toAgentState(status, this.holder.id, this.renewing, Date.now());
    // A status that crossed our request to stop is no news.
    this.tell(this.stopping ? { ...said, state: 'stopping' } : said);
    const endMs = Number(status.lastWindowEnd);
    if (endMs > this.lastWindowEndMs) {
      this.lastWindowEndMs = endMs;
      this.events.onWindow(endMs);
    }
  }
}

function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
