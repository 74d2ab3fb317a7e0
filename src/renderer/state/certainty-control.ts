import type { Certainty } from '../../contract/certainty.js';
import type { WindowsCost } from '../../contract/links.js';
import type { Failure, Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';

/** The judgement of the diff on the screen. Lives outside React: it has columns as long as the graph. */
export interface ShownCertainty {
  readonly viewId: string;
  readonly value: Certainty;
}

/** How far the judgement of a diff is. */
export type CertaintyState =
  | { readonly phase: 'idle' }
  /** What is compared has no windows: files, snapshots. */
  | { readonly phase: 'without-windows' }
  /** A source has to be asked many times: only after somebody said so. */
  | { readonly phase: 'cost'; readonly cost: WindowsCost }
  | { readonly phase: 'loading'; readonly done: number; readonly of: number }
  | { readonly phase: 'ready' }
  | { readonly phase: 'failed'; readonly failure: Failure };

/** Windows of both sides that lie in the spool. */
interface Windows {
  readonly key: string;
  readonly ids: readonly [string, string];
}

/** Fetches the windows of both sides of a diff and has it judged; again whenever another view of them is shown. */
export class CertaintyControl {
  readonly #context: Context;
  readonly #ends: (() => void)[];
  #windows: Windows | undefined;
  /** The sides that somebody agreed to ask a source for. */
  #agreed = '';
  #asked: FlameModel | null = null;
  #running: AbortController | undefined;
  readonly #progress = new Map<string, (done: number) => void>();

  constructor(context: Context) {
    this.#context = context;
    this.#ends = [
      context.flame.subscribe(() => {
        this.#update();
      }),
      context.links.on('windows.progress', ({ requestId, done }) => {
        this.#progress.get(requestId)?.(done);
      }),
    ];
  }

  /** Asks the source for the windows, whatever it costs; or again after a failure. */
  measure(): void {
    this.#agreed = this.#key();
    this.#asked = null;
    this.#update();
  }

  /** Stops asking. What came is kept by slice, so that going on costs the rest only. */
  cancel(): void {
    this.#running?.abort();
    this.#agreed = '';
    this.#asked = null;
    this.#update();
  }

  dispose(): void {
    for (const end of this.#ends) end();
    this.#running?.abort();
  }

  #key(): string {
    return JSON.stringify(this.#context.store.getState().viewSides);
  }

  #update(): void {
    const { flame, store, certainty } = this.#context;
    const model = flame.get();
    if (model === this.#asked || (model !== null && !model.complete)) return;
    this.#running?.abort();
    this.#asked = model;
    certainty.set(null);
    const sides = store.getState().viewSides;
    const [baseline, comparison] = sides;
    if (model === null || !model.isDiff) {
      store.setState({ certainty: { phase: 'idle' } });
    } else if (baseline == null || comparison == null) {
      store.setState({ certainty: { phase: 'without-windows' } });
    } else {
      const controller = new AbortController();
      this.#running = controller;
      void this.#judge(model, [baseline, comparison], controller.signal); // keeps its failure in the state
    }
  }

  async #judge(model: FlameModel, sides: readonly [Selection, Selection], signal: AbortSignal): Promise<void> {
    const { store, decoder, certainty, flame } = this.#context;
    // Asked anew behind each wait.
    const isOver = (): boolean => signal.aborted;
    const failed = (failure: Failure): void => {
      store.setState({ certainty: { phase: 'failed', failure } });
    };
    const windows = await this.#windowsOf(sides, signal);
    if (windows === undefined || isOver()) return;
    if (!windows.ok) {
      failed(windows.failure);
      return;
    }
    const [baselineWindows, comparisonWindows] = windows.value.ids;
    const params = { viewId: model.viewId, baselineWindows, comparisonWindows };
    const judged = await decoder.call('view.certainty', params, signal);
    if (isOver()) return;
    if (!judged.ok) {
      failed(judged.failure);
      return;
    }
    model.certainty = judged.value.abstained === undefined ? judged.value.nodes : null;
    certainty.set({ viewId: model.viewId, value: judged.value });
    store.setState({ certainty: { phase: 'ready' } });
    flame.touch();
  }

  /** The windows of both sides; undefined when somebody has to agree to the cost first. */
  async #windowsOf(sides: readonly [Selection, Selection], signal: AbortSignal): Promise<Result<Windows> | undefined> {
    const { store, links } = this.#context;
    const key = JSON.stringify(sides);
    if (this.#windows?.key === key) return { ok: true, value: this.#windows };
    let of = 0;
    let requests = 0;
    let windowMs = 0;
    for (const selection of sides) {
      const cost = await links.query('windows.cost', { selection }, signal);
      if (!cost.ok) return cost;
      of += cost.value.windows;
      requests += cost.value.requests;
      windowMs = Math.max(windowMs, cost.value.windowMs);
    }
    if (requests > 0 && this.#agreed !== key) {
      store.setState({ certainty: { phase: 'cost', cost: { windows: of, requests, windowMs } } });
      return undefined;
    }
    const done = [0, 0];
    store.setState({ certainty: { phase: 'loading', done: 0, of } });
    // One side after the other: a source is asked for four slices at once, not for eight.
    const ids: string[] = [];
    for (const [index, selection] of sides.entries()) {
      const fetched = await this.#fetch(selection, signal, (count) => {
        done[index] = count;
        if (!signal.aborted)
          store.setState({ certainty: { phase: 'loading', done: (done[0] ?? 0) + (done[1] ?? 0), of } });
      });
      if (!fetched.ok || signal.aborted) {
        this.#release(fetched.ok ? [...ids, fetched.value] : ids);
        return fetched.ok ? undefined : fetched;
      }
      ids.push(fetched.value);
    }
    this.#release(this.#windows?.ids ?? []);
    const [first = '', second = ''] = ids;
    this.#windows = { key, ids: [first, second] };
    return { ok: true, value: this.#windows };
  }

  async #fetch(selection: Selection, signal: AbortSignal, onDone: (done: number) => void): Promise<Result<string>> {
    const { links, newId } = this.#context;
    const requestId = newId('windows');
    this.#progress.set(requestId, onDone);
    const fetched = await links.query('windows.fetch', { requestId, selection }, signal);
    this.#progress.delete(requestId);
    return fetched.ok ? { ok: true, value: fetched.value.windowsId } : fetched;
  }

  #release(ids: readonly string[]): void {
    for (const profileId of ids) void this.#context.links.call('profile.release', { profileId }); // gone is as good
  }
}
