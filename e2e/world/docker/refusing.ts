import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { dockerOver } from '../../../src/engine/docker/docker-link';
import { LocalLink } from '../../../src/engine/link/local-link';
import type { WorldAddresses } from '../world';

/** Docker behind a socket that refuses some of what is asked. */
export interface RefusingDocker {
  readonly docker: Docker;
  readonly server: Server;
}

/** Docker without a right to make containers, as an authorization plugin has it. */
export function withoutNewContainers(world: WorldAddresses): Promise<RefusingDocker> {
  return refusingDocker(world, 'no-sidecars', '/containers/create', [
    403,
    'authorization denied by plugin: no new containers',
  ]);
}

/** Docker that refuses requests whose beginning holds a text. `name`: of its socket. */
export async function refusingDocker(
  world: WorldAddresses,
  name: string,
  refused: string,
  [status, said]: readonly [status: number, said: string],
): Promise<RefusingDocker> {
  const path = join(world.path, 'tmp', `${name}.sock`);
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (first: Buffer) => {
      if (first.toString('latin1').includes(refused)) {
        const body = JSON.stringify({ message: said });
        client.end(
          `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        );
        return;
      }
      const real = connect(world.dockerSocket);
      real.on('error', () => client.destroy());
      real.write(first);
      client.pipe(real).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { docker: dockerOver(new LocalLink(), { kind: 'unix', path }), server };
}
