import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { Id } from '../../contract/selection.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { CallTree } from '../../core/profile/call-tree.js';
import type { DecodedProfile } from './decode.js';
import { decodedTree, type ProfileDecoder } from './decoder.js';
import { readFailure } from './failures.js';
import { profileBytes, treeBytes } from './memory.js';
import { SharedWork } from './shared-work.js';
import type { Watch } from './watch.js';
import { WindowStore } from './windows.js';

/** Files above this are refused before they are read: no buffer of Node holds more in one piece on all platforms. */
const fileCap = 2 ** 31 - 1;

/** A profile that somebody has open. */
export interface OpenProfile {
  readonly profileId: string;
  readonly decoded: DecodedProfile;
  /** The call tree of a sample type; made once, as long as there is room to keep it. */
  tree(valueIndex: number): Promise<CallTree>;
}

/** Who holds profiles open: a window's port. Compared by identity. */
export type Holder = object;

interface Entry {
  readonly holders: Set<Holder>;
  /** Decoding, or what it came to as long as that is held. */
  decoded: SharedWork<Result<DecodedProfile>> | undefined;
  trees: Map<number, CallTree>;
  bytes: number;
  /** Rises with each use; the smallest is the first to go. */
  usedAt: number;
}

/**
 * Profiles by id, read from the spool folder and decoded once. Over `memoryBudget` bytes of columns the least recently
 * used ones are let go; they stay open and are decoded again from their files when they are next asked for. A profile that no
 * holder has open any more is freed.
 */
export class ProfileStore {
  readonly decoder: ProfileDecoder;
  /** Windows of comparisons, which lie in the same folder. */
  readonly windows: WindowStore;
  readonly #spoolDir: string;
  readonly #memoryBudget: number;
  readonly #entries = new Map<string, Entry>();
  #clock = 0;

  constructor(options: { spoolDir: string; decoder: ProfileDecoder; memoryBudget: number }) {
    this.decoder = options.decoder;
    this.windows = new WindowStore(options.spoolDir, options.decoder);
    this.#spoolDir = options.spoolDir;
    this.#memoryBudget = options.memoryBudget;
  }

  /** Bytes of columns that are held now. */
  get heldBytes(): number {
    let bytes = 0;
    for (const entry of this.#entries.values()) bytes += entry.bytes;
    return bytes;
  }

  /**
   * Opens a profile for a holder, who keeps it open until `close` or `closeAll`. A watch's signal ends the waiting with an exception, the
   * signal's reason, and the decoding when nobody else waits for it.
   */
  async open(profileId: string, holder: Holder, watch: Watch = {}): Promise<Result<OpenProfile>> {
    if (!v.is(Id, profileId)) return fail('invalid-input', 'This is not the id of a profile.');
    let entry = this.#entries.get(profileId);
    if (entry === undefined) {
      entry = { holders: new Set(), decoded: undefined, trees: new Map(), bytes: 0, usedAt: 0 };
      this.#entries.set(profileId, entry);
    }
    const held = entry.holders.has(holder);
    entry.holders.add(holder);
    let opened = false;
    try {
      const result = await this.#use(profileId, entry, watch);
      opened = result.ok;
      return result;
    } finally {
      if (!opened && !held) entry.holders.delete(holder);
      this.#forget(profileId, entry);
    }
  }

  /** Opens for the time of one use, for those who need not keep it. */
  async withProfile<T>(
    profileId: string,
    use: (profile: OpenProfile) => Promise<Result<T>>,
    watch: Watch = {},
  ): Promise<Result<T>> {
    const holder = {};
    const opened = await this.open(profileId, holder, watch);
    if (!opened.ok) return opened;
    try {
      return await use(opened.value);
    } finally {
      this.close(profileId, holder);
    }
  }

  /** Frees a profile when its last holder lets it go. */
  close(profileId: string, holder: Holder): void {
    const entry = this.#entries.get(profileId);
    if (entry === undefined) return;
    entry.holders.delete(holder);
    this.#forget(profileId, entry);
  }

  /** Forgets what nobody holds; what is being decoded still may be asked for by a request that superseded another one. */
  #forget(profileId: string, entry: Entry): void {
    if (entry.holders.size > 0 || entry.decoded?.running === true) return;
    if (this.#entries.get(profileId) === entry) this.#entries.delete(profileId);
  }

  /** What a holder that goes away had open. */
  closeAll(holder: Holder): void {
    for (const profileId of [...this.#entries.keys()]) this.close(profileId, holder);
  }

  /** Frees everything. */
  dispose(): void {
    this.#entries.clear();
  }

  async #use(profileId: string, entry: Entry, watch: Watch): Promise<Result<OpenProfile>> {
    entry.usedAt = ++this.#clock;
    const work = (entry.decoded ??= this.#decode(profileId, entry));
    const result = await work.wait(watch);
    if (!result.ok) {
      if (entry.decoded === work) entry.decoded = undefined; // the file may be there, or whole, the next time
      return result;
    }
    const decoded = result.value;
    if (entry.bytes === 0) {
      entry.bytes = profileBytes(decoded);
      this.#makeRoom(entry);
    }
    return ok({ profileId, decoded, tree: (valueIndex) => this.#tree(entry, decoded, valueIndex) });
  }

  async #tree(entry: Entry, decoded: DecodedProfile, valueIndex: number): Promise<CallTree> {
    entry.usedAt = ++this.#clock;
    const known = entry.trees.get(valueIndex);
    if (known !== undefined) return known;
    const tree = await decodedTree(this.decoder, decoded.profile, decoded.nodes, valueIndex);
    const made = entry.trees.get(valueIndex);
    if (made !== undefined) return made;
    // An entry that was let go meanwhile must not count as held again.
    if (entry.decoded !== undefined) {
      entry.trees.set(valueIndex, tree);
      entry.bytes += treeBytes(tree, decoded.nodes);
      this.#makeRoom(entry);
    }
    return tree;
  }

  /** Lets go of the least recently used until the budget is kept. The one in use stays, however large it is. */
  #makeRoom(inUse: Entry): void {
    const byAge = [...this.#entries.values()].sort((a, b) => a.usedAt - b.usedAt);
    let held = this.heldBytes;
    for (const entry of byAge) {
      if (held <= this.#memoryBudget) return;
      if (entry === inUse || entry.bytes === 0) continue;
      held -= entry.bytes;
      entry.decoded = undefined;
      entry.trees = new Map();
      entry.bytes = 0;
    }
  }

  #decode(profileId: string, entry: Entry): SharedWork<Result<DecodedProfile>> {
    const path = join(this.#spoolDir, profileId);
    return new SharedWork(
      (watch) => readProfileFile(path, this.decoder, watch),
      (ended) => {
        if (ended) entry.decoded = undefined;
        this.#forget(profileId, entry);
      },
    );
  }
}

/** Reads and decodes one file: what the command line does without a spool. A watch's signal ends it with an exception. */
export async function readProfileFile(
  path: string,
  decoder: ProfileDecoder,
  watch?: Watch,
): Promise<Result<DecodedProfile>> {
  let bytes: Uint8Array;
  watch?.onStep?.('reading', null);
  try {
    const { size } = await stat(path);
    if (size > fileCap) return fail('too-large', 'The profile is larger than 2 GiB. Choose a shorter time range.');
    bytes = await readFile(path, watch?.signal === undefined ? {} : { signal: watch.signal });
  } catch (error) {
    watch?.signal?.throwIfAborted();
    return readFailure(error);
  }
  return decoder.decode(bytes, watch);
}
