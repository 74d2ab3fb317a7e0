/** Messages of SSH's connection protocol (RFC 4254) that concern channels. */
export const message = {
  channelOpen: 90,
  channelOpenConfirmation: 91,
  channelOpenFailure: 92,
  channelWindowAdjust: 93,
  channelData: 94,
  channelExtendedData: 95,
  channelEof: 96,
  channelClose: 97,
  channelRequest: 98,
  channelSuccess: 99,
  channelFailure: 100,
} as const;

/** A number as SSH writes it: four bytes, the highest first. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string as SSH writes it: its length, then its bytes. */
export function sshString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Reads a message from its beginning. Throws a RangeError where the message is shorter than it says: it is hostile. */
export class PacketReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  uint32(): number {
    const value = this.bytes.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  /** The bytes stay those of the message: no copy. */
  string(): Buffer {
    const length = this.uint32();
    if (length > this.bytes.length - this.at) throw new RangeError('a string is longer than its message');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
