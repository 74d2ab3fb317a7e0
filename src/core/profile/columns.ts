/**
 * Reads a column at an index that the caller knows to lie inside it. One function a column type, so that each stays
 * monomorphic for the just-in-time compiler: these are the inner loops of everything that walks a million nodes.
 */
export function u32At(column: Uint32Array, index: number): number {
  return column[index] as number;
}

/** See {@link u32At}. */
export function f64At(column: Float64Array, index: number): number {
  return column[index] as number;
}

/** See {@link u32At}. */
export function u8At(column: Uint8Array, index: number): number {
  return column[index] as number;
}

/** Adds up a column. A loop: a callback for each of a million values takes ten times as long. */
export function sumOf(column: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < column.length; index++) sum += f64At(column, index);
  return sum;
}

/** A Uint32Array that grows; `freeze` ends its mutable phase. */
export interface GrowingU32 {
  readonly length: number;
  /** Appends and answers the index. */
  push(value: number): number;
  at(index: number): number;
  set(index: number, value: number): void;
  /** A column of exactly `length` entries that nobody else holds. */
  freeze(): Uint32Array;
}

/** Makes an empty column that doubles when it is full. */
export function growingU32(capacity = 64): GrowingU32 {
  let column = new Uint32Array(capacity);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === column.length) {
        const wider = new Uint32Array(Math.max(16, length * 2));
        wider.set(column);
        column = wider;
      }
      column[length] = value;
      return length++;
    },
    at: (index) => u32At(column, index),
    set(index, value) {
      column[index] = value;
    },
    freeze: () => column.slice(0, length),
  };
}

/** A Float64Array that grows; `freeze` ends its mutable phase. */
export interface GrowingF64 {
  readonly length: number;
  push(value: number): number;
  add(index: number, value: number): void;
  freeze(): Float64Array;
}

/** Makes an empty column that doubles when it is full. */
export function growingF64(capacity = 64): GrowingF64 {
  let column = new Float64Array(capacity);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === column.length) {
        const wider = new Float64Array(Math.max(16, length * 2));
        wider.set(column);
        column = wider;
      }
      column[length] = value;
      return length++;
    },
    add(index, value) {
      column[index] = f64At(column, index) + value;
    },
    freeze: () => column.slice(0, length),
  };
}
