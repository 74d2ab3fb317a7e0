import type { Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { Context } from './context.js';

/** Which windows are asked for. */
export interface WantedWindows {
  readonly selection: Selection;
  /** How long slices of a source are to be that has no windows of its own. */
  readonly windowMs?: number;
}

/** Has windows put into the spool, and tells how many have come. */
export class WindowFetcher {
  readonly #context: Context;
  readonly #progress = new Map<string, (done: number) => void>();
  readonly #end: () => void;

  constructor(context: Context) {
    this.#context = context;
    this.#end = context.links.on('windows.progress', ({ requestId, done }) => {
      this.#progress.get(requestId)?.(done);
    });
  }

  /** Answers the id of the windows, which whoever asks has to release. */
  async fetch(wanted: WantedWindows, signal: AbortSignal, onDone: (done: number) => void): Promise<Result<string>> {
    const { links, newId } = this.#context;
    const requestId = newId('windows');
    this.#progress.set(requestId, onDone);
    const fetched = await links.query('windows.fetch', { requestId, ...wanted }, signal);
    this.#progress.delete(requestId);
    return fetched.ok ? { ok: true, value: fetched.value.windowsId } : fetched;
  }

  /** Lets go of windows. */
  release(ids: readonly string[]): void {
    for (const profileId of ids) void this.#context.links.call('profile.release', { profileId }); // gone is as good
  }

  dispose(): void {
    this.#end();
  }
}
