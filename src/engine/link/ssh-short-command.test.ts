import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, it, onTestFinished } from 'vitest';
import { HostKeys } from './host-keys.js';
import { silentPrompter } from './prompter.js';
import { SshLink } from './ssh-link.js';

// Behind a jump, what a server says about a short command often comes in one piece. A server of our own makes it sure.
it('a command that has ended when its start is answered keeps its exit status', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pyrometer-short-'));
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connection.on('error', () => undefined); // the client goes away at the end
    connection.on('authentication', (context) => {
      if (context.method === 'password') context.accept();
      else context.reject(['password']);
    });
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const { _sock: socket } = connection as unknown as { readonly _sock: Socket };
        socket.cork();
        const channel = acceptExec();
        channel.exit(7);
        channel.end();
        setTimeout(() => {
          socket.uncork();
        }, 20);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = new SshLink({
    config: {
      kind: 'ssh',
      id: 'short',
      name: 'short',
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'ada',
      authentication: { method: 'password' },
    },
    prompter: {
      ...silentPrompter,
      acceptHostKey: () => Promise.resolve(true),
      askSecret: () => Promise.resolve(['x']),
    },
    hostKeys: new HostKeys(join(folder, 'known'), []),
  });
  onTestFinished(async () => {
    link.dispose();
    server.close();
    await rm(folder, { recursive: true });
  });
  expect(await link.connect()).toMatchObject({ ok: true });
  expect(await link.exec(['true'])).toMatchObject({ ok: true, value: { code: 7 } });
});
