import { ok, type Result } from '../../contract/result.js';
import { mojoImporter } from '../../core/formats/austin/mojo.js';
import { austinTextImporter } from '../../core/formats/austin/text.js';
import { foldedImporter } from '../../core/formats/folded.js';
import { importInSteps, tooManyCallPaths, type ImportContext, type Importer } from '../../core/formats/importing.js';
import { pprofImporter } from '../../core/formats/pprof/read.js';
import { callNodesInSteps, type ProfileCallNodes } from '../../core/profile/call-tree.js';
import type { Profile } from '../../core/profile/profile.js';
import { isGzip, unpackGzip } from './gunzip.js';
import { inTurns } from './in-turns.js';
import { watchPart, type Watch } from './watch.js';

/** A profile as bytes became it, with its call nodes. */
export interface DecodedProfile {
  readonly format: string;
  readonly profile: Profile;
  readonly nodes: ProfileCallNodes;
  readonly warnings: readonly string[];
  /** Which decoder ran, and why when it was not the addon. */
  readonly decodedBy: string;
}

/** Stacks and call nodes that a profile may have. At about 60 bytes each this stays near 1 GB. */
export const callPathLimit = 16_777_216;

/** Reading a file takes about so much of decoding it; building its call nodes takes the rest. */
const importShare = 0.7;

const textDecoder = new TextDecoder();

/** UTF-8 to text; what is not UTF-8 becomes U+FFFD. */
export function decodeText(utf8: Uint8Array): string {
  return textDecoder.decode(utf8);
}

/** What importers get. */
export const importContext: ImportContext = { decode: decodeText, callPathLimit };

const importers: readonly Importer[] = [pprofImporter, mojoImporter, austinTextImporter, foldedImporter];

/**
 * Turns the bytes of a profile into columns in TypeScript: gzip or plain, any format that we know. Between steps others have their turn, and
 * a watch's signal ends it.
 */
export async function decodeInTypeScript(
  bytes: Uint8Array,
  reason: string,
  watch?: Watch,
): Promise<Result<DecodedProfile>> {
  let plain = bytes;
  if (isGzip(bytes)) {
    const unpacked = await unpackGzip(bytes, watch);
    if (!unpacked.ok) return unpacked;
    plain = unpacked.value;
  }
  const imported = await inTurns(importInSteps(plain, importers, importContext), watchPart(watch, 0, importShare));
  if (!imported.ok) return imported;
  const built = await inTurns(
    callNodesInSteps(imported.value.profile, callPathLimit),
    watchPart(watch, importShare, 1),
  );
  if (!built.ok) return tooManyCallPaths(built.limit);
  return ok({ ...imported.value, nodes: built.nodes, decodedBy: reason });
}
