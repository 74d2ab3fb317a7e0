import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fail, ok, type Result } from '../../../contract/result.js';
import { errorText } from '../../failures/thrown.js';
import type { ChannelClient, ChannelError, CommandChannel } from '../channels.js';
import { gatherWrites } from '../gathered-writes.js';
import { message, PacketReader, sshString, uint32 } from './channel-packets.js';
import {
  MuxChannel,
  MuxCommandChannel,
  packetBytes,
  windowBytes,
  type ChannelWire,
  type RemoteEnd,
} from './mux-channel.js';

// OpenSSH's PROTOCOL.mux.
const muxHello = 0x00000001;
const muxProxy = 0x1000000f;
const muxProxyAnswer = 0x8000000f;
const muxVersion = 4;
const startTimeoutMs = 5000;
/** OpenSSH takes no longer packets from a server, and the master passes on what it takes. */
const maxMessageBytes = 256 * 1024 + 64;

type Done<T> = (error: ChannelError | undefined, channel: T) => void;

interface Opening {
  readonly opened: (remote: RemoteEnd) => MuxChannel;
  readonly refused: (error: ChannelError) => void;
}

/**
 * The channels of a connection that a master process of the system's ssh holds. Its control socket, in proxy mode, carries
 * the messages of SSH's connection protocol in plain, so that any number of commands and streams need no process of their
 * own and fail with the server's own reasons. (`ssh -S`, `-W` and `-O forward` would be a process or a socket for each.)
 */
export class MuxClient extends EventEmitter<{ close: [] }> implements ChannelClient, ChannelWire {
  private readonly socket: Socket;
  private readonly opening = new Map<number, Opening>();
  private readonly channels = new Map<number, MuxChannel>();
  private nextId = 0;
  private rest: Buffer = Buffer.alloc(0);
  private onControl: ((message: PacketReader) => void) | undefined;

  private constructor(socket: Socket) {
    super();
    this.socket = socket;
    gatherWrites(socket);
    socket.on('data', (chunk: Buffer) => {
      this.read(chunk);
    });
    socket.on('error', () => undefined); // the close that follows is what is acted on
    socket.on('close', () => {
      this.lost();
    });
  }

  /** Connects to a master's control socket. */
  static connect(path: string): Promise<Result<MuxClient>> {
    return new Promise((resolve) => {
      const socket = connect(path);
      const client = new MuxClient(socket);
      const settle = (result: Result<MuxClient>): void => {
        clearTimeout(timer);
        client.onControl = undefined;
        client.removeListener('close', onClose);
        if (!result.ok) socket.destroy();
        resolve(result);
      };
      const failed = (said: string): void => {
        settle(fail('unsupported', "The system's ssh does not share its connection: use a newer OpenSSH.", said));
      };
      const onClose = (): void => {
        failed('the control socket was closed');
      };
      const timer = setTimeout(() => {
        failed('the control socket did not answer');
      }, startTimeoutMs);
      client.once('close', onClose);
      client.onControl = (hello) => {
        if (hello.uint32() !== muxHello || hello.uint32() !== muxVersion) {
          failed('the control socket speaks another version');
          return;
        }
        client.control(uint32(muxProxy), uint32(0));
        client.onControl = (answer) => {
          if (answer.uint32() === muxProxyAnswer) settle(ok(client));
          else failed('there is no proxy mode');
        };
      };
      client.control(uint32(muxHello), uint32(muxVersion));
    });
  }

  /** Ends the connection to the master; its channels end. */
  end(): void {
    this.socket.destroy();
  }

  /** How long the server takes to answer, in milliseconds. */
  roundTrip(): Promise<number> {
    const beganAt = performance.now();
    return new Promise((resolve) => {
      const answered = (): void => {
        resolve(performance.now() - beganAt);
      };
      this.open(
        'session',
        [],
        (wire, remote) => new MuxChannel(wire, remote),
        (error, channel) => {
          if (error === undefined) channel.destroy();
          answered();
        },
      );
    });
  }

