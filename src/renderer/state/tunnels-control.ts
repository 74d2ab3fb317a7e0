import type { Result } from '../../contract/result.js';
import type { NewTunnel, TunnelState, TunnelSuggestion } from '../../contract/tunnels.js';
import type { Context } from './context.js';
import { currentTarget } from './targets-control.js';
import type { AppState } from './store.js';
import { showFailure, showInfo } from './toasts.js';

const none: readonly TunnelState[] = [];

/** The tunnels of the chosen target. */
export function currentTunnels(state: AppState): readonly TunnelState[] {
  const target = currentTarget(state);
  return (target === undefined ? undefined : state.tunnels[target.config.id]) ?? none;
}

/** Keeps the tunnels in step with the links process. Returns what ends it. */
export function followTunnels({ store, links }: Context): () => void {
  const load = async (): Promise<void> => {
    const result = await links.query('tunnels.list', {});
    if (!result.ok) showFailure(store, result.failure);
    else store.setState({ tunnels: Object.fromEntries(result.value.map((each) => [each.targetId, each.tunnels])) });
  };
  const ends = [
    links.onReady(() => {
      void load(); // shows its own failure
    }),
    links.on('tunnels.changed', ({ targetId, tunnels }) => {
      store.setState((state) => ({ tunnels: { ...state.tunnels, [targetId]: tunnels } }));
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Opens a tunnel, which stays with its target from then on. */
export function openTunnel({ links }: Context, targetId: string, tunnel: NewTunnel): Promise<Result<TunnelState>> {
  return links.call('tunnels.open', { targetId, tunnel });
}

/** Closes a tunnel for good. */
export async function closeTunnel({ links, store }: Context, targetId: string, tunnelId: string): Promise<void> {
  const result = await links.call('tunnels.close', { targetId, tunnelId });
  if (!result.ok && result.failure.code !== 'not-found') showFailure(store, result.failure);
}

/** What on a target is worth a tunnel. */
export function suggestTunnels(
  { links }: Context,
  targetId: string,
  signal: AbortSignal,
): Promise<Result<readonly TunnelSuggestion[]>> {
  return links.query('tunnels.suggest', { targetId }, signal);
}

/** Opens a tunnel in the browser. */
export async function browseTunnel({ shell, store }: Context, port: number): Promise<void> {
  const result = await shell.call('tunnel.browse', { port });
  if (!result.ok) showFailure(store, result.failure);
}

/** Copies where programs on this computer reach a tunnel. */
export async function copyTunnel({ shell, store }: Context, port: number): Promise<void> {
  const text = `127.0.0.1:${port}`;
  const result = await shell.call('clipboard.write', { text });
  if (result.ok) showInfo(store, `Copied ${text}`);
  else showFailure(store, result.failure);
}
