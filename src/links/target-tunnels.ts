import { randomUUID } from 'node:crypto';
import { fail, ok, type Result } from '../contract/result.js';
import type { SshTargetConfig, TargetConfig, TargetState } from '../contract/target.js';
import type { NewTunnel, TunnelConfig, TunnelState, TunnelSuggestion } from '../contract/tunnels.js';
import type { TargetSession } from '../engine/deploy/session.js';
import { suggestTunnels } from '../engine/docker/tunnel-suggestions.js';
import { Tunnels, tunnelPossible } from '../engine/link/tunnels.js';

/** What a target's tunnels need of the list of targets. */
export interface TunnelHost {
  readonly find: (targetId: string) => Result<TargetSession>;
  /** Changes a target's configuration as it is then, one change after the other. */
  readonly change: (
    targetId: string,
    change: (config: TargetConfig) => Result<TargetConfig>,
  ) => Promise<Result<TargetState>>;
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
    const before = withRoomFor(session.value.state.config, tunnel);
    if (!before.ok) return before;
    const possible = await tunnelPossible(session.value.currentLink, tunnel.to, signal);
    if (!possible.ok) return possible;
    const added: TunnelConfig = { id: `t-${randomUUID()}`, ...tunnel };
    const saved = await this.host.change(targetId, (config) => {
      const now = withRoomFor(config, tunnel); // it was saved meanwhile, perhaps
      return now.ok ? ok({ ...now.value, tunnels: [...configured(now.value), added] }) : now;
    });
    if (!saved.ok) return saved;
    const state = this.of(targetId)
      .list()
      .find((each) => each.config.id === added.id);
    if (state === undefined) return fail('not-found', 'That tunnel was closed again meanwhile.');
    return state.state === 'failed' ? fail('internal', state.message ?? '') : ok(state);
  }

  /** Closes a tunnel for good. */
  async close(targetId: string, tunnelId: string): Promise<Result<null>> {
    const saved = await this.host.change(targetId, (config) => {
      const left = configured(config).filter(({ id }) => id !== tunnelId);
      if (config.kind !== 'ssh' || left.length === configured(config).length) {
        return fail('not-found', 'That tunnel is closed already.');
      }
      return ok({ ...config, tunnels: left });
    });
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

/** A configuration that takes one more tunnel. */
function withRoomFor(config: TargetConfig, tunnel: NewTunnel): Result<SshTargetConfig> {
  if (config.kind !== 'ssh') return fail('invalid-input', 'This computer needs no tunnel: use its ports as they are.');
  const before = configured(config);
  const same = before.find(
    ({ to, localPort }) => JSON.stringify(to) === JSON.stringify(tunnel.to) && localPort === tunnel.localPort,
  );
  if (same !== undefined) return fail('invalid-input', `“${same.name}” leads there already.`);
  if (before.length >= 64) return fail('invalid-input', 'A target has at most 64 tunnels: close some first.');
  return ok(config);
}
