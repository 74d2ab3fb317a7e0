import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LocalLink } from '../link/local-link.js';
import type { Container } from './containers.js';
import { chooseTunnels, parseListeners, suggestTunnels } from './tunnel-suggestions.js';

function container(name: string, image: string, published: Container['published']): Container {
  return { id: name, name, image, composeProject: '', published };
}

describe('parseListeners', () => {
  it('reads both families, and listening sockets only', () => {
    const text = `
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0FC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   2: 0700000A:3039 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   3: 0100007F:0FC8 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   0: 00000000000000000000000001000000:102C 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
    expect(parseListeners(text)).toEqual([
      { host: '127.0.0.1', port: 4040 },
      { host: '127.0.0.1', port: 3000 },
      { host: '10.0.0.7', port: 12345 },
      { host: '::1', port: 4140 },
      { host: 'localhost', port: 80 },
      { host: '127.0.0.1', port: 81 },
    ]);
  });
});

describe('chooseTunnels', () => {
  it('knows the usual ports, and containers by their image', () => {
    const listeners = [
      { host: '127.0.0.1', port: 4040 },
      { host: '10.0.0.7', port: 12345 },
      { host: '127.0.0.1', port: 22 },
    ];
    const containers = [
      container('shop_grafana', 'grafana/grafana:11.2', [{ containerPort: 3000, port: 13000, address: '0.0.0.0' }]),
      container('shop_pyroscope', 'grafana/pyroscope@sha256:1', [
        { containerPort: 4040, port: 4040, address: '127.0.0.1' },
      ]),
      container('shop_web', 'shop:1', [{ containerPort: 8000, port: 8000, address: '0.0.0.0' }]),
    ];
    expect(chooseTunnels(listeners, containers)).toEqual([
      {
        name: 'Pyroscope',
        to: { kind: 'tcp', host: '127.0.0.1', port: 4040 },
        why: 'published by the container shop_pyroscope',
      },
      {
        name: 'Grafana',
        to: { kind: 'tcp', host: '127.0.0.1', port: 13000 },
        why: 'published by the container shop_grafana',
      },
      {
        name: 'Alloy admin',
        to: { kind: 'tcp', host: '10.0.0.7', port: 12345 },
        why: 'listens on port 12345, the usual one',
      },
    ]);
  });
});

describe('suggestTunnels', () => {
  it('sees what listens on a real machine', async () => {
    const server = createServer().listen(4140, '127.0.0.7');
    await once(server, 'listening');
    const link = new LocalLink();
    const found = await suggestTunnels(link);
    expect(found.ok ? found.value.map(({ to }) => to) : found.failure).toContainEqual({
      kind: 'tcp',
      host: '127.0.0.7',
      port: (server.address() as AddressInfo).port,
    });
    link.dispose();
    server.close();
  });
});
