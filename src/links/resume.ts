import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import * as v from 'valibot';
import type { LeaseHolder } from '../engine/deploy/agent-watch.js';
import { KeptRecording } from '../engine/pyspy/kept-recording.js';
import { writeAtomic } from '../engine/files/atomic-write.js';

const Stored = v.object({
  version: v.literal(1),
  /** The spool of the app's run: another one means that the app was started anew, which connects to nothing. */
  spoolDir: v.string(),
  connected: v.array(v.string()),
  /** When the agent of a recording began, Unix milliseconds, by target. */
  recordings: v.record(v.string(), v.number()),
  /** What py-spy records, by target. Not in files of older apps. */
  pyspy: v.optional(v.record(v.string(), KeptRecording), {}),
});

/** What was going on when this process ended without the app. */
export interface Resumed {
  readonly connected: readonly string[];
  readonly recordings: Readonly<Record<string, number>>;
  readonly pyspy: Readonly<Record<string, KeptRecording>>;
}

/** What a new links process finds. */
export interface Found extends Resumed {
  /** What py-spy recorded when the whole app was ended from outside. */
  readonly endedPySpy: Readonly<Record<string, KeptRecording>>;
}

/** Remembers connections and recordings, so that a links process that was killed comes back to them. */
export class Resume {
  private readonly path: string;
  private readonly spoolDir: string;
  private written = '';
  private writing: Promise<void> = Promise.resolve();

  constructor(path: string, spoolDir: string) {
    this.path = path;
    this.spoolDir = spoolDir;
  }

  async load(): Promise<Found> {
    const nothing: Found = { connected: [], recordings: {}, pyspy: {}, endedPySpy: {} };
    try {
      const stored = v.safeParse(Stored, JSON.parse(await readFile(this.path, 'utf8')));
      if (!stored.success) return nothing;
      const { spoolDir, connected, recordings, pyspy } = stored.output;
      if (spoolDir !== this.spoolDir) return { ...nothing, endedPySpy: pyspy };
      return { connected, recordings, pyspy, endedPySpy: {} };
    } catch {
      return nothing; // the first start, or a file that was cut: nothing to come back to
    }
  }

  /** Who records on a target: the same for a links process that comes back, another for the app's next run. */
  holderOf(targetId: string): LeaseHolder {
    const run = createHash('sha256').update(`${hostname()}\n${this.spoolDir}\n${targetId}`);
    return {
      id: `window-${run.digest('hex').slice(0, 32)}`,
      description: `Pyrometer's window of ${userInfo().username} on ${hostname()}`,
    };
  }

  /** Whose what py-spy leaves on a target is: the same for every run of the app with its data. */
  ownerOf(targetId: string): string {
    const whose = createHash('sha256').update(`${hostname()}\n${this.path}\n${targetId}`);
    return whose.digest('hex').slice(0, 32);
  }

  /** Settles when all that was saved is written. */
  flush(): Promise<void> {
    return this.writing;
  }

  /** Called after every change; writes when something that counts is new. */
  save(now: Resumed): void {
    const text = JSON.stringify({ version: 1, spoolDir: this.spoolDir, ...now });
    if (text === this.written) return;
    this.written = text;
    this.writing = this.writing.then(() =>
      writeAtomic(this.path, text).catch((error: unknown) => {
        console.error('links: what is connected could not be remembered:', error);
      }),
    );
  }
}
