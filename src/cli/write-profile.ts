import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileSummary } from '../contract/decoder.js';
import { ok, type Result } from '../contract/result.js';
import { loadDecoder } from '../engine/profiles/native.js';
import { writeAsItIs, writeShare } from '../engine/profiles/share.js';
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
  options: {
    readonly path: string;
    readonly format: OutputFormat;
    readonly title: string;
    /** A pprof with all that it says: samples stay apart, with their times. */
    readonly asItIs?: boolean;
  },
): Promise<Result<Written>> {
  const spoolDir = await mkdtemp(join(tmpdir(), 'pyrometer-spool-'));
  const store = new ProfileStore({ spoolDir, decoder: loadDecoder(), memoryBudget });
  const profileId = 'profile';
  const holder = {};
  try {
    await writeFile(join(spoolDir, profileId), bytes, { mode: 0o600 });
    const opened = await store.open(profileId, holder);
    if (!opened.ok) return opened;
    const asItIs = options.asItIs === true;
    const decoded = summaryOf(opened.value);
    // What the decoder added up stays apart in the file.
    const summary = asItIs ? { ...decoded, warnings: [] } : decoded;
    const { path, format, title } = options;
    const source = { kind: 'flame', profileId, valueIndex: summary.defaultValueIndex } as const;
    const written = asItIs ? await writeAsItIs(path, bytes) : await writeShare(store, { path, format, title, source });
    return written.ok ? ok({ byteLength: written.value.byteLength, summary }) : written;
  } finally {
    store.dispose();
    await rm(spoolDir, { recursive: true, force: true });
  }
}
