import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Result } from '../../contract/result.js';
import type { TunnelConfig, TunnelState } from '../../contract/tunnels.js';
import { HostKeys } from './host-keys.js';
import { silentPrompter } from './prompter.js';
import { SshLink } from './ssh-link.js';
import { freePort, sshdMissing, startSshd, type TestSshd } from './testing/sshd.js';
import { Tunnels, tunnelPossible } from './tunnels.js';

const missing = await sshdMissing();

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

describe.skipIf(missing !== undefined)('Tunnels over a real server', { timeout: 60_000 }, () => {
  let sshd: TestSshd;
  let echo: Server;
  let link: SshLink;
  let tunnels: Tunnels;
  let told: readonly TunnelState[];
  beforeAll(async () => {
    sshd = await startSshd();
  }, 60_000);
  afterAll(() => sshd.dispose());
  afterEach(() => {
    tunnels.dispose();
    link.dispose();
    echo.close();
  });

  /** Connected, and a server behind it that answers what it gets, once that has ended. */
  async function begin(server = sshd): Promise<TunnelConfig> {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    link = new SshLink({
      config: server.config,
      prompter: { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) },
      hostKeys: new HostKeys(join(server.folder, 'known'), []),
    });
    tunnels = new Tunnels((list) => {
      told = list;
    });
    link.onState(() => {
      void tunnels.follow(link);
    });
    value(await link.connect());
    const { port } = echo.address() as AddressInfo;
    return { id: 't-1', name: 'Echo', to: { kind: 'tcp', host: '127.0.0.1', port }, localPort: await freePort() };
  }

  async function portOf(config: TunnelConfig): Promise<number> {
    return vi.waitFor(() => {
      const port = tunnels.list().find((tunnel) => tunnel.config.id === config.id)?.localPort;
      if (port === undefined) throw new Error('the tunnel is not open');
      return port;
    }, 20_000);
  }

  async function dial(port: number): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** Sends, says that nothing more comes, and reads to the end; "" when the connection was cut. */
  async function ask(port: number, text: string): Promise<string> {
    const socket = await dial(port);
    socket.end(text);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await new Promise((resolve) => socket.on('close', resolve));
    return answer;
  }

  it('carries connections on the wished port, listens on loopback only, and counts', async () => {
    const config = await begin();
    await tunnels.configure([config]);
    const port = await portOf(config);
    expect(port).toBe(config.localPort);
    expect(await ask(port, 'x'.repeat(300_000))).toBe('x'.repeat(300_000));
    await vi.waitFor(() => {
      expect(told[0]).toMatchObject({ state: 'open', sentBytes: 300_000, receivedBytes: 300_000, connections: 0 });
    }, 10_000);
    const elsewhere = connect({ port, host: '127.0.0.2' });
    const [error] = (await once(elsewhere, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await tunnels.configure([]);
    await expect(dial(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('uses a free port where the wished one is taken, and says so', async () => {
    const config = await begin();
    const { port: taken } = echo.address() as AddressInfo;
    await tunnels.configure([{ ...config, localPort: taken }]);
    const port = await portOf(config);
    expect(tunnels.list()[0]?.message).toBe(`Port ${taken} is taken on this computer; ${port} is used.`);
    expect(await ask(port, 'hello')).toBe('hello');
  });

  it('comes back on the same port after the connection broke; who connects meanwhile waits', async () => {
    const config = await begin();
    await tunnels.configure([config]);
    const port = await portOf(config);
    const before = await dial(port);
    before.on('end', () => before.end());
    before.write('a');
    await once(before, 'data');
    const closed = once(before, 'close');
    await sshd.kill();
    await closed;
    await vi.waitFor(() => {
      expect(link.state.state).toBe('reconnecting');
    }, 20_000);
    const meanwhile = ask(port, 'patient');
    await sshd.restart();
    expect(await meanwhile).toBe('patient');
    expect(await portOf(config)).toBe(port);
  });

  it('says why a connection failed, and forgets it when the next one works', async () => {
    const config = await begin();
    const { port: target } = echo.address() as AddressInfo;
    await tunnels.configure([config]);
    const port = await portOf(config);
    echo.close();
    await once(echo, 'close');
    expect(value(await tunnelPossible(link, config.to))).toBeNull(); // may come later
    expect(await ask(port, 'nobody')).toBe('');
    expect(tunnels.list()[0]).toMatchObject({
      failures: 1,
      message: `127.0.0.1:${target} cannot be reached from 127.0.0.1: check that something listens there.`,
    });
    echo.listen(target, '127.0.0.1');
    await once(echo, 'listening');
    // A server that was closed and listens again answers as before.
    expect(await ask(port, 'again')).toBe('again');
    expect(tunnels.list()[0]?.message).toBeUndefined();
  });

  it('says that the server forbids it', async () => {
    const strict = await startSshd(['AllowTcpForwarding no']);
    try {
      const config = await begin(strict);
      const possible = await tunnelPossible(link, config.to);
      expect(possible.ok ? '' : possible.failure.message).toMatch(
        /^127\.0\.0\.1 does not forward connections to 127\.0\.0\.1:\d+: allow it with "AllowTcpForwarding yes" in its sshd_config\.$/,
      );
      await tunnels.configure([config]);
      expect(await ask(await portOf(config), 'x')).toBe('');
      expect(tunnels.list()[0]?.message).toContain('AllowTcpForwarding yes');
    } finally {
      link.dispose();
      await strict.dispose();
    }
  });

  it('makes no port of the agent’s sockets', async () => {
    await begin();
    for (const path of ['/run/pyrometer/1000.sock', '/var/run//pyrometer/x', '/run/x/../pyrometer/push.sock']) {
      const possible = await tunnelPossible(link, { kind: 'unix', path });
      expect(possible.ok ? '' : possible.failure.message).toContain('belongs to the agent');
    }
  });

  it('carries two hundred connections at once', async () => {
    const config = await begin();
    await tunnels.configure([config]);
    const port = await portOf(config);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(port, `request ${index}`)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `request ${index}`));
    expect(tunnels.list()[0]?.failures).toBe(0);
  });
});
