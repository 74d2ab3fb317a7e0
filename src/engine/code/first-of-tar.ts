/** The first entry of an archive that is no description of another one. */
export type TarFile =
  | { readonly kind: 'file'; readonly content: Buffer }
  /** Where a symbolic link leads, as it says. */
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' | 'special' | 'too-large' };

const block = 512;
/** Of a description that stands before an entry: a long name, times, attributes. */
const mostDescriptionBytes = 64 * 1024;

/** Reads so many bytes from a stream of pieces; throws where it ends before. */
function takerOf(stream: AsyncIterable<Uint8Array>): {
  readonly take: (byteLength: number) => Promise<Buffer>;
  readonly end: () => Promise<unknown>;
} {
  const pieces = stream[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  return {
    take: async (byteLength) => {
      const parts = [held];
      let size = held.length;
      while (size < byteLength) {
        const next = await pieces.next();
        if (next.done === true) throw new Error('the archive ends in the middle of an entry');
        parts.push(Buffer.from(next.value));
        size += next.value.length;
      }
      const all = Buffer.concat(parts);
      held = all.subarray(byteLength);
      return all.subarray(0, byteLength);
    },
    end: async () => pieces.return?.(),
  };
}

/**
 * Reads the first file out of a tar archive that Docker sends, and ends the stream there: of a folder or of a file that is too large no
 * more than its header is waited for. Every length in it is the container's to choose.
 */
export async function firstOfTar(stream: AsyncIterable<Uint8Array>, mostBytes: number): Promise<TarFile> {
  const { take, end } = takerOf(stream);
  const taken = async (size: number): Promise<Buffer> => {
    const padded = await take(Math.ceil(size / block) * block);
    return padded.subarray(0, size);
  };
  try {
    let longLink: string | undefined;
    for (let descriptions = 0; descriptions < 8; descriptions++) {
      const header = await take(block);
      const type = String.fromCharCode(header[156] ?? 0);
      const size = sizeOf(header);
      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        if (size > mostDescriptionBytes) return { kind: 'special' };
        const body = await taken(size);
        if (type === 'x') longLink = linkPathOf(body) ?? longLink;
        if (type === 'K') longLink = untilNul(body);
        continue;
      }
      if (type === '5') return { kind: 'folder' };
      if (type === '2') return { kind: 'link', target: longLink ?? untilNul(header.subarray(157, 257)) };
      if (type !== '0' && type !== '\0' && type !== '7') return { kind: 'special' };
      if (size > mostBytes) return { kind: 'too-large' };
      return { kind: 'file', content: await taken(size) };
    }
    return { kind: 'special' };
  } finally {
    await end();
  }
}

/** Octal; sizes that do not fit are written in binary, and are too large for anything here. */
function sizeOf(header: Buffer): number {
  const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
  return Number.isNaN(size) ? Infinity : size;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Records of "LENGTH key=value\n", where the length is the record's own. */
function linkPathOf(body: Buffer): string | undefined {
  for (let at = 0; at < body.length;) {
    const length = Number.parseInt(body.toString('latin1', at, at + 10), 10);
    if (!(length > 0)) return undefined;
    const record = body.toString('utf8', at, at + length);
    const found = /^\d+ linkpath=(.*)\n$/s.exec(record)?.[1];
    if (found !== undefined) return found;
    at += length;
  }
  return undefined;
}
