const block = 512;

/** The content of an archive that `tarOfProgram` made. */
export function programOfTar(archive: Buffer): Buffer {
  const size = Number.parseInt(archive.toString('ascii', 124, 135), 8);
  return archive.subarray(block, block + size);
}

/** Whose files are. */
export interface TarOwner {
  readonly uid: number;
  readonly gid: number;
}

const root: TarOwner = { uid: 0, gid: 0 };

/** A tar archive of one executable file, as Docker's archive calls take it. The name is ASCII, of at most 100 bytes. */
export function tarOfProgram(name: string, content: Uint8Array): Buffer {
  return Buffer.concat([...entryOf(name, '0', content, root), Buffer.alloc(2 * block)]);
}

/** The same of a folder with files in it, which belong to a user. Names are ASCII; the folder's is of at most 155 bytes. */
export function tarOfFolder(
  folder: string,
  files: readonly { readonly name: string; readonly content: Uint8Array }[],
  owner: TarOwner,
): Buffer {
  return Buffer.concat([
    ...entryOf(`${folder}/`, '5', new Uint8Array(), owner),
    ...files.flatMap(({ name, content }) => entryOf(name, '0', content, owner, folder)),
    Buffer.alloc(2 * block),
  ]);
}

/** `type`: "0" a file, "5" a folder. `folder`: has a field of its own, so that a name may have all of its 100 bytes. */
function entryOf(
  name: string,
  type: '0' | '5',
  content: Uint8Array,
  { uid, gid }: TarOwner,
  folder = '',
): readonly Uint8Array[] {
  if (name.length > 100 || folder.length > 155) throw new Error(`a name is too long for a tar archive: ${name}`);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, 'ascii');
  header.write(octal(0o755, 7), 100);
  header.write(octal(uid, 7), 108);
  header.write(octal(gid, 7), 116);
  header.write(octal(content.byteLength, 11), 124);
  header.write(octal(0, 11), 136); // the epoch, so that equal content is an equal archive
  header.write('        ', 148); // the checksum's own field counts as blanks
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write(folder, 345, 155, 'ascii');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((block - (content.byteLength % block)) % block)];
}
