import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureCode, value } from '../testing/results.js';
import { message, sshString, uint32 } from './channel-packets.js';
import type { CommandChannel } from '../channels.js';
import { MuxClient } from './mux-client.js';
import { windowBytes } from './mux-channel.js';

// What no real master sends, and a hostile server could: the fault that is faked.

const hello = [uint32(1), uint32(4)];
const proxy = [uint32(0x8000000f), uint32(0)];

function write(socket: Socket, ...parts: readonly Buffer[]): void {
  const bytes = Buffer.concat(parts);
  socket.write(Buffer.concat([uint32(bytes.length), bytes]));
}

describe('the channels of a master', () => {
  let folder = '';
  let end: () => void = () => undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-mux-'));
  });
  afterEach(async () => {
    end();
    await rm(folder, { recursive: true });
  });

  /** A master whose socket goes to `use` after its first words. */
  async function master(use: (socket: Socket) => void, words = [hello, proxy]): Promise<string> {
    const path = join(folder, 'm');
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      for (const word of words) write(socket, ...word);
      use(socket);
    }).listen(path);
    end = () => server.close();
    await once(server, 'listening');
    return path;
  }

  /** Answers the first channel that is opened. */
  const opening =
    (then: (socket: Socket) => void) =>
    (socket: Socket): void => {
      socket.on('data', (chunk: Buffer) => {
        // The message stands after hello and proxy, which come in pieces of their own or together.
        if (!chunk.includes('session')) return;
        then(socket);
      });
    };
  const confirm = (socket: Socket): void => {
    const type = Buffer.from([0, message.channelOpenConfirmation]);
    write(socket, type, uint32(0), uint32(7), uint32(windowBytes), uint32(32768));
  };

  it('need a master that speaks as we do', async () => {
    expect(failureCode(await MuxClient.connect(join(folder, 'none')))).toBe('unsupported');
    expect(failureCode(await MuxClient.connect(await master((socket) => socket.end(), [])))).toBe('unsupported');
    end();
    expect(failureCode(await MuxClient.connect(await master(() => undefined, [[uint32(1), uint32(3)]])))).toBe(
      'unsupported',
    );
  });

  it.each<[string, (socket: Socket) => void]>([
    ['a message without end', (socket) => socket.write(Buffer.alloc(8, 0xff))],
    [
      'a message that is shorter than it says',
      (socket) => {
        write(socket, Buffer.from([0, message.channelOpenFailure]), uint32(0), uint32(1), uint32(9999));
      },
    ],
    [
      'more than it may',
      (socket) => {
        confirm(socket);
        const piece = Buffer.alloc(32768);
        for (let sent = 0; sent <= windowBytes; sent += piece.length) {
          write(socket, Buffer.from([0, message.channelData]), uint32(0), uint32(piece.length), piece);
        }
      },
    ],
    ['its end', (socket) => socket.destroy()],
  ])('end with the connection when there comes %s', async (_name, attack) => {
    const client = value(await MuxClient.connect(await master(opening(attack))));
    const closed = once(client, 'close');
    const outcome = new Promise<Error | undefined>((resolve) => {
      client.exec('true', (error) => {
        resolve(error);
      });
    });
    await closed;
    expect(await outcome).toBeInstanceOf(Error);
  });

  it('say why one was refused, and answer what a server asks to see whether we live', async () => {
    const answers: Buffer[] = [];
    const client = value(
      await MuxClient.connect(
        await master((socket) => {
          let opened = 0;
          socket.on('data', (chunk: Buffer) => {
            if (chunk.includes('session') && opened++ === 0) {
              write(
                socket,
                Buffer.from([0, message.channelOpenFailure]),
                uint32(0),
                uint32(1),
                sshString('no'),
                sshString(''),
              );
            } else if (chunk.includes('session')) {
              const type = Buffer.from([0, message.channelOpenConfirmation]);
              write(socket, type, uint32(1), uint32(7), uint32(windowBytes), uint32(32768));
              write(socket, Buffer.from([0, message.channelSuccess]), uint32(1));
              const asked = [sshString('keepalive@openssh.com'), Buffer.from([1])];
              write(socket, Buffer.from([0, message.channelRequest]), uint32(1), ...asked);
            } else answers.push(chunk);
          });
        }),
      ),
    );
    const exec = (): Promise<[Error | undefined, CommandChannel]> =>
      new Promise((resolve) => {
        client.exec('true', (...answer) => {
          resolve(answer);
        });
      });
    expect((await exec())[0]).toMatchObject({ message: 'no', reason: 1 });
    const [error, channel] = await exec();
    expect(error).toBeUndefined();
    await expect
      .poll(() => Buffer.concat(answers).includes(Buffer.from([0, message.channelFailure, 0, 0, 0, 7])))
      .toBe(true);
    channel.destroy();
    client.end();
  });
});
