import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** A proxy that lets so many pieces through and cuts the connection at the next one. */
export interface CuttingProxy {
  readonly port: number;
  /** How many pieces still pass, either way; below zero once it has cut. Infinite at first. */
  passing: number;
  close(): void;
}

/** Listens on loopback before a port of it. */
export async function startCuttingProxy(to: number): Promise<CuttingProxy> {
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', cut).on('close', cut);
      one.on('data', (piece: Buffer) => {
        if (--proxy.passing < 0) cut();
        else other.write(piece);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: CuttingProxy = {
    port: (server.address() as AddressInfo).port,
    passing: Infinity,
    close: () => void server.close(),
  };
  return proxy;
}
