import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that takes every profile that is pushed to it: pushing is a part of an agent's cost. */
export interface PushSink {
  readonly url: string;
  readonly pushed: () => number;
  readonly close: () => void;
}

export async function startPushSink(): Promise<PushSink> {
  let pushed = 0;
  const server = createServer((request, reply) => {
    request.resume();
    request.on('end', () => {
      pushed++;
      // An empty message of protobuf: taken.
      reply.writeHead(200, { 'content-type': 'application/proto' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, pushed: () => pushed, close: () => server.close() };
}
