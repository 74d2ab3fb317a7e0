import type { Profile } from '../profile/profile.js';
import { atOnce, type Steps } from '../profile/steps.js';
import type { DecodeText } from '../profile/strings.js';

/** Why a file that an importer knows cannot be read. One sentence; `detail` says where. */
export interface ImportFailure {
  readonly code: 'bad-profile' | 'too-large' | 'unsupported';
  readonly message: string;
  readonly detail?: string;
}

/** A profile that was read. */
export interface Imported {
  /** Name of the format, for example "pprof". */
  readonly format: string;
  readonly profile: Profile;
  /** What was skipped or repaired, in sentences. */
  readonly warnings: readonly string[];
}

export interface ImportFailed {
  readonly ok: false;
  readonly failure: ImportFailure;
}

export type ImportResult = { readonly ok: true; readonly value: Imported } | ImportFailed;

/** Reading a file in steps. */
export type ImportSteps = Steps<ImportResult>;

/** What importers need and `core` has not. */
export interface ImportContext {
  readonly decode: DecodeText;
  /** How many distinct stacks a profile may have, the empty one among them; more is "too-large". */
  readonly callPathLimit: number;
}

/**
 * Reads one format. Bytes are not compressed any more. A file is known by its content alone: names lie, and what
 * comes from a server has none. `undefined`: not this format, the next importer tries.
 */
export interface Importer {
  readonly format: string;
  readonly read: (bytes: Uint8Array, context: ImportContext) => ImportSteps | undefined;
}

/** Makes a failure. */
export function importFailed(code: ImportFailure['code'], message: string, detail?: string): ImportFailed {
  return { ok: false, failure: detail === undefined ? { code, message } : { code, message, detail } };
}

/** The answer for a profile with more call paths than the context allows. */
export function tooManyCallPaths(limit: number): ImportFailed {
  return importFailed(
    'too-large',
    `The profile has more than ${limit.toLocaleString('en')} different call paths; choose a shorter time range or fewer services.`,
  );
}

/** Reads a file at once. */
export function importProfile(bytes: Uint8Array, importers: readonly Importer[], context: ImportContext): ImportResult {
  return atOnce(importInSteps(bytes, importers, context));
}

/** Asks the importers in order; the first that knows the format reads the file. */
export function* importInSteps(bytes: Uint8Array, importers: readonly Importer[], context: ImportContext): ImportSteps {
  if (bytes.length === 0) return importFailed('bad-profile', 'The file is empty.');
  for (const importer of importers) {
    const steps = importer.read(bytes, context);
    if (steps === undefined) continue;
    const read = yield* steps;
    return read.ok && !addsUp(read.value.profile)
      ? importFailed('too-large', `The values in the file add up to more than ${largestTotal}, which cannot be shown.`)
      : read;
  }
  const names = [...new Set(importers.map((importer) => importer.format))];
  const formats = [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((each) => each !== '').join(' and ');
  return importFailed(
    'bad-profile',
    `This is not a profile that Pyrometer can read: it reads ${formats}, gzip or plain.`,
    `The file begins with ${Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}.`,
  );
}

/** Far below where numbers end (1.8e308), so that profiles can be added up as well. */
const largestTotal = 1e300;

/** Whether no sum of the profile's values is beyond what numbers hold. */
function addsUp({ samples }: Profile): boolean {
  return samples.values.every((column) => {
    let total = 0;
    for (const value of column) total += value;
    return total <= largestTotal;
  });
}

/** Whether the first 4 KiB hold no control characters but tabs and line ends. No binary format passes for long. */
export function looksLikeText(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 4096)) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  }
  return true;
}
