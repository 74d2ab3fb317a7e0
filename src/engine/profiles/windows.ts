import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import * as v from 'valibot';
import { Id } from '../../contract/selection.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { WindowSetSchema, type WindowSet } from '../gen/agent/v1/agent_pb.js';
import type { DecodedProfile } from './decode.js';
import type { ProfileDecoder } from './decoder.js';
import { readFailure } from './failures.js';

/** One window of a part: which of the profile's samples were seen in it, and how much. */
export interface WindowRow {
  /** Unix milliseconds; NaN where nobody knows when it began. */
  readonly startMs: number;
  readonly seconds: number;
  /** Sample indices of the part's profile. */
  readonly sample: Uint32Array;
  /** In the unit of the profile's first column. */
  readonly value: Float64Array;
  /** What one sample of it counts; 0 when unknown. */
  readonly period: number;
}

/** A profile and the windows that are told by its samples. */
export interface WindowPart {
  readonly decoded: DecodedProfile;
  readonly rows: readonly WindowRow[];
}

/** The windows of one side: one part from an agent, whose stacks stand once; one a window from elsewhere. */
export interface DecodedWindows {
  readonly parts: readonly WindowPart[];
  readonly windowCount: number;
  /** They were made of labelled samples, of those that the view lets through; others do not tell labels apart. */
  readonly tellLabels?: true;
}

const damaged = (detail: string): Result<never> =>
  fail('bad-profile', 'The windows that came are damaged: compare again.', detail);

/** Reads windows from the spool. Kept are those that were last asked for: a comparison asks again after each operation. */
export class WindowStore {
  readonly #spoolDir: string;
  readonly #decoder: ProfileDecoder;
  readonly #kept = new Map<string, DecodedWindows>();

  constructor(spoolDir: string, decoder: ProfileDecoder) {
    this.#spoolDir = spoolDir;
    this.#decoder = decoder;
  }

  async open(windowsId: string): Promise<Result<DecodedWindows>> {
    if (!v.is(Id, windowsId)) return fail('invalid-input', 'This is not the id of windows.');
    const kept = this.#kept.get(windowsId);
    if (kept !== undefined) {
      this.#kept.delete(windowsId);
      this.#kept.set(windowsId, kept);
      return ok(kept);
    }
    const read = await this.read(windowsId);
    if (!read.ok) return read;
    this.#kept.set(windowsId, read.value);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return read;
  }

  /** Reads windows that are looked at once, and keeps nothing. */
  async read(windowsId: string): Promise<Result<DecodedWindows>> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(join(this.#spoolDir, windowsId));
    } catch (error) {
      return readFailure(error);
    }
    return readWindows(bytes, this.#decoder);
  }
}

/** Both sides of the comparison on the screen with what was before them, and of the one before it. */
const mostKept = 6;

/** Decodes what an agent or a collection of slices was written as. */
export async function readWindows(bytes: Uint8Array, decoder: ProfileDecoder): Promise<Result<DecodedWindows>> {
  let set: WindowSet;
  try {
    set = fromBinary(WindowSetSchema, bytes);
  } catch (error) {
    return damaged(String(error));
  }
  const parts: WindowPart[] = [];
  if (set.windows.length > 0) {
    const part = await tablePart(set, decoder);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  for (const { start, end, profile } of set.profiles) {
    if (end <= start) return damaged(`the window of ${start}`);
    const decoded = await decodedOrEmpty(profile, decoder);
    if (!decoded.ok) return decoded;
    const { samples } = decoded.value.profile;
    const sample = Uint32Array.from(samples.stack, (_, index) => index);
    const value = samples.values[0] ?? new Float64Array(0);
    const row = { startMs: Number(start), seconds: Number(end - start) / 1000, sample, value, period: 0 };
    parts.push({ decoded: decoded.value, rows: [row] });
  }
  return ok({ parts, windowCount: parts.reduce((sum, { rows }) => sum + rows.length, 0) });
}

/** No profile at all is one without samples: an empty file is none that a decoder takes. */
export async function decodedOrEmpty(profile: Uint8Array, decoder: ProfileDecoder): Promise<Result<DecodedProfile>> {
  return decoder.decode(profile.length === 0 ? emptyPprof : profile);
}

/** A sample type and a string table, and nothing in them. */
const emptyPprof = Uint8Array.of(0x0a, 0, 0x32, 0);

async function tablePart(set: WindowSet, decoder: ProfileDecoder): Promise<Result<WindowPart>> {
  const decoded = await decodedOrEmpty(set.profile, decoder);
  if (!decoded.ok) return decoded;
  const { profile } = decoded.value;
  const stacks = profile.samples.stack.length;
  // A table in which two samples are one stack, or one was left out, is numbered otherwise than its windows.
  if (profile.fileSampleCount !== stacks) return damaged(`${profile.fileSampleCount} samples are ${stacks} stacks`);
  const rows: WindowRow[] = [];
  for (const { start, end, stack, value, period } of set.windows) {
    if (stack.length !== value.length || end <= start) return damaged(`the window of ${start}`);
    const sample = Uint32Array.from(stack);
    if (sample.some((index) => index >= stacks)) return damaged(`the stacks of the window of ${start}`);
    rows.push({
      startMs: Number(start),
      seconds: Number(end - start) / 1000,
      sample,
      value: Float64Array.from(value, (each) => Math.max(0, Number(each))),
      period: Number(period),
    });
  }
  return ok({ decoded: decoded.value, rows });
}
