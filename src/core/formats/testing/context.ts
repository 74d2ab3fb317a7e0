import { toText } from '../../profile/testing/pictures.js';
import type { ImportContext, Imported, Importer } from '../importing.js';
import { importProfile } from '../importing.js';

/** Reads bytes as Latin-1: enough for fixtures. */
export const testContext: ImportContext = { decode: toText, callPathLimit: 1_000_000 };

/** Reads what must be readable. */
export function readOrThrow(importer: Importer, bytes: Uint8Array): Imported {
  const result = importProfile(bytes, [importer], testContext);
  if (!result.ok) throw new Error(`${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}
