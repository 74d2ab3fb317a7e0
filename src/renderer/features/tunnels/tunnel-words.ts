import * as v from 'valibot';
import { NewTunnel, parseTunnelAddress, tunnelAddressText, type TunnelState } from '../../../contract/tunnels.js';
import { formatBytes, plural } from '../../format/numbers.js';
import type { DotShape } from '../targets/target-words.js';

/** A tunnel's state in a shape and in words. */
export interface TunnelWords {
  readonly shape: DotShape;
  /** At the end of its row. */
  readonly brief: string;
  /** Line by line. */
  readonly lines: readonly string[];
  /** What the user has to know; empty: nothing. Holds names of the target's. */
  readonly note: string;
}

/** Says how a tunnel fares. */
export function tunnelWords(tunnel: TunnelState): TunnelWords {
  const { config, state, localPort, sentBytes, receivedBytes, connections, failures, message = '' } = tunnel;
  const to = tunnelAddressText(config.to);
  const moved = sentBytes + receivedBytes;
  if (state !== 'open' || localPort === undefined) {
    const waiting = state === 'waiting';
    return {
      shape: waiting ? 'off' : 'failed',
      brief: waiting ? 'waits' : 'failed',
      lines: [waiting ? `To ${to}. Opens with the connection.` : `To ${to}.`],
      note: message,
    };
  }
  return {
    shape: failures > 0 && message !== '' ? 'failed' : connections > 0 ? 'on' : 'ready',
    brief: `${moved === 0 ? '' : `${formatBytes(moved)} · `}:${localPort}`,
    lines: [
      `127.0.0.1:${localPort} to ${to}`,
      `${plural(connections, 'connection', 'connections')} open, ${formatBytes(receivedBytes)} received, ${formatBytes(sentBytes)} sent`,
      ...(failures === 0 ? [] : [`${plural(failures, 'connection', 'connections')} failed`]),
    ],
    note: message,
  };
}

/** A tunnel as typed. */
export interface TunnelForm {
  readonly address: string;
  readonly localPort: string;
  readonly name: string;
}

/** The tunnel that a form stands for, or what is wrong with it by field. */
export function tunnelOf(
  form: TunnelForm,
): { readonly tunnel: NewTunnel } | { readonly errors: Partial<Record<keyof TunnelForm, string>> } {
  const to = parseTunnelAddress(form.address);
  if (to === undefined) return { errors: { address: 'Write a port, host:port, or the path of a Unix socket.' } };
  const name = form.name.trim() === '' ? tunnelAddressText(to) : form.name;
  const wished = form.localPort.trim();
  const parsed = v.safeParse(NewTunnel, { name, to, ...(wished === '' ? {} : { localPort: Number(wished) }) });
  if (parsed.success) return { tunnel: parsed.output };
  return parsed.issues.some((issue) => v.getDotPath(issue) === 'localPort')
    ? { errors: { localPort: '1 to 65535' } }
    : { errors: { name: 'A name has at most 128 characters.' } };
}
