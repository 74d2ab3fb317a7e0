import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { createServer as createSecureServer } from 'node:tls';
import type { WorldAddresses } from '../world';

/**
 * The world's Docker at another socket, that everybody may use, saying that it runs on another machine: as Docker Desktop, Colima and
 * Podman have it, whose engines run in virtual machines.
 */
export async function engineOfAnotherMachine(world: WorldAddresses, path: string): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (first: Buffer) => {
      const real = connect(world.dockerSocket);
      real.on('error', () => client.destroy());
      real.write(first);
      if (!/^GET \/info /.test(first.toString('latin1'))) {
        client.pipe(real).pipe(client);
        return;
      }
      const said: Buffer[] = [];
      real.on('data', (chunk: Buffer) => said.push(chunk));
      // Each request has a connection of its own, which ends with the answer.
      real.on('end', () => {
        const text = Buffer.concat(said).toString('latin1');
        // As long as what it was: the length stands in the heading.
        const other = (was: string): string => 'elsewhere'.padEnd(was.length, '-').slice(0, was.length);
        const changed = text.replace(
          /"(KernelVersion|Name)":"([^"]*)"/g,
          (_, name: string, was: string) => `"${name}":"${other(was)}"`,
        );
        client.end(changed, 'latin1');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o666);
  return server;
}

/** The world's Docker on a port of loopback, for those alone who have a certificate of the authority in `folder`. */
export async function securedEngine(
  world: WorldAddresses,
  folder: string,
): Promise<{ readonly server: Server; readonly port: number }> {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
  const server = createSecureServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (client) => {
    const real = connect(world.dockerSocket);
    real.on('error', () => client.destroy());
    client.on('error', () => real.destroy());
    client.pipe(real).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
