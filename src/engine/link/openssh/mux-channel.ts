import { Duplex, Readable } from 'node:stream';
import type { CommandChannel } from '../channels.js';
import { message, sshString, uint32, type PacketReader } from './channel-packets.js';

/** What the other side may send before it is allowed more, as OpenSSH has it. */
export const windowBytes = 2 * 1024 * 1024;
/** The most data of one message. */
export const packetBytes = 32 * 1024;

/** Where a channel's messages go. */
export interface ChannelWire {
  /** False: whoever sends much waits for `drained` first. */
  send(type: number, ...parts: readonly Buffer[]): boolean;
  drained(then: () => void): void;
}

/** How the other side calls a channel, and what it takes. */
export interface RemoteEnd {
  readonly id: number;
  readonly windowBytes: number;
  readonly packetBytes: number;
}

/**
 * One channel of an SSH connection (RFC 4254): a stream in both directions, each held back by a window. It says "close"
 * after the other side closed it and what had come was read. What is written to a channel that is closed goes nowhere.
 */
export class MuxChannel extends Duplex {
  protected readonly wire: ChannelWire;
  protected readonly remoteId: Buffer;
  private readonly maxPieceBytes: number;
  private sendWindow: number;
  private receiveWindow = windowBytes;
  private outgoing: { rest: Buffer; readonly done: () => void } | undefined;
  private waitsForDrain = false;
  private full = false;
  private inputEnded = false;
  private closeSent = false;
  private closeReceived = false;
  private unread = 0;

  constructor(wire: ChannelWire, remote: RemoteEnd) {
    super({ allowHalfOpen: true, autoDestroy: false, highWaterMark: 256 * 1024 });
    this.wire = wire;
    this.remoteId = uint32(remote.id);
    this.maxPieceBytes = Math.min(remote.packetBytes, packetBytes);
    this.sendWindow = remote.windowBytes;
    this.output(this);
  }

  /** Closes the channel in both directions; what is on its way may get lost. */
  close(): void {
    if (this.closeSent) return;
    this.closeSent = true;
    this.wire.send(message.channelClose, this.remoteId);
    this.dropOutgoing();
  }

  /** A message for this channel; the reader stands behind the channel's number. */
  received(type: number, reader: PacketReader): void {
    switch (type) {
      case message.channelWindowAdjust:
        this.sendWindow = Math.min(this.sendWindow + reader.uint32(), 0xffffffff);
        this.flush();
        return;
      case message.channelData:
        this.takeData(reader.string());
        return;
      case message.channelExtendedData:
        reader.uint32(); // its kind: there is none but standard error
        this.takeExtended(reader.string());
        return;
      case message.channelEof:
        this.endInput();
        return;
      case message.channelRequest: {
        const name = reader.string().toString('latin1');
        const wantsAnswer = reader.byte() !== 0;
        this.requested?.(name, reader);
        // Servers ask for something that nobody knows, to see whether we are there.
        if (wantsAnswer) this.wire.send(message.channelFailure, this.remoteId);
        return;
      }
      default:
        this.answered?.(type === message.channelSuccess);
    }
  }

  /** The other side closed the channel, or the connection is gone. */
  ended(connected: boolean): void {
    this.closeReceived = true;
    if (connected) this.close();
    this.closeSent = true;
    this.dropOutgoing();
    this.endInput();
    this.closeWhenRead();
  }

  override _read(): void {
    this.full = false;
    this.grant();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.outgoing = { rest: chunk, done };
    this.flush();
  }

  override _final(done: () => void): void {
    if (!this.closeSent) this.wire.send(message.channelEof, this.remoteId);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.close();
    done(error);
  }

  /** Takes what the server says of the channel. Of a stream there is nothing to say. */
  protected requested?(name: string, reader: PacketReader): void;

  /** Takes the server's answer to a request. */
  protected answered?(granted: boolean): void;

  /** Of a stream: nothing reads a second output. */
  protected takeExtended(bytes: Buffer): void {
    this.count(bytes);
    this.grant();
  }

  /** Whether an output waits to be read. */
  protected held(): boolean {
    return this.full;
  }

