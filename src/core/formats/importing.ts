import type { Profile } from '../profile/profile.js';
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
  readonly read: (bytes: Uint8Array, context: ImportContext) => ImportResult | undefined;
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

/** Asks the importers in order. */
export function importProfile(bytes: Uint8Array, importers: readonly Importer[], context: ImportContext): ImportResult {
  if (bytes.length === 0) return importFailed('bad-profile', 'The file is empty.');
  for (const importer of importers) {
    const result = importer.read(bytes, context);
    if (result !== undefined) return result;
  }
  const formats = importers.map((importer) => importer.format).join(' and ');
  return importFailed(
    'bad-profile',
    `This is not a profile that Pyrometer can read: it reads ${formats}, gzip or plain.`,
    `The file begins with ${Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}.`,
  );
}

/** Whether the first 4 KiB hold no control characters but tabs and line ends. No binary format passes for long. */
export function looksLikeText(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 4096)) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  }
  return true;
}
