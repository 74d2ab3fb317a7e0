import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as v from 'valibot';
import { BuiltList, type Built } from '../../contract/code.js';
import type { SnapshotRow } from '../../contract/links.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { Id, Selection, ViewState } from '../../contract/selection.js';
import { writeAtomic } from '../files/atomic-write.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';
import { sniff } from './sniff.js';

const currentVersion = 1;
const fileName = 'snapshot.json';
const zip = promisify(gzip);

/**
 * snapshot.json of version 1. Its folder holds the profiles it names: profile-0.pb.gz (pprof, gzip) or profile-0.folded
 * (folded text). CHANGELOG.md lists its changes.
 */
const SnapshotFile = v.object({
  version: v.literal(currentVersion),
  title: v.string(),
  notes: v.string(),
  createdAtMs: v.number(),
  view: ViewState,
  profiles: v.pipe(
    v.array(
      v.object({
        file: v.pipe(v.string(), v.regex(/^profile-[0-9]\.(pb\.gz|folded)$/)),
        title: v.string(),
        selection: v.optional(Selection),
        built: v.exactOptional(BuiltList),
      }),
    ),
    v.minLength(1),
    v.maxLength(2),
  ),
});
type SnapshotFile = v.InferOutput<typeof SnapshotFile>;

/** Makes the current form of what an older version wrote; version 1 is the first. */
function upgrade(content: unknown): unknown {
  return content;
}

export interface SnapshotInput {
  readonly title: string;
  readonly notes: string;
  readonly view: ViewState;
  readonly profiles: readonly {
    readonly bytes: Uint8Array;
    readonly title: string;
    readonly selection?: Selection | undefined;
    readonly built?: readonly Built[];
  }[];
}

export interface SnapshotContent {
  readonly row: SnapshotRow;
  readonly profiles: readonly SnapshotProfile[];
}

/** A profile of a snapshot, what it was asked for by, and what its code was built from. */
export interface SnapshotProfile {
  readonly bytes: Uint8Array;
  readonly title: string;
  readonly selection?: Selection;
  readonly built?: readonly Built[];
}

/** The saved snapshots: a folder each, which appears whole or not at all. Works without any server. */
export class SnapshotLibrary {
  private readonly folder: string;
  private readonly now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.folder = folder;
    this.now = now;
  }

  /** Newest first. A snapshot that is damaged stands in the list and says so; its files stay where they are. */
  async list(): Promise<Result<readonly SnapshotRow[]>> {
    let names: string[];
    try {
      names = await readdir(this.folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return ok([]);
      return fail('internal', `The snapshots in ${this.folder} cannot be read.`, errorText(error));
    }
    const ids = names.filter((name) => v.is(Id, name));
    const rows = await Promise.all(
      ids.map(async (id) => {
        const content = await this.read(id);
        return content.ok ? rowOf(id, content.value) : damagedRow(id, content.failure.message);
      }),
    );
    return ok(rows.sort((a, b) => b.createdAtMs - a.createdAtMs));
  }

  async save(input: SnapshotInput): Promise<Result<SnapshotRow>> {
    const id = `s-${randomUUID()}`;
    const making = join(this.folder, `.making-${id}`);
    try {
      await mkdir(making, { recursive: true, mode: 0o700 });
      const profiles = [];
      for (const [index, profile] of input.profiles.entries()) {
        const kind = sniff(profile.bytes);
        const file = `profile-${index}.${kind === 'text' ? 'folded' : 'pb.gz'}`;
        await writeAtomic(join(making, file), kind === 'binary' ? await zip(profile.bytes) : profile.bytes);
        const { title, selection, built } = profile;
        profiles.push({
          file,
          title,
          ...(selection === undefined ? {} : { selection }),
          ...(built === undefined || built.length === 0 ? {} : { built: [...built] }),
        });
      }
      const { title, notes, view } = input;
      const content: SnapshotFile = { version: currentVersion, title, notes, createdAtMs: this.now(), view, profiles };
      await writeAtomic(join(making, fileName), JSON.stringify(content, null, 2) + '\n');
      await rename(making, join(this.folder, id));
      return ok(rowOf(id, content));
    } catch (error) {
      // What matters is why it could not be saved; a folder that stays is not listed.
      await rm(making, { recursive: true, force: true }).catch(() => undefined);
      return isDiskFull(error)
        ? fail('no-space', `The disk of ${this.folder} is full: make room there and save again.`, errorText(error))
        : fail('internal', `The snapshot could not be saved in ${this.folder}.`, errorText(error));
    }
  }

  async open(snapshotId: string): Promise<Result<SnapshotContent>> {
    const content = await this.read(snapshotId);
    if (!content.ok) return content;
    const profiles: SnapshotProfile[] = [];
    for (const { file, ...known } of content.value.profiles) {
      try {
        const bytes = await readFile(join(this.folder, snapshotId, file));
        profiles.push({ bytes, ...knownOf(known) });
      } catch (error) {
        return fail('bad-profile', `The snapshot lacks its file ${file}.`, errorText(error));
      }
    }
    return ok({ row: rowOf(snapshotId, content.value), profiles });
  }

  async remove(snapshotId: string): Promise<Result<null>> {
    try {
      await rm(join(this.folder, snapshotId), { recursive: true });
      return ok(null);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return fail('not-found', 'That snapshot is gone already.');
      return fail('internal', 'The snapshot could not be removed.', errorText(error));
    }
  }

  private async read(id: string): Promise<Result<SnapshotFile>> {
    let content: unknown;
    try {
      content = JSON.parse(await readFile(join(this.folder, id, fileName), 'utf8'));
    } catch (error) {
      if (errorCode(error) === 'ENOENT')
        return fail('not-found', `There is no ${fileName} in ${join(this.folder, id)}.`);
      return fail('bad-profile', `${join(this.folder, id, fileName)} is damaged.`, errorText(error));
    }
    const checked = v.safeParse(SnapshotFile, upgrade(content));
    if (checked.success) return ok(checked.output);
    const newer = v.safeParse(v.object({ version: v.pipe(v.number(), v.gtValue(currentVersion)) }), content).success;
    return newer
      ? fail('unsupported', 'The snapshot was saved by a newer Pyrometer: open it there.')
      : fail('bad-profile', `${join(this.folder, id, fileName)} is damaged.`, v.summarize(checked.issues));
  }
}

function rowOf(snapshotId: string, content: SnapshotFile): SnapshotRow {
  const { title, notes, createdAtMs, view, profiles } = content;
  return { snapshotId, title, notes, createdAtMs, view, profiles: profiles.length };
}

/** What is known of a profile, without what is not. */
function knownOf({
  title,
  selection,
  built,
}: Omit<SnapshotFile['profiles'][number], 'file'>): Omit<SnapshotProfile, 'bytes'> {
  return { title, ...(selection === undefined ? {} : { selection }), ...(built === undefined ? {} : { built }) };
}

/** profiles: 0 marks it: it cannot be opened, and removing it is the user's choice. */
function damagedRow(snapshotId: string, why: string): SnapshotRow {
  const view: ViewState = { kind: 'flame', tab: 'flame', valueIndex: 0, zoomPath: [], search: '' };
  return { snapshotId, title: 'Damaged snapshot', notes: why, createdAtMs: 0, view, profiles: 0 };
}
