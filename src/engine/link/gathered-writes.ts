import type { Socket } from 'node:net';

/** A block: eight packets of SSH's 32 KiB, which is what is read of a file at once, with what goes around them. */
const blockBytes = 320 * 1024;
/** Blocks that wait to be sent or used, together with the one in use more than a channel's window of 2 MiB. */
const maxBlocks = 7;
/**
 * Who writes a packet in pieces may still read this many of the last ones: ssh2 writes a packet's length, encrypts the rest of its
 * memory, writes that and computes the MAC of both. Two pieces of memory are a packet's all; whose third is written is done with the first.
 */
const heldMemories = 2;

/** How what is written to a socket leaves. */
export interface GatheredWrites {
  /**
   * From now on memory that was written is taken from whoever wrote it (its views become empty), so that the next packet's lies
   * in the same place. For writers that keep nothing of it: ssh2, all of whose ciphers were read for this. Small memory and the one
   * that Node's small buffers share stay.
   */
  readonly takeMemory: () => void;
}

/**
 * Hands what is written in one go to the system in one call, from memory of its own: what was written may be reused at once.
 *
 * ssh2 writes a packet in three pieces, each of which would leave as a TCP segment of its own and wake the server: uploads took twice
 * as long. And each packet is two new pieces of memory. V8 in Electron counts them until it collects garbage, which it does each
 * few dozen megabytes on all its threads, and its allocator gives them back to the system, so that each is made of page faults. With
 * `takeMemory`, for 200 MB of an upload in Electron 33: 0.4 s of CPU time instead of 1.8, 2,400 page faults instead of 160,000.
 */
export function gatherWrites(socket: Socket): GatheredWrites {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const end = socket.end.bind(socket) as (...args: unknown[]) => Socket;
  const spare: Buffer[] = [];
  const written: ArrayBuffer[] = [];
  let lentBlocks = 0;
  let block: Buffer = Buffer.allocUnsafeSlow(blockBytes);
  let usedBytes = 0;
  let gathering = false;
  let takes = false;

  const send = (): void => {
    if (usedBytes === 0) return;
    const piece = block.subarray(0, usedBytes);
    usedBytes = 0;
    if (lentBlocks >= maxBlocks && piece.length < blockBytes / 2) {
      write(Buffer.from(piece)); // a block for each small piece would be much for a connection that is stuck
      return;
    }
    const lent = block;
    let waits = false;
    write(piece, () => {
      if (!waits) return;
      lentBlocks--;
      if (spare.length < maxBlocks) spare.push(lent);
    });
    if (socket.writableLength === 0) return; // the system has taken it
    waits = true;
    lentBlocks++;
    block = spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  };
  const gather = (chunk: Uint8Array): boolean => {
    if (!gathering) {
      gathering = true;
      process.nextTick(() => {
        gathering = false;
        send();
        for (const memory of written.splice(0)) take(memory);
      });
    }
    for (let at = 0; at < chunk.length;) {
      if (usedBytes === blockBytes) send();
      const part = chunk.subarray(at, at + blockBytes - usedBytes);
      block.set(part, usedBytes);
      usedBytes += part.length;
      at += part.length;
    }
    if (takes) hold(written, chunk.buffer);
    // A "drain" follows where the socket itself said that there is no room, and only then.
    return !socket.writableNeedDrain;
  };
  const gathered = (...args: unknown[]): boolean => {
    const [chunk] = args;
    if (args.length === 1 && chunk instanceof Uint8Array) return gather(chunk);
    send();
    return write(...args);
  };
  socket.write = gathered; // takes what the other takes, in all its forms
  socket.end = (...args: unknown[]): Socket => {
    send();
    return end(...args);
  };
  return {
    takeMemory: () => {
      takes = true;
    },
  };
}

/** Notes memory that was written, and takes what was written before the last ones. */
function hold(written: ArrayBuffer[], memory: ArrayBufferLike): void {
  if (!(memory instanceof ArrayBuffer) || memory.byteLength <= Buffer.poolSize || written.includes(memory)) return;
  written.push(memory);
  const [oldest] = written;
  if (written.length <= heldMemories || oldest === undefined) return;
  written.shift();
  take(oldest);
}

/** Frees memory now rather than with the next collection of garbage. Node 20 by itself, which runs tests, cannot. */
function take(memory: ArrayBuffer): void {
  (memory as { transfer?: (byteLength: number) => ArrayBuffer }).transfer?.(0);
}
