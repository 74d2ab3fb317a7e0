/** How a profile's bytes are kept: as they are when compressed or text, else as gzip. */
export type ProfileKind = 'gzip' | 'text' | 'binary';

/** Tells a profile's kind by its first bytes. A pprof holds control characters within its first few bytes, text none. */
export function sniff(bytes: Uint8Array): ProfileKind {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  const head = bytes.subarray(0, 4096);
  const control = head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return control || head.length === 0 ? 'binary' : 'text';
}
