import type { SpooledProfile } from '../../contract/links.js';
import type { Selection } from '../../contract/selection.js';
import type { Context } from './context.js';
import { sourceTime } from './source-time.js';

/** So long after its end a range has all of its windows. */
const lateMs = 60_000;
/** Names that are found later come into what is asked for again: so long the old ones will do. */
const longestMs = 300_000;
const mostIdle = 4;
/** What idle profiles have together, as they came from their source. */
const mostIdleBytes = 16 * 1024 * 1024;

interface Kept {
  readonly key: string;
  readonly profile: SpooledProfile;
  readonly fetchedMs: number;
  /** Whether the range was over, so that who asks again gets the same. */
  readonly over: boolean;
  /** Views that are made of it. */
  uses: number;
}

/**
 * Profiles that were fetched for views, and stay a little longer than these: going back to a range, or doing something to it, does not ask its
 * source again. Of ranges that are over only; Live and "the last 15 minutes" are asked for each time.
 *
 * Who takes or adds a profile releases it once. What nobody uses any more goes when others take its place, the oldest first.
 */
export class KeptProfiles {
  readonly #context: Context;
  /** The last one used at the end. */
  #all: Kept[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  /** The profile of a selection that was fetched lately; undefined: it has to be fetched. */
  take(selection: Selection): SpooledProfile | undefined {
    const key = this.#keyOf(selection);
    const since = this.#context.clock() - longestMs;
    const kept = this.#all.find((each) => each.key === key && each.over && each.fetchedMs >= since);
    if (kept === undefined) return undefined;
    kept.uses += 1;
    return kept.profile;
  }

  /** Holds what was fetched. */
  add(selection: Selection, profile: SpooledProfile): void {
    const { targetId, source, endMs } = selection;
    const over = endMs + lateMs <= sourceTime(this.#context, targetId, source);
    this.#all.push({ key: this.#keyOf(selection), profile, fetchedMs: this.#context.clock(), over, uses: 1 });
  }

  /** A view that was made of it is gone. */
  release(profileId: string): void {
    const kept = this.#all.find(({ profile }) => profile.profileId === profileId);
    if (kept === undefined) return;
    kept.uses -= 1;
    if (kept.uses > 0) return;
    this.#all = [...this.#all.filter((each) => each !== kept), kept];
    if (!kept.over) this.#drop(kept);
    this.#makeRoom();
  }

  /** What is asked for next is fetched: the source may answer otherwise. */
  forget(): void {
    for (const kept of [...this.#all]) {
      if (kept.uses === 0) this.#drop(kept);
    }
    this.#all = this.#all.map((kept) => ({ ...kept, over: false }));
  }

  #makeRoom(): void {
    const idle = this.#all.filter(({ uses }) => uses === 0);
    let bytes = idle.reduce((sum, { profile }) => sum + profile.byteLength, 0);
    for (const [index, kept] of idle.entries()) {
      if (idle.length - index <= mostIdle && bytes <= mostIdleBytes) return;
      bytes -= kept.profile.byteLength;
      this.#drop(kept);
    }
  }

  #drop(kept: Kept): void {
    this.#all = this.#all.filter((each) => each !== kept);
    const { profileId } = kept.profile;
    const { decoder, links } = this.#context;
    void decoder.call('profile.close', { profileId }); // a profile that is gone needs no closing
    void links.call('profile.release', { profileId }); // as above
  }

  /** A target whose address was changed may be another server, or have another Pyroscope. */
  #keyOf({ targetId, source, profileType, selector, startMs, endMs }: Selection): string {
    const target = this.#context.store.getState().targets.find(({ config }) => config.id === targetId);
    return JSON.stringify([target?.config, targetId, source, profileType, selector, startMs, endMs]);
  }
}
