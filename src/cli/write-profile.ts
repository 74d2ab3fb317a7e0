import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileSummary } from '../contract/decoder.js';
import { ok, type Result } from '../contract/result.js';
import { loadDecoder } from '../engine/profiles/native.js';
import { writeShare } from '../engine/profiles/share.js';
import { ProfileStore } from '../engine/profiles/store.js';
import { summaryOf } from '../engine/profiles/summary.js';
import type { OutputFormat } from './arguments.js';

const memoryBudget = 4 * 2 ** 30;

/** What was written. */
export interface Written {
  readonly byteLength: number;
  readonly summary: ProfileSummary;
}

/** Decodes a profile's bytes and writes them in another form. Nothing is left beside the file. */
export async function writeProfile(
  bytes: Uint8Array,
  options: { readonly path: string; readonly format: OutputFormat; readonly title: string },
): Promise<Result<Written>> {
  const spoolDir = await mkdtemp(join(tmpdir(), 'pyrometer-spool-'));
  const store = new ProfileStore({ spoolDir, decoder: loadDecoder(), memoryBudget });
  const profileId = 'profile';
  const holder = {};
  try {
    await writeFile(join(spoolDir, profileId), bytes, { mode: 0o600 });
    const opened = await store.open(profileId, holder);
    if (!opened.ok) return opened;
    const summary = summaryOf(opened.value);
    const written = await writeShare(store, {
      path: options.path,
      format: options.format,
      title: options.title,
      source: { kind: 'flame', profileId, valueIndex: summary.defaultValueIndex },
    });
    return written.ok ? ok({ byteLength: written.value.byteLength, summary }) : written;
  } finally {
    store.dispose();
    await rm(spoolDir, { recursive: true, force: true });
  }
}
