import { growingU32, u8At, type GrowingU32 } from '../../profile/columns.js';

/**
 * Why bytes are not a pprof message. Codes are shared with the native reader, which checks the same things in the same
 * order of bytes.
 */
export type WireProblem = 'truncated' | 'bad-length' | 'bad-varint' | 'bad-field' | 'wrong-field-type';

/** Where a message of the file lies: [start, end) pairs, one after the other. */
export type Spans = GrowingU32;

/** The top level of a profile: where its messages and strings lie, and its scalars. The last of a repeated scalar wins. */
export interface PprofLayout {
  readonly sampleTypes: Spans;
  readonly samples: Spans;
  readonly mappings: Spans;
  readonly locations: Spans;
  readonly functions: Spans;
  readonly strings: Spans;
  readonly periodTypes: Spans;
  /** String indices. */
  readonly comments: readonly bigint[];
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  readonly period: bigint;
  /** String index. */
  readonly defaultSampleType: bigint;
}

export type WireResult =
  | { readonly ok: true; readonly layout: PprofLayout }
  | { readonly ok: false; readonly problem: WireProblem; readonly offset: number };

/** Fields of a message by number; the fields of pprof messages stay below 16. */
type Schema = Readonly<Record<number, 'number' | 'numbers' | 'text' | Message>>;
interface Message {
  readonly fields: Schema;
}

const message = (fields: Schema): Message => ({ fields });
const valueType = message({ 1: 'number', 2: 'number' });
const label = message({ 1: 'number', 2: 'number', 3: 'number', 4: 'number' });
const line = message({ 1: 'number', 2: 'number', 3: 'number' });
const profile: Schema = {
  1: valueType,
  2: message({ 1: 'numbers', 2: 'numbers', 3: label }),
  3: message(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [n + 1, 'number' as const]))),
  4: message({ 1: 'number', 2: 'number', 3: 'number', 4: line, 5: 'number' }),
  5: message({ 1: 'number', 2: 'number', 3: 'number', 4: 'number', 5: 'number' }),
  6: 'text',
  7: 'number',
  8: 'number',
  9: 'number',
  10: 'number',
  11: valueType,
  12: 'number',
  13: 'numbers',
  14: 'number',
  15: 'number',
};

/** Thrown inside this file only, and caught in `readLayout`. */
class WireError extends Error {
  readonly problem: WireProblem;
  readonly offset: number;
  constructor(problem: WireProblem, offset: number) {
    super(problem);
    this.problem = problem;
    this.offset = offset;
  }
}

/** A position in bytes that never leaves [at, end). */
class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** What it means to run out of bytes here: at the file's end it was cut off, in a message a length lies. */
  private get shortage(): WireProblem {
    return this.end === this.bytes.length ? 'truncated' : 'bad-length';
  }

  /** Steps over a varint of at most ten bytes; answers where it began. */
  skipVarint(): number {
    const start = this.at;
    for (;;) {
      if (this.at === this.end) throw new WireError(this.shortage, start);
      if (this.at === start + 10) throw new WireError('bad-varint', start);
      if (u8At(this.bytes, this.at++) < 0x80) return start;
    }
  }

  /** The varint as 64 bits, unsigned. */
  varint(): bigint {
    return this.bitsSince(this.skipVarint());
  }

  /** The varint as a number; one above 2^53 is rounded, which is only good for lengths and field numbers. */
  size(): number {
    const start = this.skipVarint();
    if (this.at - start > 7) return Number(this.bitsSince(start)); // what lies above 64 bits does not count
    let value = 0;
    for (let i = this.at - 1; i >= start; i--) value = value * 128 + (u8At(this.bytes, i) & 0x7f);
    return value;
  }

  private bitsSince(start: number): bigint {
    let value = 0n;
    for (let i = start; i < this.at; i++) value |= BigInt(u8At(this.bytes, i) & 0x7f) << BigInt(7 * (i - start));
    return BigInt.asUintN(64, value);
  }

  /** Steps over bytes that must be there; answers a cursor over them. */
  take(length: number): Cursor {
    if (length > this.end - this.at) throw new WireError(this.shortage, this.at);
    const inner = new Cursor(this.bytes, this.at, this.at + length);
    this.at = inner.end;
    return inner;
  }
}

/**
 * Checks a nested message in full. Its tags are one byte and its values varints or lengths: pprof has no others, and the
 * decoder behind this check knows no others.
 */
