import { ok, type Result } from '../../contract/result.js';
import type { TunnelAddress, TunnelSuggestion } from '../../contract/tunnels.js';
import type { Link } from '../link/link.js';
import { runScript } from '../link/marked.js';
import { listContainers, type Container } from './containers.js';

/** What is worth a tunnel, by the ports that it usually has and the images that it comes in. */
const presets = [
  { name: 'Pyroscope', ports: [4040, 4140], image: /(^|[/-])pyroscope(:|@|$)/ },
  { name: 'Grafana', ports: [3000], image: /(^|\/)grafana(-enterprise|-oss)?(:|@|$)/ },
  { name: 'Alloy admin', ports: [12345], image: /(^|\/)alloy(:|@|$)/ },
] as const;

/** A TCP socket that listens. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Looks for what is known to be worth a tunnel: at what listens on the target, and at published container ports. */
export async function suggestTunnels(link: Link, signal?: AbortSignal): Promise<Result<readonly TunnelSuggestion[]>> {
  const given = signal === undefined ? {} : { signal };
  const seen = await runScript(link, 'id -u; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; :', [], given);
  if (!seen.ok) return seen;
  const uid = Number.parseInt(seen.value.stdout, 10);
  // Without Docker, or the right to ask it, what listens is all that there is to see.
  const containers = await listContainers(link, uid, signal);
  if (!containers.ok && containers.failure.code !== 'docker-denied') return containers;
  return ok(chooseTunnels(parseListeners(seen.value.stdout), containers.ok ? containers.value : []));
}

/**
 * The listening sockets of /proc/net/tcp and tcp6, which every kernel has where ss and netstat may be missing. A socket
 * on all addresses is reached on loopback. Both families' bytes stand as words of the machine, which is little-endian
 * on all that the agent runs on: 0100007F is 127.0.0.1.
 */
export function parseListeners(text: string): readonly Listener[] {
  const found = new Map<string, Listener>();
  for (const line of text.split('\n')) {
    const match = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const listener = { host: reachableAt(match[1]), port: Number.parseInt(match[2], 16) };
    found.set(`${listener.host} ${listener.port}`, listener);
  }
  return [...found.values()];
}

function reachableAt(hex: string): string {
  const bytes = [...hex.matchAll(/.{8}/g)].flatMap(([word]) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.every((byte) => byte === 0) ? '127.0.0.1' : bytes.join('.');
  // Of both families, where the machine does not say otherwise; the target resolves it and tries both.
  if (bytes.every((byte) => byte === 0)) return 'localhost';
  const mapped = bytes.slice(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 255));
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1); // the shortest form
}

/** One suggestion for each address. A container says best what it is. */
export function chooseTunnels(
  listeners: readonly Listener[],
  containers: readonly Container[],
): readonly TunnelSuggestion[] {
  const chosen = new Map<number, TunnelSuggestion>();
  const suggest = (name: string, host: string, port: number, why: string): void => {
    const to: TunnelAddress = { kind: 'tcp', host, port };
    // The same port on several addresses is one program; loopback is the surest way to it.
    if (!chosen.has(port) || host === '127.0.0.1') chosen.set(port, { name, to, why });
  };
  for (const { name, ports, image } of presets) {
    for (const listener of listeners) {
      if (!ports.some((port) => port === listener.port)) continue;
      suggest(name, listener.host, listener.port, `listens on port ${listener.port}, the usual one`);
    }
    for (const container of containers) {
      for (const { containerPort, port, address } of container.published) {
        const known = ports.some((usual) => usual === containerPort);
        if (!known || (!image.test(container.image) && chosen.has(port))) continue;
        const everywhere = address === '0.0.0.0' || address === '::' || address === '';
        suggest(name, everywhere ? '127.0.0.1' : address, port, `published by the container ${container.name}`);
      }
    }
  }
  return [...chosen.values()];
}