  /** Counts what came in. A server that sends more than it may ends the connection. */
  protected count(bytes: Buffer): void {
    if (bytes.length > this.receiveWindow) throw new RangeError('the server sends more than it may');
    this.receiveWindow -= bytes.length;
  }

  /** Lets the other side send more, once what came was taken. */
  protected grant(): void {
    if (this.closeSent || this.inputEnded || this.receiveWindow > windowBytes / 2 || this.held()) return;
    this.wire.send(message.channelWindowAdjust, this.remoteId, uint32(windowBytes - this.receiveWindow));
    this.receiveWindow = windowBytes;
  }

  /** Adds an output that is to be read before the channel says that it closed. */
  protected output(stream: Readable): void {
    this.unread++;
    stream.once('end', () => {
      this.unread--;
      this.closeWhenRead();
    });
  }

  protected endInput(): void {
    if (this.inputEnded) return;
    this.inputEnded = true;
    this.push(null);
  }

  private closeWhenRead(): void {
    if (this.closeReceived && this.unread === 0) this.destroy();
  }

  private takeData(bytes: Buffer): void {
    this.count(bytes);
    if (this.inputEnded || this.destroyed) return;
    this.full = !this.push(bytes);
    this.grant();
  }

  private dropOutgoing(): void {
    const { outgoing } = this;
    this.outgoing = undefined;
    outgoing?.done();
  }

  private flush(): void {
    const { outgoing } = this;
    if (outgoing === undefined || this.waitsForDrain) return;
    if (this.closeSent) {
      this.dropOutgoing();
      return;
    }
    while (outgoing.rest.length > 0) {
      const size = Math.min(outgoing.rest.length, this.sendWindow, this.maxPieceBytes);
      if (size === 0) return; // until the window opens
      const piece = outgoing.rest.subarray(0, size);
      this.sendWindow -= size;
      outgoing.rest = outgoing.rest.subarray(size);
      if (this.wire.send(message.channelData, this.remoteId, uint32(size), piece)) continue;
      this.waitsForDrain = true;
      this.wire.drained(() => {
        this.waitsForDrain = false;
        this.flush();
      });
      return;
    }
    this.dropOutgoing();
  }
}

/** A channel that carries a command. */
export class MuxCommandChannel extends MuxChannel implements CommandChannel {
  readonly stdin = this;
  readonly stdout = this;
  readonly stderr: Readable;
  private onStarted: ((started: boolean) => void) | undefined;
  private errorsFull = false;
  private errorsEnded = false;

  constructor(wire: ChannelWire, remote: RemoteEnd) {
    super(wire, remote);
    this.stderr = new Readable({
      highWaterMark: 256 * 1024,
      read: () => {
        this.errorsFull = false;
        this.grant();
      },
    });
    this.output(this.stderr);
  }

  /** Runs a command line; answers whether the server does. */
  start(line: string, then: (started: boolean) => void): void {
    this.onStarted = then;
    this.wire.send(message.channelRequest, this.remoteId, sshString('exec'), Buffer.from([1]), sshString(line));
  }

  override ended(connected: boolean): void {
    this.answered(false);
    super.ended(connected);
  }

  signal(name: string): void {
    this.wire.send(message.channelRequest, this.remoteId, sshString('signal'), Buffer.from([0]), sshString(name));
  }

  protected override answered(granted: boolean): void {
    const then = this.onStarted;
    this.onStarted = undefined;
    then?.(granted);
  }

  protected override requested(name: string, reader: PacketReader): void {
    if (name === 'exit-status') this.emit('exit', reader.uint32());
    else if (name === 'exit-signal') this.emit('exit', null, reader.string().toString('latin1'));
  }

  protected override takeExtended(bytes: Buffer): void {
    this.count(bytes);
    if (this.errorsEnded || this.stderr.destroyed) return;
    this.errorsFull = !this.stderr.push(bytes);
    this.grant();
  }

  protected override held(): boolean {
    return super.held() || this.errorsFull;
  }

  protected override endInput(): void {
    super.endInput();
    if (this.errorsEnded) return;
    this.errorsEnded = true;
    this.stderr.push(null);
  }
}
