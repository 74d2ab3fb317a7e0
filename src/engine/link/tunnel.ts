import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Address, Link } from './link.js';
import { errorText } from '../failures/thrown.js';

/**
 * A port on this computer's loopback that a link forwards to an address on the target's side, for programs other than
 * ours: whoever is logged in here may connect to it. Our own clients open streams of the link instead.
 */
export class Tunnel {
  readonly port: number;
  private readonly server: Server;
  private readonly sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.server = server;
    this.sockets = sockets;
    this.port = (server.address() as AddressInfo).port; // of a server that listens on TCP
  }

  /** Listens on a free port. A connection whose other end cannot be opened is closed at once. */
  static open(link: Link, address: Address): Promise<Result<Tunnel>> {
    return new Promise((resolve) => {
      const sockets = new Set<Socket>();
      const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        void join(link, address, socket); // ends with its socket
      });
      server.once('error', (error) => {
        resolve(fail('internal', 'No port on this computer could be opened for the tunnel.', errorText(error)));
      });
      server.listen(0, '127.0.0.1', () => {
        resolve(ok(new Tunnel(server, sockets)));
      });
    });
  }

  dispose(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

async function join(link: Link, address: Address, socket: Socket): Promise<void> {
  const far = await link.open(address);
  if (!far.ok || socket.destroyed) {
    socket.destroy();
    if (far.ok) far.value.destroy();
    return;
  }
  far.value.on('error', () => socket.destroy());
  far.value.on('close', () => socket.destroy());
  socket.on('close', () => far.value.destroy());
  far.value.pipe(socket);
  socket.pipe(far.value);
}
