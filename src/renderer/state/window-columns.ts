import type { SpooledWindows } from '../../contract/links.js';
import { fail, ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { Context } from './context.js';

/** Windows in the spool, and what they are of. */
export interface HeldWindows extends SpooledWindows {
  readonly selection: Selection;
}

/** More windows than this are not fetched for looking alone: a day of them. */
const mostWindows = 6000;

/**
 * The windows of the selection that is looked at, fetched once and held as long as it is: what is shown of a part of them needs no
 * request. Only sources that answer windows as such, or have them here, are asked; a Pyroscope would be asked once a window.
 */
export class WindowColumns {
  readonly #context: Context;
  #held: HeldWindows | undefined;
  #asking: { readonly key: string; readonly answer: Promise<Result<HeldWindows>> } | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** What is held of a selection, when that covers its range. */
  heldOf(selection: Selection): HeldWindows | undefined {
    const held = this.#held;
    return held !== undefined && covers(held.selection, selection) ? held : undefined;
  }

  /** Fetches the windows of a selection unless they are held. "unsupported" where its source cannot say them at once. */
  async fetch(selection: Selection): Promise<Result<HeldWindows>> {
    const held = this.heldOf(selection);
    if (held !== undefined) return ok(held);
    const key = JSON.stringify(selection);
    // Whoever asks for the same while it is on its way waits for the same answer.
    if (this.#asking?.key !== key) {
      const asking = { key, answer: this.#ask(selection) };
      this.#asking = asking;
      void asking.answer.then(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
    }
    return this.#asking.answer;
  }

  dispose(): void {
    this.#release();
  }

  async #ask(selection: Selection): Promise<Result<HeldWindows>> {
    const { links, newId } = this.#context;
    const cost = await links.query('windows.cost', { selection });
    if (!cost.ok) return cost;
    if (cost.value.requests > 0 || cost.value.windows > mostWindows) {
      return fail('unsupported', 'The windows of this selection cannot be had at once.');
    }
    const fetched = await links.query('windows.fetch', { requestId: newId('windows'), selection });
    if (!fetched.ok) return fetched;
    this.#release();
    this.#held = { ...fetched.value, selection };
    return ok(this.#held);
  }

  #release(): void {
    if (this.#held === undefined) return;
    void this.#context.links.call('profile.release', { profileId: this.#held.windowsId }); // gone is as good
    this.#held = undefined;
  }
}

function covers(held: Selection, wanted: Selection): boolean {
  return (
    held.targetId === wanted.targetId &&
    held.source === wanted.source &&
    held.profileType === wanted.profileType &&
    held.selector === wanted.selector &&
    held.startMs <= wanted.startMs &&
    held.endMs >= wanted.endMs
  );
}
