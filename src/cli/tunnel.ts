import { TargetSession } from '../engine/deploy/session.js';
import { suggestTunnels } from '../engine/docker/tunnel-suggestions.js';
import { Tunnels, tunnelPossible } from '../engine/link/tunnels.js';
import { fail, ok, type Result } from '../contract/result.js';
import { tunnelAddressText, type NewTunnel, type TunnelState } from '../contract/tunnels.js';
import type { Command } from './arguments.js';
import { connectionParts } from './record.js';

/** What a hostile server says must not move the terminal's cursor. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/**
 * Opens tunnels and holds them until the signal, or until the connection is given up. Without an address it tells what
 * could be reached.
 */
export async function tunnelCommand(
  { target, tunnels: wanted, identity }: Extract<Command, { name: 'tunnel' }>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Result<null>> {
  const said = new Map<string, string>();
  const tunnels = new Tunnels((list) => {
    for (const tunnel of list) {
      const line = lineOf(tunnel);
      if (said.get(tunnel.config.id) !== line) say(line);
      said.set(tunnel.config.id, line);
    }
  });
  let gaveUp: (failure: Result<null>) => void = () => undefined;
  const end = new Promise<Result<null>>((resolve) => {
    gaveUp = resolve;
    signal.addEventListener('abort', () => {
      resolve(ok(null));
    });
  });
  const session = new TargetSession({
    ...connectionParts(target, identity),
    onChange: ({ link }) => {
      if (link.state === 'reconnecting') say(link.message ?? 'Connecting again.');
      if (link.state === 'failed') gaveUp(fail('not-connected', link.message ?? 'The connection broke.', link.detail));
      void tunnels.follow(session.currentLink); // told by the list
    },
  });
  try {
    const link = session.currentLink;
    const connected = await link.connect(signal);
    if (!connected.ok) return connected;
    if (wanted.length === 0) {
      const found = await suggestTunnels(link, signal);
      if (!found.ok) return found;
      for (const { name, to, why } of found.value) say(plain(`${tunnelAddressText(to)}  ${name}, ${why}`));
      if (found.value.length === 0) say('No Pyroscope, Grafana or Alloy was found there; name an address.');
      return ok(null);
    }
    for (const { to } of wanted) {
      const possible = await tunnelPossible(link, to, signal);
      if (!possible.ok) return possible;
    }
    await tunnels.follow(link);
    await tunnels.configure(wanted.map((tunnel: NewTunnel, index) => ({ id: `t-${index}`, ...tunnel })));
    const broken = tunnels.list().find((tunnel) => tunnel.state === 'failed');
    if (broken !== undefined) return fail('internal', broken.message ?? '');
    return await end;
  } finally {
    tunnels.dispose();
    session.dispose();
  }
}

function lineOf({ config, state, localPort, message }: TunnelState): string {
  const to = tunnelAddressText(config.to);
  const open = state === 'open' && localPort !== undefined;
  const note = message === undefined ? '' : `  (${message})`;
  return plain(`${open ? `127.0.0.1:${localPort} leads to ${to}` : `waiting: ${to}`}${note}`);
}
