/** So much of what a server says is kept until its offer of algorithms is whole. */
const maxOfferBytes = 64 * 1024;
const keyExchangeInit = 20;
const cookieBytes = 16;

/** What a server offers, in the order of its SSH_MSG_KEXINIT (RFC 4253, 7.1). */
const listNames = ['key exchange', 'host key', 'cipher to it', 'cipher from it', 'MAC to it', 'MAC from it'] as const;

/** What a server says before anything is encrypted. */
export class ServerOffer {
  private bytes = Buffer.alloc(0);

  /** Takes what came; false: enough was seen. */
  add(chunk: Buffer): boolean {
    if (this.bytes.length >= maxOfferBytes) return false;
    this.bytes = Buffer.concat([this.bytes, chunk.subarray(0, maxOfferBytes - this.bytes.length)]);
    return this.bytes.length < maxOfferBytes && this.packet() === undefined;
  }

  /** The beginning as text, for details. */
  text(maxBytes: number): string {
    return this.bytes.toString('latin1', 0, maxBytes);
  }

  /** What it offers, as lines for details; "" while it offered nothing. */
  describe(): string {
    return this.lists()
      .map((list, index) => `${listNames[index] ?? ''}: ${list.join(', ')}`)
      .join('\n');
  }

  private lists(): string[][] {
    const packet = this.packet();
    if (packet?.[1] !== keyExchangeInit) return [];
    const lists: string[][] = [];
    let at = 2 + cookieBytes; // after the length of the padding and the type
    while (lists.length < listNames.length && at + 4 <= packet.length) {
      const length = packet.readUInt32BE(at);
      at += 4;
      if (length > packet.length - at) break;
      lists.push(packet.toString('latin1', at, at + length).split(','));
      at += length;
    }
    return lists;
  }

  /** The first packet after the line that names the software; undefined until it is whole. */
  private packet(): Buffer | undefined {
    const line = this.bytes.indexOf('SSH-');
    const begin = line < 0 ? -1 : this.bytes.indexOf('\n', line) + 1;
    if (begin <= 0 || this.bytes.length < begin + 4) return undefined;
    const length = this.bytes.readUInt32BE(begin);
    return this.bytes.length < begin + 4 + length ? undefined : this.bytes.subarray(begin + 4, begin + 4 + length);
  }
}

/** What ssh2 says where it and a server have nothing in common, and what it is of. */
const mismatches: readonly (readonly [RegExp, string])[] = [
  [/no matching key exchange/i, 'key exchanges'],
  [/no matching host key/i, 'kinds of host keys'],
  [/no matching .*cipher/i, 'ciphers'],
  [/no matching .*MAC/i, 'MACs'],
];

/** Of what the built-in SSH has none that a server offers; undefined: that was not the reason. */
export function mismatchOf(said: string): string | undefined {
  return mismatches.find(([pattern]) => pattern.test(said))?.[1];
}
