import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { LocalLink } from './local-link.js';
import { Tunnel } from './tunnel.js';

it('forwards a local port to an address of the target', async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const link = new LocalLink();
  const opened = await Tunnel.open(link, {
    kind: 'tcp',
    host: '127.0.0.1',
    port: (echo.address() as AddressInfo).port,
  });
  if (!opened.ok) throw new Error(opened.failure.message);
  const socket = connect(opened.value.port, '127.0.0.1');
  socket.write('through');
  expect(String((await once(socket, 'data'))[0])).toBe('through');
  opened.value.dispose();
  await once(socket, 'close');
  link.dispose();
  echo.close();
});

it('closes connections whose other end cannot be opened', async () => {
  const link = new LocalLink();
  const opened = await Tunnel.open(link, { kind: 'unix', path: '/pyrometer/none.sock' });
  if (!opened.ok) throw new Error(opened.failure.message);
  const socket = connect(opened.value.port, '127.0.0.1');
  await once(socket, 'close');
  opened.value.dispose();
});
