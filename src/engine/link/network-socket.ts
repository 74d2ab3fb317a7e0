import { connect, type Socket } from 'node:net';
import { gatherWrites } from './gathered-writes.js';

/** How much is read from the network at once. Twice as fast as the 64 KiB that a socket takes by itself. */
const readBytes = 256 * 1024;

/** A TCP connection whose reads can do without new memory for each. */
export interface NetworkSocket {
  readonly socket: Socket;
  /**
   * From now on each "data" event shows the same memory, and what it holds is gone when the listeners return. For
   * listeners that keep nothing of it: ssh2 once packets are encrypted, whose plain text lies in memory of its own.
   */
  readonly reuseMemory: () => void;
  /** See `GatheredWrites`. */
  readonly takeMemory: () => void;
}

/**
 * Connects, and reads into one buffer: in Electron every piece of memory for bytes is taken from the system and given
 * back to it (a page fault each 4 KiB), which took most of a tunnel's time. Measured with ssh2 1.17 in Electron 33 on a
 * server of OpenSSH 9.2: 165 MB for each second of CPU time before, 350 with this; plain Node 390 before, 570 with it.
 */
export function connectNetwork(host: string, port: number): NetworkSocket {
  let copies = true;
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const socket = connect({
    host,
    port,
    // Without it each new channel waits 40 ms for an acknowledgement.
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        const chunk = buffer.subarray(0, length);
        socket.emit('data', copies ? Buffer.from(chunk) : chunk);
        return true;
      },
    },
  });
  const { takeMemory } = gatherWrites(socket);
  return {
    socket,
    reuseMemory: () => {
      copies = false;
    },
    takeMemory,
  };
}
