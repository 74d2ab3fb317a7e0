import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as v from 'valibot';
import { pushUrl, type PushState } from '../../contract/push.js';
import type { Result } from '../../contract/result.js';
import type { PyroscopeConfig } from '../../contract/target.js';
import { errorCode, errorText } from '../failures/thrown.js';
import { writeAtomic } from '../files/atomic-write.js';
import type { PusherClient } from '../pyroscope/pusher-client.js';
import type { WindowStore } from './window-store.js';
import type { WindowCard } from './window.js';
import { WindowProfile } from './window-profile.js';

const pack = promisify(gzip);
/** Servers take no profile that is older than an hour; a push takes a moment. */
const newEnoughMs = 59 * 60_000;
const retryMs = 15_000;

/** So long windows are remembered as dealt with: by then they are too old in any case. */
const rememberedMs = 2 * 3_600_000;

/** How far a server has got what was recorded. Version 1, in the store's folder. */
const Reached = v.object({
  version: v.literal(1),
  url: v.string(),
  tenant: v.string(),
  /** Windows that began before are no concern of it: from before it was set, or dealt with long ago. */
  sinceMs: v.number(),
  /** Of the others those that are there, were refused, or were too old. */
  done: v.array(v.string()),
});
type Reached = v.InferOutput<typeof Reached>;

export interface WindowPushOptions {
  readonly store: WindowStore;
  /** The folder of the store; undefined: nothing is remembered. */
  readonly folder: string | undefined;
  /** The server to push to; undefined: none. */
  readonly wanted: () => PyroscopeConfig | undefined;
  /** How it is reached now. */
  readonly client: () => Result<PusherClient>;
  /** Some went, or did not for the reason given; "": none. */
  readonly onChange: (error: string) => void;
}

/**
 * Pushes windows to the Pyroscope of a target, in their order, from when pushing was switched on. What a server did not get
 * because it was away is pushed when it is back, also after a restart of the app; what it refuses, or what became too old, is
 * counted. Labels are those of the window: each process and thread would be a series of its own at the server.
 */
export class WindowPush {
  private readonly options: WindowPushOptions;
  private reached: Reached | undefined;
  private pushing = false;
  private again = false;
  private timer: NodeJS.Timeout | undefined;
  /** Two profiles of one label set and millisecond are one to a server, which drops the second. */
  private readonly lastMs = new Map<string, number>();
  private readonly ending = new AbortController();
  private account = { error: '', pushed: 0, waiting: 0, tooOld: 0, refused: 0, lastSuccessAtMs: 0 };

  constructor(options: WindowPushOptions) {
    this.options = options;
  }

  /** How it goes; empty where nothing is to be pushed. */
  get states(): readonly PushState[] {
    const wanted = this.options.wanted();
    if (wanted === undefined) return [];
    const { error, pushed, waiting, tooOld, refused, lastSuccessAtMs } = this.account;
    return [
      {
        url: pushUrl(wanted.url),
        tenant: wanted.tenant ?? '',
        authentication: wanted.login ?? 'none',
        ownCa: false,
        error,
        windowsPushed: pushed,
        windowsWaiting: waiting,
        windowsTooOld: tooOld,
        windowsRefused: refused,
        lastSuccessAtMs,
        series: 0,
        seriesForecast: 0,
        labelsLeftOut: [],
      },
    ];
  }

  /** Called when a window was stored, when the server was set, and when a link came back. */
  wake(): void {
    if (this.ending.signal.aborted) return;
    clearTimeout(this.timer);
    this.again = true;
    if (this.pushing) return;
    this.pushing = true;
    void this.work()
      .catch((error: unknown) => {
        console.error('pyspy push:', errorText(error)); // the next window tries again
      })
      .finally(() => {
        this.pushing = false;
      });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.ending.abort();
  }

