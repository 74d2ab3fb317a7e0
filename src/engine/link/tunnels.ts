import { posix } from 'node:path';
import { fail, ok, type Failure, type Result } from '../../contract/result.js';
import { tunnelAddressText, type TunnelAddress, type TunnelConfig, type TunnelState } from '../../contract/tunnels.js';
import type { Link } from './link.js';
import { Tunnel } from './tunnel.js';

/** How often bytes that went through are told. */
const countEveryMs = 1000;

interface Entry {
  readonly config: TunnelConfig;
  tunnel: Tunnel | undefined;
  failure: Failure | undefined;
}

/**
 * The tunnels of one target. They are open while its link is; they stay open, on the same ports, while it is connected
 * again, and open anew with the next connection.
 */
export class Tunnels {
  private readonly onChange: (tunnels: readonly TunnelState[]) => void;
  private entries: Entry[] = [];
  private link: Link | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(onChange: (tunnels: readonly TunnelState[]) => void) {
    this.onChange = onChange;
  }

  list(): readonly TunnelState[] {
    return this.entries.map(stateOf);
  }

  /** Another list. Those that are in it already go on. */
  async configure(configs: readonly TunnelConfig[]): Promise<void> {
    const before = this.entries;
    this.entries = configs.map((config) => {
      const same = before.find((entry) => JSON.stringify(entry.config) === JSON.stringify(config));
      return same ?? { config, tunnel: undefined, failure: undefined };
    });
    for (const entry of before) if (!this.entries.includes(entry)) entry.tunnel?.dispose();
    await this.openAll();
    this.changed();
  }

  /** Called after every change of the target's link, and with another link when it has one. */
  async follow(link: Link): Promise<void> {
    const { state } = link.state;
    if (this.link === link && (state === 'reconnecting' || state === 'connecting')) return;
    const usable = state === 'connected' ? link : undefined;
    if (this.link === usable) return;
    this.close();
    this.link = usable;
    await this.openAll();
    if (this.entries.length > 0) this.changed();
  }

  dispose(): void {
    this.close();
    this.link = undefined;
    this.entries = [];
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private close(): void {
    for (const entry of this.entries) {
      entry.tunnel?.dispose();
      entry.tunnel = undefined;
      entry.failure = undefined;
    }
  }

  private async openAll(): Promise<void> {
    // One after the other: two that wish for the same port get it in their order.
    for (const entry of this.entries) {
      const { link } = this;
      if (link === undefined) return;
      if (entry.tunnel !== undefined) continue;
      const { to, localPort } = entry.config;
      const opened = await Tunnel.open(link, to, {
        localPort: localPort ?? (to.kind === 'tcp' ? to.port : undefined),
        onChange: () => {
          this.timer ??= setTimeout(() => {
            this.changed();
          }, countEveryMs);
        },
      });
      if (!opened.ok) entry.failure = opened.failure;
      else if (this.link === link && this.entries.includes(entry)) keep(entry, opened.value);
      else opened.value.dispose(); // the list or the link is another one by now
    }
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.onChange(this.list());
  }
}

/** The list may have been changed twice at once: the first tunnel stays. */
function keep(entry: Entry, tunnel: Tunnel): void {
  if (entry.tunnel !== undefined) {
    tunnel.dispose();
    return;
  }
  entry.tunnel = tunnel;
  entry.failure = undefined;
}

function stateOf({ config, tunnel, failure }: Entry): TunnelState {
  if (tunnel === undefined) {
    const nothing = { connections: 0, sentBytes: 0, receivedBytes: 0, failures: 0 };
    if (failure === undefined) return { config, state: 'waiting', ...nothing };
    return { config, state: 'failed', message: failure.message, ...nothing };
  }
  const { lastFailure, ...counts } = tunnel.counts;
  const taken =
    tunnel.taken === undefined ? undefined : `Port ${tunnel.taken} is taken on this computer; ${tunnel.port} is used.`;
  const message = lastFailure?.message ?? taken;
  return {
    config,
    state: 'open',
    localPort: tunnel.port,
    ...counts,
    ...(message === undefined ? {} : { message }),
  };
}

/**
 * Whether a tunnel to an address may be had at all: asks the target once. That nobody listens there yet is no reason
 * against it; that its server forwards nothing is.
 */
export async function tunnelPossible(link: Link, to: TunnelAddress, signal?: AbortSignal): Promise<Result<null>> {
  // A port of this computer is open to everybody who is logged in here; the agent is not.
  if (to.kind === 'unix' && /^(\/var)?\/run\/pyrometer(\/|$)/.test(posix.normalize(to.path))) {
    return fail(
      'invalid-input',
      `${tunnelAddressText(to)} belongs to the agent, which never becomes a port here: anybody on this computer could use it.`,
    );
  }
  const probe = await link.open(to, signal);
  if (probe.ok) probe.value.destroy();
  else if (probe.failure.code !== 'refused') return probe;
  return ok(null);
}
