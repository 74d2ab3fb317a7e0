import { randomUUID } from 'node:crypto';
import { fail, ok, type Result } from '../contract/result.js';
import type { TargetConfig, TargetState } from '../contract/target.js';
import type { NewTunnel, TunnelConfig, TunnelState, TunnelSuggestion } from '../contract/tunnels.js';
import type { TargetSession } from '../engine/deploy/session.js';
import { suggestTunnels } from '../engine/docker/tunnel-suggestions.js';
import { Tunnels, tunnelPossible } from '../engine/link/tunnels.js';

/** What a target's tunnels need of the list of targets. */
export interface TunnelHost {
  readonly find: (targetId: string) => Result<TargetSession>;
  readonly save: (config: TargetConfig) => Promise<Result<TargetState>>;
  readonly onChange: (targetId: string, tunnels: readonly TunnelState[]) => void;
}

/** The tunnels of all targets: open with their links, saved with their configurations. */
export class TargetTunnels {
  private readonly host: TunnelHost;
  private readonly byTarget = new Map<string, Tunnels>();

  constructor(host: TunnelHost) {
    this.host = host;
  }

  list(): readonly { readonly targetId: string; readonly tunnels: readonly TunnelState[] }[] {
    return [...this.byTarget].map(([targetId, tunnels]) => ({ targetId, tunnels: tunnels.list() }));
  }

  /** Takes over what a target's configuration says now. */
  async configure(config: TargetConfig): Promise<void> {
    await this.of(config.id).configure(configured(config));
  }

  /** Called after every change of a target's link. */
  follow(targetId: string, session: TargetSession): void {
    void this.byTarget.get(targetId)?.follow(session.currentLink); // told by onChange
  }

  /** Opens a tunnel now and whenever the target is connected from now on. */
  async open(targetId: string, tunnel: NewTunnel, signal: AbortSignal): Promise<Result<TunnelState>> {
    const session = this.host.find(targetId);
    if (!session.ok) return session;
    const { config } = session.value.state;
    if (config.kind !== 'ssh')
      return fail('invalid-input', 'This computer needs no tunnel: use its ports as they are.');
    const before = config.tunnels ?? [];
    const same = before.find(
      ({ to, localPort }) => JSON.stringify(to) === JSON.stringify(tunnel.to) && localPort === tunnel.localPort,
    );
    if (same !== undefined) return fail('invalid-input', `“${same.name}” leads there already.`);
    if (before.length >= 64) return fail('invalid-input', 'A target has at most 64 tunnels: close some first.');
    const possible = await tunnelPossible(session.value.currentLink, tunnel.to, signal);
    if (!possible.ok) return possible;
    const added: TunnelConfig = { id: `t-${randomUUID()}`, ...tunnel };
    const current = session.value.state.config; // saved meanwhile, perhaps
    if (current.kind !== 'ssh') throw new Error('a target keeps its kind'); // its id is the kind's
    const saved = await this.host.save({ ...current, tunnels: [...configured(current), added] });
    if (!saved.ok) return saved;
    const state = this.of(targetId)
      .list()
      .find((each) => each.config.id === added.id);
    if (state === undefined) return fail('not-found', 'That tunnel was closed again meanwhile.');
    return state.state === 'failed' ? fail('internal', state.message ?? '') : ok(state);
  }

  /** Closes a tunnel for good. */
  async close(targetId: string, tunnelId: string): Promise<Result<null>> {
    const session = this.host.find(targetId);
    if (!session.ok) return session;
    const { config } = session.value.state;
    if (config.kind !== 'ssh' || !configured(config).some(({ id }) => id === tunnelId)) {
      return fail('not-found', 'That tunnel is closed already.');
    }
    const saved = await this.host.save({ ...config, tunnels: configured(config).filter(({ id }) => id !== tunnelId) });
    return saved.ok ? ok(null) : saved;
  }

  async suggest(targetId: string, signal: AbortSignal): Promise<Result<readonly TunnelSuggestion[]>> {
    const session = this.host.find(targetId);
    return session.ok ? suggestTunnels(session.value.currentLink, signal) : session;
  }

  remove(targetId: string): void {
    this.byTarget.get(targetId)?.dispose();
    this.byTarget.delete(targetId);
  }

  dispose(): void {
    for (const tunnels of this.byTarget.values()) tunnels.dispose();
    this.byTarget.clear();
  }

  private of(targetId: string): Tunnels {
    const found = this.byTarget.get(targetId);
    if (found !== undefined) return found;
    const made = new Tunnels((tunnels) => {
      this.host.onChange(targetId, tunnels);
    });
    this.byTarget.set(targetId, made);
    return made;
  }
}

function configured(config: TargetConfig): readonly TunnelConfig[] {
  return config.kind === 'ssh' ? (config.tunnels ?? []) : [];
}