  private async work(): Promise<void> {
    while (this.again && !this.ending.signal.aborted) {
      this.again = false;
      const wanted = this.options.wanted();
      if (wanted === undefined) return;
      const reached = await this.from(wanted);
      const done = new Set(reached.done);
      const cards = (await this.options.store.cards()).filter(
        ({ id, startMs }) => startMs >= reached.sinceMs && !done.has(id),
      );
      let went = true;
      for (const [index, card] of cards.entries()) {
        this.account.waiting = cards.length - index;
        went = await this.one(card);
        if (!went) break;
        done.add(card.id);
      }
      if (cards.length === 0) continue;
      if (went) this.account.waiting = 0;
      await this.reach(forgetting({ ...reached, done: [...done] }, await this.options.store.cards(), Date.now()));
      this.options.onChange(this.account.error);
      if (went) continue;
      this.timer = setTimeout(() => {
        this.wake();
      }, retryMs);
      return;
    }
  }

  /** Answers whether the next one may follow. */
  private async one(card: WindowCard): Promise<boolean> {
    if (card.startMs < Date.now() - newEnoughMs) {
      this.account.tooOld++;
      return true;
    }
    const profile = await this.profileOf(card);
    if (profile === undefined) return true;
    const client = this.options.client();
    const { profileType, labels } = card;
    const pushed = client.ok ? await client.value.push({ labels, profileType, profile }, this.ending.signal) : client;
    if (pushed.ok) {
      this.account.pushed++;
      this.account.error = '';
      this.account.lastSuccessAtMs = Date.now();
      return true;
    }
    this.account.error = pushed.failure.message;
    if (pushed.failure.code !== 'refused') return false;
    this.account.refused++;
    return true;
  }

  /** Undefined for a window without samples, and one whose stacks cannot be read: there is nothing to push. */
  private async profileOf(card: WindowCard): Promise<Uint8Array | undefined> {
    const body = await this.options.store.body(card);
    if (!body.ok) console.error('pyspy push:', body.failure.message);
    if (!body.ok || body.value.stacks.length === 0) return undefined;
    const profile = new WindowProfile();
    const locations = body.value.frames.map((frame) => profile.location(frame));
    for (const { frames, samples } of body.value.stacks) {
      profile.sample(
        frames.map((frame) => locations[frame] ?? 0),
        samples * card.periodNs,
      );
    }
    const { profileType, startMs, endMs, periodNs, labels } = card;
    const key = JSON.stringify([profileType, Object.entries(labels).sort()]);
    const atMs = Math.max(Math.round(startMs), (this.lastMs.get(key) ?? 0) + 1);
    this.lastMs.set(key, atMs);
    return pack(profile.encode({ profileType, startMs: atMs, durationMs: endMs - startMs, periodNs }));
  }

  /** Where to go on for a server: another one begins with what is recorded from now on. */
  private async from(wanted: PyroscopeConfig): Promise<Reached> {
    const is = { version: 1 as const, url: pushUrl(wanted.url), tenant: wanted.tenant ?? '' };
    const known = this.reached ?? (await this.load());
    if (known?.url === is.url && known.tenant === is.tenant) return known;
    this.account = { error: '', pushed: 0, waiting: 0, tooOld: 0, refused: 0, lastSuccessAtMs: 0 };
    const last = (await this.options.store.cards()).at(-1);
    const begun = { ...is, sinceMs: last?.endMs ?? 0, done: [] };
    await this.reach(begun);
    return begun;
  }

  private async load(): Promise<Reached | undefined> {
    if (this.options.folder === undefined) return undefined;
    try {
      const read = v.safeParse(Reached, JSON.parse(await readFile(this.path, 'utf8')));
      return read.success ? read.output : undefined;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') console.error('pyspy push:', errorText(error));
      return undefined;
    }
  }

  private async reach(reached: Reached): Promise<void> {
    this.reached = reached;
    if (this.options.folder === undefined) return;
    try {
      await writeAtomic(this.path, JSON.stringify(reached));
    } catch (error) {
      console.error('pyspy push:', errorText(error)); // a restart pushes some again, which a server counts once
    }
  }

  private get path(): string {
    return join(this.options.folder ?? '', 'pushed.json');
  }
}

/** Without what nobody asks for any more. */
function forgetting(reached: Reached, cards: readonly WindowCard[], nowMs: number): Reached {
  const sinceMs = Math.max(reached.sinceMs, nowMs - rememberedMs);
  const kept = new Set(cards.flatMap(({ id, startMs }) => (startMs >= sinceMs ? [id] : [])));
  return { ...reached, sinceMs, done: reached.done.filter((id) => kept.has(id)) };
}
