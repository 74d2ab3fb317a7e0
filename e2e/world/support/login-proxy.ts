import { once } from 'node:events';
import { createServer, request as forward, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a server on loopback and passes on what says who it is, as proxies in front of Pyroscope and Prometheus do. */
export interface LoginProxy {
  readonly url: string;
  /** Headers of what was passed on. */
  readonly passed: readonly IncomingHttpHeaders[];
  dispose(): Promise<void>;
}

/** Starts one that wants a user and a password. */
export async function startLoginProxy(url: string, user: string, password: string): Promise<LoginProxy> {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  const { hostname, port } = new URL(url);
  const passed: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request;
    if (headers.authorization !== wanted) {
      request.resume().on('end', () => response.writeHead(401, { 'content-type': 'text/html' }).end('<html>'));
      return;
    }
    passed.push(headers);
    const onward = forward({ hostname, port, method, path, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.once('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    dispose: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
