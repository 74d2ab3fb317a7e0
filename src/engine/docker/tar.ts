const block = 512;

/** A tar archive of one executable file, as Docker's archive calls take it. The name is ASCII, of at most 100 bytes. */
export function tarOfProgram(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, 'ascii');
  header.write('0000755\0', 100);
  header.write('0000000\0', 108); // owner: root
  header.write('0000000\0', 116);
  header.write(`${content.byteLength.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136); // the epoch, so that equal content is an equal archive
  header.write('        ', 148); // the checksum's own field counts as blanks
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((block - (content.byteLength % block)) % block);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * block)]);
}