  exec(line: string, done: Done<CommandChannel>): void {
    this.open(
      'session',
      [],
      (wire, remote) => new MuxCommandChannel(wire, remote),
      (error, channel) => {
        if (error !== undefined) {
          done(error, channel);
          return;
        }
        channel.start(line, (started) => {
          if (started) done(undefined, channel);
          else {
            channel.destroy();
            done(new Error('the server does not run it'), channel);
          }
        });
      },
    );
  }

  forwardOut(fromHost: string, fromPort: number, host: string, port: number, done: Done<Duplex>): void {
    const parts = [sshString(host), uint32(port), sshString(fromHost), uint32(fromPort)];
    this.open('direct-tcpip', parts, (wire, remote) => new MuxChannel(wire, remote), done);
  }

  openssh_forwardOutStreamLocal(path: string, done: Done<Duplex>): void {
    const parts = [sshString(path), sshString(''), uint32(0)];
    this.open('direct-streamlocal@openssh.com', parts, (wire, remote) => new MuxChannel(wire, remote), done);
  }

  send(type: number, ...parts: readonly Buffer[]): boolean {
    if (this.socket.destroyed) return true; // goes nowhere
    // A packet without padding, whose length of padding is a byte all the same.
    return this.control(Buffer.from([0, type]), ...parts);
  }

  drained(then: () => void): void {
    this.socket.once('drain', then);
  }

  private control(...parts: readonly Buffer[]): boolean {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.socket.write(uint32(length));
    let room = true;
    for (const part of parts) room = this.socket.write(part);
    return room;
  }

  private open<T extends MuxChannel>(
    type: string,
    parts: readonly Buffer[],
    make: (wire: ChannelWire, remote: RemoteEnd) => T,
    done: Done<T>,
  ): void {
    const id = this.nextId++;
    this.opening.set(id, {
      opened: (remote) => {
        const channel = make(this, remote);
        this.channels.set(id, channel);
        done(undefined, channel);
        return channel;
      },
      // There is no channel to hand on, as with ssh2.
      refused: (error) => {
        done(error, undefined as unknown as T);
      },
    });
    this.send(message.channelOpen, sshString(type), uint32(id), uint32(windowBytes), uint32(packetBytes), ...parts);
  }

  private read(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    try {
      while (this.rest.length >= 4) {
        const length = this.rest.readUInt32BE(0);
        if (length > maxMessageBytes) throw new RangeError('a message is too long');
        if (this.rest.length < 4 + length) return;
        const reader = new PacketReader(this.rest.subarray(4, 4 + length));
        this.rest = this.rest.subarray(4 + length);
        if (this.onControl === undefined) this.packet(reader);
        else this.onControl(reader);
      }
    } catch (error) {
      this.socket.destroy(new Error(`what came over the control socket cannot be read: ${errorText(error)}`));
    }
  }

  private packet(reader: PacketReader): void {
    reader.byte(); // length of the padding: 0
    const type = reader.byte();
    if (type < message.channelOpenConfirmation || type > message.channelFailure) return;
    const id = reader.uint32();
    if (type === message.channelOpenConfirmation || type === message.channelOpenFailure) {
      this.answered(id, type, reader);
      return;
    }
    const channel = this.channels.get(id);
    if (type === message.channelClose) {
      this.channels.delete(id);
      channel?.ended(true);
    } else channel?.received(type, reader);
  }

  /** Read before it is taken off the list: what cannot be read ends the connection, and with it all that is on the list. */
  private answered(id: number, type: number, reader: PacketReader): void {
    const opening = this.opening.get(id);
    if (type === message.channelOpenFailure) {
      const reason = reader.uint32();
      const error = Object.assign(new Error(reader.string().toString()), { reason });
      this.opening.delete(id);
      opening?.refused(error);
      return;
    }
    const remote = { id: reader.uint32(), windowBytes: reader.uint32(), packetBytes: reader.uint32() };
    this.opening.delete(id);
    opening?.opened(remote);
  }

  private lost(): void {
    this.emit('close');
    const error = new Error('the connection ended');
    for (const { refused } of [...this.opening.values()]) refused(error);
    this.opening.clear();
    for (const channel of [...this.channels.values()]) channel.ended(false);
    this.channels.clear();
  }
}
