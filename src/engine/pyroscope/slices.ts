import { create, toBinary } from '@bufbuild/protobuf';
import type { WindowsCost } from '../../contract/links.js';
import { ok, type Result } from '../../contract/result.js';
import { WindowSetSchema } from '../gen/agent/v1/agent_pb.js';
import type { Query, QuerierClient } from './querier-client.js';

/** Agents and SDKs push every 15 s: a finer slice would be empty more often than not. */
const shortestMs = 15_000;
/** More slices than this tell little more, and cost a server as much as they cost. */
const mostSlices = 240;
const atOnce = 4;
/** What a slice may still get after its end: a push takes its time. */
const settledAfterMs = 60_000;
const cacheBytes = 64 * 1024 * 1024;

/** A part of a range, Unix milliseconds. */
export interface Slice {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The whole slices that lie in a range: as long as they are wanted, or of 15 s, or of the multiple of it that makes 240 or fewer. Aligned to
 * the clock, so that ranges that overlap have the same ones.
 */
export function slicesOf({ startMs, endMs }: Slice, wantedMs?: number): readonly Slice[] {
  const span = Math.max(0, endMs - startMs);
  const lengthMs = wantedMs ?? shortestMs * Math.max(1, Math.ceil(span / shortestMs / mostSlices));
  const slices: Slice[] = [];
  for (let at = Math.ceil(startMs / lengthMs) * lengthMs; at + lengthMs <= endMs; at += lengthMs) {
    slices.push({ startMs: at, endMs: at + lengthMs });
  }
  return slices;
}

/** Profiles by slice, as Pyroscope answered them: windows of a source that has none. The least recently used go first. */
export class SliceCache {
  readonly #kept = new Map<string, Uint8Array>();
  readonly #clock: () => number;
  #bytes = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** What it would cost to have a selection's windows. */
  cost(query: Query, windowMs?: number): WindowsCost {
    const slices = slicesOf(query, windowMs);
    const [first] = slices;
    const missing = slices.filter((slice) => !this.#kept.has(keyOf(query, slice)));
    return {
      windows: slices.length,
      requests: missing.length,
      windowMs: first === undefined ? shortestMs : first.endMs - first.startMs,
    };
  }

  /** A selection's windows as one file; asks for what is not kept, four at once. */
  async windows(
    client: Pick<QuerierClient, 'mergeProfile'>,
    { windowMs, ...query }: Query & { readonly windowMs?: number | undefined },
    onWindows: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<Result<{ readonly bytes: Uint8Array; readonly windows: number }>> {
    const slices = slicesOf(query, windowMs);
    const found: Uint8Array[] = [];
    let next = 0;
    let done = 0;
    let failed: Result<never> | undefined;
    const work = async (): Promise<void> => {
      for (let index = next++; index < slices.length && failed === undefined; index = next++) {
        const slice = slices[index];
        if (slice === undefined) return;
        const got = await this.#slice(client, query, slice, signal);
        if (!got.ok) {
          failed = got;
          return;
        }
        found[index] = got.value;
        onWindows(++done);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (failed !== undefined) return failed;
    const profiles = withoutEmptyEnds(slices.map((slice, index) => ({ ...slice, profile: found[index] ?? nothing })));
    const set = create(WindowSetSchema, {
      profiles: profiles.map(({ startMs, endMs, profile }) => ({
        start: BigInt(startMs),
        end: BigInt(endMs),
        profile,
      })),
    });
    return ok({ bytes: toBinary(WindowSetSchema, set), windows: profiles.length });
  }

  async #slice(
    client: Pick<QuerierClient, 'mergeProfile'>,
    query: Query,
    slice: Slice,
    signal: AbortSignal | undefined,
  ): Promise<Result<Uint8Array>> {
    const key = keyOf(query, slice);
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return ok(kept);
    }
    // Both ends of a range belong to it there: a profile on the border of two slices would be in both.
    const got = await client.mergeProfile({ ...query, startMs: slice.startMs, endMs: slice.endMs - 1 }, signal);
    if (!got.ok || this.#clock() < slice.endMs + settledAfterMs) return got;
    this.#kept.set(key, got.value);
    this.#bytes += got.value.byteLength;
    for (const [oldest, bytes] of this.#kept) {
      if (this.#bytes <= cacheBytes || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytes.byteLength;
    }
    return got;
  }
}

const nothing = new Uint8Array(0);
/** A profile without samples is a few dozen bytes long; one with a stack is longer. */
const emptyBytes = 64;

/** Before the first and behind the last data nobody measured; a gap between them is time without use. */
function withoutEmptyEnds<T extends { readonly profile: Uint8Array }>(windows: readonly T[]): readonly T[] {
  const full = ({ profile }: T): boolean => profile.byteLength > emptyBytes;
  const first = windows.findIndex(full);
  return first < 0 ? [] : windows.slice(first, windows.findLastIndex(full) + 1);
}

function keyOf({ profileType, selector }: Query, { startMs, endMs }: Slice): string {
  return JSON.stringify([profileType, selector, startMs, endMs]);
}
