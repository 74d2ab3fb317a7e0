import * as v from 'valibot';
import { Id } from './selection.js';

/**
 * A host or user name for ssh: never begins with "-" and holds no control, blank or shell character, so that it can
 * not become an option or a command wherever it is passed on.
 */
export const hostName = v.pipe(v.string(), v.maxLength(255), v.regex(/^[A-Za-z0-9_[\]:.%][A-Za-z0-9_[\]:.%-]*$/));

/** A TCP port. */
export const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

/** A Unix socket's path: absolute, as long as the kernel takes it, without control characters. */
const socketPath = v.pipe(v.string(), v.maxLength(107), v.regex(/^\/\P{Cc}+$/u));

/** Where a tunnel leads, as the target sees it. */
export const TunnelAddress = v.variant('kind', [
  v.object({ kind: v.literal('tcp'), host: hostName, port }),
  v.object({ kind: v.literal('unix'), path: socketPath }),
]);
export type TunnelAddress = v.InferOutput<typeof TunnelAddress>;

const tunnelEntries = {
  /** What it is called in the list. */
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(128)),
  to: TunnelAddress,
  /** The port wished for on this computer; undefined: the target's. Where it is taken, a free one is used. */
  localPort: v.optional(port),
} as const;

/** A tunnel to be opened. */
export const NewTunnel = v.object(tunnelEntries);
export type NewTunnel = v.InferOutput<typeof NewTunnel>;

/** A tunnel as it is saved with its target. */
export const TunnelConfig = v.object({ id: Id, ...tunnelEntries });
export type TunnelConfig = v.InferOutput<typeof TunnelConfig>;

/** What goes on with a tunnel. */
export interface TunnelState {
  readonly config: TunnelConfig;
  /** Waiting: the link is down. Failed: no port could be opened here. */
  readonly state: 'open' | 'waiting' | 'failed';
  /** On 127.0.0.1; undefined while it is not open. */
  readonly localPort?: number;
  /** Why it failed, why its last connection did, or which port was taken. */
  readonly message?: string;
  /** Open now. */
  readonly connections: number;
  /** To the target, and from it, since it was opened. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Connections that the target's side did not take. */
  readonly failures: number;
}

/** Something known that was found on a target and can be reached by a tunnel. */
export interface TunnelSuggestion {
  readonly name: string;
  readonly to: TunnelAddress;
  /** What was seen, in words; holds names of the target's, hostile text. */
  readonly why: string;
}

/** Reads an address as people type it: "/path", "port", "host:port" or "[address]:port". */
export function parseTunnelAddress(text: string): TunnelAddress | undefined {
  const trimmed = text.trim();
  const parts = /^(?:(?<host>[^:[\]]+|\[[0-9A-Fa-f:.%]+\]):)?(?<port>\d{1,5})$/.exec(trimmed)?.groups;
  const candidate = trimmed.startsWith('/')
    ? { kind: 'unix', path: trimmed }
    : { kind: 'tcp', host: parts?.['host']?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port: Number(parts?.['port']) };
  const parsed = v.safeParse(TunnelAddress, candidate);
  return parsed.success ? parsed.output : undefined;
}

/** An address as it is typed. */
export function tunnelAddressText(address: TunnelAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
