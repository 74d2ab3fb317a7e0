import { describe, expect, it } from 'vitest';
import type { TunnelState } from '../../../contract/tunnels.js';
import { formatBytes } from '../../format/numbers.js';
import { tunnelOf, tunnelWords } from './tunnel-words.js';

const open: TunnelState = {
  config: { id: 't-1', name: 'Pyroscope', to: { kind: 'tcp', host: '127.0.0.1', port: 4040 } },
  state: 'open',
  localPort: 4041,
  connections: 1,
  sentBytes: 1200,
  receivedBytes: 5_000_000,
  failures: 0,
};

describe('tunnelWords', () => {
  it('says what went through and what failed', () => {
    expect(tunnelWords(open)).toEqual({
      shape: 'on',
      brief: `${formatBytes(5_001_200)} · :4041`,
      lines: [
        '127.0.0.1:4041 to 127.0.0.1:4040',
        `1 connection open, ${formatBytes(5_000_000)} received, ${formatBytes(1200)} sent`,
      ],
      note: '',
    });
    const failing = tunnelWords({ ...open, connections: 0, failures: 2, message: 'web-1 does not forward.' });
    expect(failing).toMatchObject({ shape: 'failed', note: 'web-1 does not forward.' });
    expect(failing.lines.at(-1)).toBe('2 connections failed');
    expect(tunnelWords({ ...open, state: 'waiting' }).brief).toBe('waits');
  });
});

describe('tunnelOf', () => {
  const form = { address: '', localPort: '', name: '' };
  it('reads ports, addresses and paths', () => {
    expect(tunnelOf({ ...form, address: '5432' })).toEqual({
      tunnel: { name: '127.0.0.1:5432', to: { kind: 'tcp', host: '127.0.0.1', port: 5432 } },
    });
    expect(tunnelOf({ ...form, address: ' db:5432', name: 'Database', localPort: '15432' })).toEqual({
      tunnel: { name: 'Database', to: { kind: 'tcp', host: 'db', port: 5432 }, localPort: 15432 },
    });
    expect(tunnelOf({ ...form, address: '[::1]:80' })).toMatchObject({
      tunnel: { name: '[::1]:80', to: { host: '::1' } },
    });
    expect(tunnelOf({ ...form, address: '/run/app one.sock' })).toMatchObject({
      tunnel: { to: { kind: 'unix', path: '/run/app one.sock' } },
    });
  });

  it.each(['', '0', '65536', '-oProxyCommand=x:1', 'a b:1', 'a;b:1', 'run/x.sock', '/a\nb', `/${'x'.repeat(107)}`])(
    'does not take %j for an address',
    (address) => {
      expect(tunnelOf({ ...form, address })).toMatchObject({ errors: { address: expect.any(String) as string } });
    },
  );

  it.each(['0', '70000', 'x', '1.5'])('does not take %j for a port', (localPort) => {
    expect(tunnelOf({ ...form, address: '80', localPort })).toEqual({ errors: { localPort: '1 to 65535' } });
  });
});
