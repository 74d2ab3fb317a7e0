import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

/** What an engine says of itself, and which of its containers run Python. */
export interface FakeEngine {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly containers?: readonly string[];
}

/** Docker's API as far as it is asked before something is recorded, at a socket of a test's. */
export async function startFakeEngine(path: string, engine: FakeEngine): Promise<Server> {
  await mkdir(dirname(path), { recursive: true });
  const server = createServer(answersOf(engine));
  server.listen(path);
  await once(server, 'listening');
  return server;
}

/** The same on a port of 127.0.0.1, for those alone who have a certificate of the server's authority, in `folder`. */
export async function startSecuredEngine(
  folder: string,
  engine: FakeEngine,
): Promise<{ readonly server: Server; readonly port: number }> {
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((n) => readFile(join(folder, n))));
  const options = { ca, cert, key, requestCert: true, rejectUnauthorized: true };
  const server = createSecureServer(options, answersOf(engine));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function answersOf({ id, name, kernel, containers = [] }: FakeEngine): RequestListener {
  const answers: readonly (readonly [pattern: RegExp, answer: () => unknown])[] = [
    [/\/info$/, () => ({ ID: id, Name: name, KernelVersion: kernel, Architecture: 'aarch64' })],
    [/\/containers\/json\?.*label/, () => []],
    [
      /\/containers\/json/,
      () =>
        containers.map((each) => ({
          Id: each.repeat(8),
          Names: [`/${each}`],
          Image: 'app',
          ImageID: 'sha256:1',
          Labels: {},
          State: 'running',
          Ports: [],
        })),
    ],
    [/\/top/, () => ({ Titles: ['PID', 'PPID', 'CMD'], Processes: [['7', '1', 'python3.12 app.py']] })],
  ];
  return (request, response) => {
    const found = answers.find(([pattern]) => pattern.test(request.url ?? ''));
    response.setHeader('Content-Type', 'application/json');
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found?.[1]() ?? { message: 'not in this test' }));
  };
}
