import type { NewTunnel, TunnelState, TunnelSuggestion } from '../../contract/tunnels.js';

/** A tunnel that was just opened. */
export function inventTunnel(id: number, tunnel: NewTunnel): TunnelState {
  const localPort = tunnel.localPort ?? (tunnel.to.kind === 'tcp' ? tunnel.to.port : 40_123);
  const nothing = { connections: 0, sentBytes: 0, receivedBytes: 0, failures: 0 };
  return { config: { id: `t-${id}`, ...tunnel }, state: 'open', localPort, ...nothing };
}

/** Tunnels in every state. */
export function inventTunnels(hostile: boolean): readonly TunnelState[] {
  const pyroscope = inventTunnel(1, { name: 'Pyroscope', to: { kind: 'tcp', host: '127.0.0.1', port: 4040 } });
  const grafana = inventTunnel(2, {
    name: hostile ? 'x\u202Egnp.exe<b>' : 'Grafana',
    to: { kind: 'tcp', host: '10.0.0.7', port: 3000 },
  });
  const docker = inventTunnel(3, { name: 'Docker', to: { kind: 'unix', path: '/run/docker.sock' } });
  return [
    { ...pyroscope, connections: 2, sentBytes: 41_300, receivedBytes: 18_240_111 },
    {
      ...grafana,
      localPort: 41_877,
      failures: 3,
      message: '10.0.0.7:3000 cannot be reached from web-1.example.com: check that something listens there.',
    },
    { config: docker.config, state: 'waiting', connections: 0, sentBytes: 0, receivedBytes: 0, failures: 0 },
  ];
}

/** What could be reached. */
export function inventSuggestions(hostile: boolean): readonly TunnelSuggestion[] {
  const container = hostile ? 'x\u202Egnp.exe<b>' : 'revel_alloy';
  return [
    {
      name: 'Pyroscope',
      to: { kind: 'tcp', host: '127.0.0.1', port: 4140 },
      why: 'listens on port 4140, the usual one',
    },
    {
      name: 'Alloy admin',
      to: { kind: 'tcp', host: '127.0.0.1', port: 12345 },
      why: `published by the container ${container}`,
    },
  ];
}
