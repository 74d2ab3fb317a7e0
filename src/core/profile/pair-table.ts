import { u32At } from './columns.js';

/** From pairs of 32-bit numbers to a 32-bit number: the children of a tree by (parent, what the child is). */
export interface PairTable {
  /** The value of the pair, or -1. */
  find(first: number, second: number): number;
  /** Adds a pair that is not there yet. */
  insert(first: number, second: number, value: number): void;
}

const empty = 0xffffffff;

/**
 * Open addressing in three columns. A Map with a composed key would hold a heap object for each of a million pairs.
 * `expected` is how many pairs will come, if that is known.
 */
export function createPairTable(expected = 0): PairTable {
  let capacity = 64;
  while (capacity < expected * 2) capacity *= 2;
  let firsts = new Uint32Array(capacity);
  let seconds = new Uint32Array(capacity);
  let values = new Uint32Array(capacity).fill(empty);
  let count = 0;

  const slotOf = (first: number, second: number): number => {
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & (capacity - 1);
    while (u32At(values, slot) !== empty && (u32At(firsts, slot) !== first || u32At(seconds, slot) !== second)) {
      slot = (slot + 1) & (capacity - 1);
    }
    return slot;
  };
  const put = (first: number, second: number, value: number): void => {
    const slot = slotOf(first, second);
    firsts[slot] = first;
    seconds[slot] = second;
    values[slot] = value;
  };
  const grow = (): void => {
    const old = { firsts, seconds, values };
    capacity *= 2;
    firsts = new Uint32Array(capacity);
    seconds = new Uint32Array(capacity);
    values = new Uint32Array(capacity).fill(empty);
    for (let slot = 0; slot < old.values.length; slot++) {
      const value = u32At(old.values, slot);
      if (value !== empty) put(u32At(old.firsts, slot), u32At(old.seconds, slot), value);
    }
  };
  return {
    find(first, second) {
      const value = u32At(values, slotOf(first, second));
      return value === empty ? -1 : value;
    },
    insert(first, second, value) {
      if (++count * 2 > capacity) grow();
      put(first, second, value);
    },
  };
}
