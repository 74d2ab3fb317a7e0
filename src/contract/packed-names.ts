import type { NamesPiece } from './decoder.js';

/** Texts as they cross: each different one once, all in one string. Thousands of small strings take ten times as long. */
export interface PackedTexts {
  readonly text: string;
  /** By different text, where it ends in `text`, in UTF-16 units. */
  readonly ends: Uint32Array;
  /** By text, which of them it is. */
  readonly which: Uint32Array;
}

/** {@link NamesPiece} as it crosses. */
export interface PackedNames extends Omit<NamesPiece, 'names' | 'files' | 'packages'> {
  readonly names: PackedTexts;
  readonly files: PackedTexts;
  readonly packages: PackedTexts;
}

export function packNames(piece: NamesPiece): PackedNames {
  const { names, files, packages } = piece;
  return { ...piece, names: packTexts(names), files: packTexts(files), packages: packTexts(packages) };
}

/** The piece that was packed. Equal texts are one string. */
export function unpackNames(piece: PackedNames): NamesPiece {
  const { names, files, packages } = piece;
  return { ...piece, names: unpackTexts(names), files: unpackTexts(files), packages: unpackTexts(packages) };
}

function packTexts(texts: readonly string[]): PackedTexts {
  const numbers = new Map<string, number>();
  const ends: number[] = [];
  const which = new Uint32Array(texts.length);
  let length = 0;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at] ?? '';
    let number = numbers.get(text);
    if (number === undefined) {
      number = ends.push((length += text.length)) - 1;
      numbers.set(text, number);
    }
    which[at] = number;
  }
  return { text: [...numbers.keys()].join(''), ends: Uint32Array.from(ends), which };
}

function unpackTexts({ text, ends, which }: PackedTexts): readonly string[] {
  const texts: string[] = [];
  let begin = 0;
  for (const end of ends) {
    texts.push(text.slice(begin, end));
    begin = end;
  }
  return Array.from(which, (number) => texts[number] ?? '');
}
