import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import * as v from 'valibot';
import { fail, ok, type Result } from '../../contract/result.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';
import { writeAtomic } from '../files/atomic-write.js';
import { totalsOf, WindowBody, WindowCard, type NewWindow } from './window.js';

const pack = promisify(gzip);
const unpack = promisify(gunzip);
/** A window of 5 s of a busy service is a few kilobytes; this bounds what a hostile file can ask for. */
const largestBody = 256 * 1024 * 1024;

/** How much is kept: the oldest windows go first. */
export const keptWindows = 20_000;

/**
 * The windows of one target that were recorded without an agent. In a folder of the app's: an index of one JSON line a
 * window, and a compressed file with its stacks. Without a folder they live as long as the object.
 *
 * Index version 1, folder `v1`: lines are only added; a line that a crash cut short is left out, and so is what is not
 * understood. Trimming writes the index anew and removes files that no line names.
 */
export class WindowStore {
  private readonly folder: string | undefined;
  private readonly limit: number;
  private readonly bodies = new Map<string, Uint8Array>();
  private loaded: Promise<WindowCard[]> | undefined;
  private writing: Promise<unknown> = Promise.resolve();

  /** @param parent the folder of one target; undefined: in memory */
  constructor(parent?: string, limit = keptWindows) {
    this.folder = parent === undefined ? undefined : join(parent, 'v1');
    this.limit = limit;
  }

  /** All windows, oldest first. */
  async cards(): Promise<readonly WindowCard[]> {
    return (this.loaded ??= this.load());
  }

  /** Keeps a window. One at a time, in the order of the calls. */
  add(added: NewWindow): Promise<Result<WindowCard>> {
    const next = this.writing.then(() => this.write(added));
    this.writing = next;
    return next;
  }

  /** The stacks of a window. */
  async body(card: WindowCard): Promise<Result<WindowBody>> {
    try {
      const packed = this.bodies.get(card.id) ?? (await readFile(this.path(card.id)));
      const text = (await unpack(packed, { maxOutputLength: largestBody })).toString('utf8');
      return ok(v.parse(WindowBody, JSON.parse(text)));
    } catch (error) {
      return fail('bad-profile', 'A window of the store on this computer cannot be read.', errorText(error));
    }
  }

  /** Forgets all windows. */
  async clear(): Promise<void> {
    await this.writing;
    this.bodies.clear();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    this.loaded = Promise.resolve([]);
  }

  private async write(added: NewWindow): Promise<Result<WindowCard>> {
    const { frames, stacks, ...facts } = added;
    const card: WindowCard = {
      ...facts,
      id: `${Math.round(added.startMs)}-${randomUUID().slice(0, 8)}`,
      totals: totalsOf(stacks),
    };
    const body = { version: 1, frames, stacks } satisfies { [Key in keyof WindowBody]: unknown };
    const packed = await pack(JSON.stringify(body));
    try {
      const cards = await this.cards();
      if (this.folder === undefined) this.bodies.set(card.id, packed);
      else {
        await mkdir(this.folder, { recursive: true, mode: 0o700 });
        await writeFile(this.path(card.id), packed, { mode: 0o600, flag: 'wx' });
        await appendFile(this.indexPath, `${JSON.stringify(card)}\n`, { mode: 0o600 });
      }
      this.loaded = Promise.resolve([...cards, card]);
      await this.trim();
      return ok(card);
    } catch (error) {
      if (isDiskFull(error)) {
        return fail('no-space', 'The disk of this computer is full: make room, and record again.', errorText(error));
      }
      return fail('internal', 'What was recorded could not be kept on this computer.', errorText(error));
    }
  }

  /** A tenth at a time, so that not every window writes the index anew. */
  private async trim(): Promise<void> {
    const cards = await this.cards();
    if (cards.length <= this.limit) return;
    const gone = cards.slice(0, cards.length - Math.floor(this.limit * 0.9));
    const kept = cards.slice(gone.length);
    if (this.folder !== undefined) {
      await writeAtomic(this.indexPath, kept.map((card) => `${JSON.stringify(card)}\n`).join(''));
      await Promise.all(gone.map(({ id }) => rm(this.path(id), { force: true })));
    }
    for (const { id } of gone) this.bodies.delete(id);
    this.loaded = Promise.resolve(kept);
  }

  private async load(): Promise<WindowCard[]> {
    if (this.folder === undefined) return [];
    let text: string;
    try {
      text = await readFile(this.indexPath, 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') console.error('window store:', errorText(error));
      return [];
    }
    const cards: WindowCard[] = [];
    for (const line of text.split('\n')) {
      try {
        const parsed = v.safeParse(WindowCard, JSON.parse(line));
        if (parsed.success) cards.push(parsed.output);
      } catch {
        // the empty line at the end, or one that was cut short
      }
    }
    return cards.sort((a, b) => a.startMs - b.startMs);
  }

  private get indexPath(): string {
    return join(this.folder ?? '', 'index.jsonl');
  }

  private path(id: string): string {
    return join(this.folder ?? '', `${id}.json.gz`);
  }
}
