import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gatherWrites, type GatheredWrites } from './gathered-writes.js';
import { canTakeMemory } from './testing/take-memory.js';

describe('gatherWrites', () => {
  const sockets: Socket[] = [];
  let memoryAsBefore: () => void;
  beforeAll(() => {
    memoryAsBefore = canTakeMemory();
  });
  afterAll(() => {
    memoryAsBefore();
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function pair(): Promise<{ near: Socket; far: Socket; gathered: GatheredWrites; calls: () => number }> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
    let calls = 0;
    const write = near.write.bind(near) as (...args: unknown[]) => boolean;
    near.write = (...args: unknown[]): boolean => {
      calls++;
      return write(...args);
    };
    const gathered = gatherWrites(near);
    const [far] = (await accepted) as [Socket];
    server.close();
    sockets.push(near, far);
    return { near, far, gathered, calls: () => calls };
  }

  async function all(far: Socket): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of far) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  it('hands what is written in one go on in one call, and copies it', async () => {
    const { near, far, calls } = await pair();
    const memory = Buffer.alloc(1000, 'a');
    near.write(memory);
    memory.fill('b');
    near.write(memory);
    memory.fill('c');
    await new Promise(setImmediate);
    expect(calls()).toBe(1);
    near.end();
    expect(String(await all(far))).toBe('a'.repeat(1000) + 'b'.repeat(1000));
  });

  it('keeps the order of all forms of writes, up to the end', async () => {
    const { near, far } = await pair();
    const done: string[] = [];
    near.write(Buffer.from('1'));
    near.write('2');
    near.write(Buffer.from('3'), () => done.push('3'));
    near.write('34', 'hex', () => done.push('4'));
    near.write(Buffer.from('5'));
    near.end(Buffer.from('6'));
    expect(String(await all(far))).toBe('123456');
    expect(done).toEqual(['3', '4']);
  });

  it('sends more than a block, and says when there is room again', { timeout: 30_000 }, async () => {
    const { near, far } = await pair();
    const big = Buffer.alloc(2_000_003, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
    const small = Buffer.alloc(100, 'small');
    const expected: Buffer[] = [];
    let waits = 0;
    const received = all(far); // which the far side reads only while this one waits
    for (let round = 0; round < 400; round++) {
      const piece = round % 40 === 0 ? big : small;
      expected.push(piece);
      if (!near.write(piece)) {
        waits++;
        await once(near, 'drain');
      }
      if (round % 3 === 0) await new Promise(setImmediate);
    }
    near.end();
    expect((await received).equals(Buffer.concat(expected))).toBe(true);
    expect(waits).toBeGreaterThan(0);
  });

  it('needs little memory where nobody reads', { timeout: 30_000 }, async () => {
    const { near, far } = await pair();
    far.pause();
    near.write(Buffer.alloc(20_000_000));
    await new Promise(setImmediate);
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 1000; round++) {
      near.write(Buffer.alloc(100, 'small'));
      await new Promise(setImmediate);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    near.end();
    expect((await all(far)).length).toBe(20_000_000 + 1000 * 100);
  });

  it('takes the memory of packets once it was written, and no other', async () => {
    const { near, far, gathered } = await pair();
    const early = Buffer.alloc(20_000, 'early');
    near.write(early);
    gathered.takeMemory();
    const shared = Buffer.from('shared'); // lies in the memory of all small buffers
    near.write(shared);
    const packets = Array.from({ length: 3 }, () => Buffer.alloc(20_000, 'packet'));
    for (const packet of packets) {
      near.write(packet.subarray(0, 4));
      near.write(packet.subarray(4));
    }
    // The last two may still be read by who writes them.
    expect(packets.map((packet) => packet.length)).toEqual([0, 20_000, 20_000]);
    await new Promise(setImmediate);
    expect(packets.map((packet) => packet.length)).toEqual([0, 0, 0]);
    expect([early.length, String(shared)]).toEqual([20_000, 'shared']);
    near.end();
    const expected = [early, Buffer.from('shared'), ...packets.map(() => Buffer.alloc(20_000, 'packet'))];
    expect((await all(far)).equals(Buffer.concat(expected))).toBe(true);
  });
});