function checkMessage(cursor: Cursor, { fields }: Message): void {
  while (cursor.at < cursor.end) {
    const offset = cursor.at;
    const tag = u8At(cursor.bytes, cursor.at++);
    const wireType = tag & 7;
    if (tag < 8 || tag >= 0x80 || (wireType !== 0 && wireType !== 2)) throw new WireError('bad-field', offset);
    const kind = fields[tag >> 3];
    if (wireType === 0) {
      if (kind !== undefined && kind !== 'number' && kind !== 'numbers')
        throw new WireError('wrong-field-type', offset);
      cursor.skipVarint();
      continue;
    }
    if (kind === 'number') throw new WireError('wrong-field-type', offset);
    const inner = cursor.take(cursor.size());
    if (kind === 'numbers') while (inner.at < inner.end) inner.skipVarint();
    else if (typeof kind === 'object') checkMessage(inner, kind);
  }
}

/** Steps over a field of the top level that pprof does not have (yet). */
function skipUnknown(cursor: Cursor, wireType: number, offset: number): void {
  if (wireType === 0) cursor.skipVarint();
  else if (wireType === 1) cursor.take(8);
  else if (wireType === 2) cursor.take(cursor.size());
  else if (wireType === 5) cursor.take(4);
  else throw new WireError('bad-field', offset);
}

/** Finds and checks the messages of a profile. `maxFields` ends early: enough to tell whether a file is a pprof at all. */
export function readLayout(bytes: Uint8Array, maxFields = Infinity): WireResult {
  const spans = {
    1: growingU32(),
    2: growingU32(),
    3: growingU32(),
    4: growingU32(),
    5: growingU32(),
    6: growingU32(),
    11: growingU32(),
  };
  const scalars: Record<number, bigint> = {};
  const comments: bigint[] = [];
  const cursor = new Cursor(bytes, 0, bytes.length);
  try {
    for (let count = 0; cursor.at < cursor.end && count < maxFields; count++) {
      const offset = cursor.at;
      const field = Math.floor(cursor.size() / 8);
      const wireType = u8At(bytes, offset) & 7; // of the first byte: a long tag may have been rounded
      if (field === 0) throw new WireError('bad-field', offset);
      const kind = profile[field];
      if (kind === undefined) skipUnknown(cursor, wireType, offset);
      else if (wireType === 0) {
        if (kind !== 'number' && kind !== 'numbers') throw new WireError('wrong-field-type', offset);
        if (kind === 'numbers') comments.push(cursor.varint());
        else scalars[field] = cursor.varint();
      } else {
        if (wireType !== 2 || kind === 'number') throw new WireError('wrong-field-type', offset);
        const inner = cursor.take(cursor.size());
        const span = spans[field as keyof typeof spans] as Spans | undefined;
        span?.push(inner.at);
        span?.push(inner.end);
        if (kind === 'numbers') while (inner.at < inner.end) comments.push(inner.varint());
        else if (typeof kind === 'object') checkMessage(inner, kind);
      }
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ok: false, problem: error.problem, offset: error.offset };
  }
  return {
    ok: true,
    layout: {
      sampleTypes: spans[1],
      samples: spans[2],
      mappings: spans[3],
      locations: spans[4],
      functions: spans[5],
      strings: spans[6],
      periodTypes: spans[11],
      comments,
      timeNanos: scalars[9] ?? 0n,
      durationNanos: scalars[10] ?? 0n,
      period: scalars[12] ?? 0n,
      defaultSampleType: scalars[14] ?? 0n,
    },
  };
}

/** Calls `each` with the bytes of every span, in order; of a part of them, from place to place in `spans`, where that is given. */
export function eachSpan(
  bytes: Uint8Array,
  spans: Spans,
  each: (message: Uint8Array) => void,
  from = 0,
  to = spans.length,
): void {
  for (let i = from; i < to; i += 2) each(bytes.subarray(spans.at(i), spans.at(i + 1)));
}

/**
 * Whether bytes begin as a pprof does: its first fields are known ones of the right type. The end may be missing; then
 * it is a pprof that was cut off.
 */
export function beginsLikePprof(bytes: Uint8Array): boolean {
  const first = u8At(bytes, 0);
  if (bytes.length === 0 || first >= 0x80 || profile[first >> 3] === undefined) return false;
  const result = readLayout(bytes, 3);
  return result.ok || result.problem === 'truncated';
}
