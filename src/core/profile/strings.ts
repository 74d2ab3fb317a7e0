import { growingU32, u32At, u8At } from './columns.js';

/** Turns UTF-8 bytes into text. `core` has no TextDecoder of its own: the caller passes `TextDecoder.decode`. */
export type DecodeText = (utf8: Uint8Array) => string;

/**
 * Strings as bytes: string i is blob[offsets[i], offsets[i + 1]), UTF-8, not checked. String 0 is "". No two strings
 * are equal byte for byte, so an index stands for its string. Text is decoded only when somebody looks.
 *
 * Example: "", "main", "é": blob = [6d 61 69 6e c3 a9], offsets = [0, 0, 4, 6].
 */
export interface StringColumn {
  readonly blob: Uint8Array;
  readonly offsets: Uint32Array;
}

/** How many strings there are. */
export function stringCount(strings: StringColumn): number {
  return strings.offsets.length - 1;
}

/** The bytes of a string; a view, not a copy. */
export function stringBytes(strings: StringColumn, index: number): Uint8Array {
  return strings.blob.subarray(u32At(strings.offsets, index), u32At(strings.offsets, index + 1));
}

/** Reads strings by index and keeps what was read. */
export function lazyStrings(strings: StringColumn, decode: DecodeText): (index: number) => string {
  const known: (string | undefined)[] = [];
  return (index) => {
    let text = known[index];
    if (text === undefined) {
      text = decode(stringBytes(strings, index));
      known[index] = text;
    }
    return text;
  };
}

/** Collects distinct strings; `freeze` ends its mutable phase. */
export interface StringBuilder {
  /** The index of the string, a new one if it was not there. The bytes are copied. */
  intern(utf8: Uint8Array): number;
  freeze(): StringColumn;
}

/** Makes a builder that holds "" as string 0. */
export function createStringBuilder(): StringBuilder {
  let blob = new Uint8Array(4096);
  let used = 0;
  const offsets = growingU32();
  offsets.push(0);
  offsets.push(0);
  let slots = new Uint32Array(256); // string index + 1, 0 is free

  const slotOf = (utf8: Uint8Array): number => {
    const mask = slots.length - 1;
    let slot = hashOf(utf8) & mask;
    for (;;) {
      const entry = u32At(slots, slot);
      if (entry === 0 || isAt(entry - 1, utf8)) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const isAt = (index: number, utf8: Uint8Array): boolean => {
    const start = offsets.at(index);
    if (offsets.at(index + 1) - start !== utf8.length) return false;
    for (let i = 0; i < utf8.length; i++) {
      if (u8At(blob, start + i) !== u8At(utf8, i)) return false;
    }
    return true;
  };
  const grow = (): void => {
    slots = new Uint32Array(slots.length * 2);
    for (let index = 0; index + 1 < offsets.length; index++) {
      slots[slotOf(blob.subarray(offsets.at(index), offsets.at(index + 1)))] = index + 1;
    }
  };
  slots[slotOf(new Uint8Array(0))] = 1;

  return {
    intern(utf8) {
      const slot = slotOf(utf8);
      const entry = u32At(slots, slot);
      if (entry !== 0) return entry - 1;
      if (used + utf8.length > blob.length) {
        const wider = new Uint8Array(Math.max(blob.length * 2, used + utf8.length));
        wider.set(blob);
        blob = wider;
      }
      blob.set(utf8, used);
      used += utf8.length;
      const index = offsets.length - 1;
      offsets.push(used);
      slots[slot] = index + 1;
      if (index * 2 > slots.length) grow();
      return index;
    },
    freeze: () => ({ blob: blob.slice(0, used), offsets: offsets.freeze() }),
  };
}

/** FNV-1a with a last mix, since the low bits choose the slot. */
function hashOf(utf8: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8) hash = Math.imul(hash ^ byte, 0x01000193);
  hash ^= hash >>> 15;
  return hash >>> 0;
}
