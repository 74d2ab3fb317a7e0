import type { Certainty } from '../../contract/certainty.js';
import type { WindowsCost } from '../../contract/links.js';
import type { Failure, Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import { EarlierWindows } from './earlier-windows.js';
import { WindowFetcher } from './window-fetcher.js';

/** The judgement of the diff on the screen. Lives outside React: it has columns as long as the graph. */
export interface ShownCertainty {
  readonly viewId: string;
  readonly value: Certainty;
}

/** How far the judgement of a diff is. */
export type CertaintyState =
  | { readonly phase: 'idle' }
  /** What is compared has no windows: files, and snapshots whose source does not have them (any more), or cannot tell now. */
  | { readonly phase: 'without-windows'; readonly why: WithoutWindows }
  /** A source has to be asked many times: only after somebody said so. */
  | { readonly phase: 'cost'; readonly cost: WindowsCost }
  | { readonly phase: 'loading'; readonly done: number; readonly of: number }
  | { readonly phase: 'ready' }
  | { readonly phase: 'failed'; readonly failure: Failure };

/** Why there are no windows to judge by. */
export type WithoutWindows =
  | { readonly kind: 'file' }
  | { readonly kind: 'not-told'; readonly failure: Failure }
  /** What part of the snapshot the windows that are left hold. */
  | { readonly kind: 'left'; readonly share: number };

/** Windows that hold another part of a snapshot than this are not those that it was made of. */
const wholeSnapshot = { least: 0.9, most: 1.1 } as const;

type Sides = readonly [Selection, Selection];

/** Windows of both sides that lie in the spool. */
interface Windows {
  readonly key: string;
  readonly ids: readonly [string, string];
  /** How long one of them is. */
  readonly windowMs: number;
}

/**
 * Fetches the windows of both sides of a diff and has it judged; again whenever another view of them is shown. Then the windows before both
 * sides, and has it judged by those as well.
 */
export class CertaintyControl {
  readonly #context: Context;
  readonly #fetcher: WindowFetcher;
  readonly #earlier: EarlierWindows;
  readonly #end: () => void;
  #windows: Windows | undefined;
  /** The sides that somebody agreed to ask a source for. */
  #agreed = '';
  #asked: FlameModel | null = null;
  #running: AbortController | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#fetcher = new WindowFetcher(context);
    this.#earlier = new EarlierWindows(context, this.#fetcher);
    this.#end = context.flame.subscribe(() => {
      this.#update();
    });
  }

  /** Has another view of the diff on the screen judged by the same windows; false while there are none, or when it cannot be. */
  async judgePart(model: FlameModel, signal: AbortSignal): Promise<boolean> {
    const sides = this.#sides();
    const windows = this.#windows;
    if (this.#context.store.getState().certainty.phase !== 'ready') return false;
    let judged: Result<Certainty>;
    if (this.#isRegion()) judged = await this.#askRegion(model, signal);
    else if (sides === undefined || windows?.key !== JSON.stringify(sides)) return false;
    else judged = await this.#ask(model, windows, this.#earlier.heldOf(sides), signal);
    if (!judged.ok || signal.aborted) return false;
    model.judge(judged.value);
    return true;
  }

  /** Asks the source for the windows, whatever it costs; or again after a failure. */
  measure(): void {
    this.#agreed = JSON.stringify(this.#sides());
    this.#again();
  }

  /** Stops asking. What came is kept by slice, so that going on costs the rest only. */
  cancel(): void {
    this.#agreed = '';
    this.#again();
  }

  /** Asks the source for the windows before both sides too, whatever it costs; or again after a failure. */
  measureEarlier(): void {
    const sides = this.#sides();
    if (sides !== undefined) this.#earlier.agree(sides);
    this.#again();
  }

  /** Stops asking for the windows before both sides; what was judged without them stays. */
  cancelEarlier(): void {
    const sides = this.#sides();
    if (sides !== undefined) this.#earlier.cancel(sides);
    this.#again();
  }

  dispose(): void {
    this.#end();
    this.#running?.abort();
    this.#fetcher.dispose();
  }

  /** Both sides of what is on the screen, where both were asked for by a selection, now or when a snapshot was taken. */
  #sides(): Sides | undefined {
    const [baseline, comparison] = this.#context.store.getState().viewWindows;
    return baseline == null || comparison == null ? undefined : [baseline, comparison];
  }

  #again(): void {
    this.#running?.abort();
    this.#asked = null;
    this.#update();
  }

  #update(): void {
    const { flame, store, certainty } = this.#context;
    const model = flame.get();
    if (model === this.#asked || (model !== null && !model.complete)) return;
    this.#running?.abort();
    this.#asked = model;
    certainty.set(null);
    store.setState({ earlier: { phase: 'idle' } });
    const sides = this.#sides();
    if (model === null || !model.isDiff) {
      store.setState({ certainty: { phase: 'idle' } });
    } else if (sides === undefined && !this.#isRegion()) {
      store.setState({ certainty: { phase: 'without-windows', why: { kind: 'file' } } });
    } else {
      const controller = new AbortController();
      this.#running = controller;
      if (sides === undefined)
        void this.#judgeRegion(model, controller.signal); // keeps its failure in the state
      else void this.#judge(model, sides, controller.signal); // keeps its failure in the state
    }
  }

  async #judge(model: FlameModel, sides: Sides, signal: AbortSignal): Promise<void> {
    const { store } = this.#context;
    // Asked anew behind each wait.
    const isOver = (): boolean => signal.aborted;
    const ofSnapshot = this.#ofSnapshot();
    const failed = (failure: Failure): void => {
      store.setState({ certainty: { phase: 'failed', failure } });
    };
    const windows = await this.#windowsOf(sides, signal);
    if (windows === undefined || isOver()) return;
    if (!windows.ok) {
      const { failure } = windows;
      if (ofSnapshot.includes(true)) {
        store.setState({ certainty: { phase: 'without-windows', why: { kind: 'not-told', failure } } });
      } else failed(failure);
      return;
    }
    const known = this.#earlier.heldOf(sides);
    const judged = await this.#ask(model, windows.value, known, signal);
    if (isOver()) return;
    if (!judged.ok) {
      failed(judged.failure);
      return;
    }
    const left = judged.value.told.find(
      (share, side) => ofSnapshot[side] === true && (share < wholeSnapshot.least || share > wholeSnapshot.most),
    );
    if (left !== undefined) {
      store.setState({ certainty: { phase: 'without-windows', why: { kind: 'left', share: left } } });
      return;
    }
    this.#show(model, judged.value);
    store.setState({ certainty: { phase: 'ready' } });
    if (known !== undefined) store.setState({ earlier: { phase: 'ready' } });
    // Where nothing is called certain, earlier pairs have nothing to say.
    if (known !== undefined || judged.value.abstained !== undefined) return;
    const earlier = await this.#earlier.fetch(sides, windows.value.windowMs, signal);
    if (earlier === null || isOver()) return;
    store.setState({ earlier: { phase: 'judging' } });
    const anew = await this.#ask(model, windows.value, earlier, signal);
    if (isOver()) return;
    if (anew.ok) this.#show(model, anew.value);
    store.setState({ earlier: anew.ok ? { phase: 'ready' } : { phase: 'failed', failure: anew.failure } });
  }

  /** By side whether it is a snapshot, of which its source may know nothing any more. */
  #ofSnapshot(): readonly boolean[] {
    const { viewSides, viewWindows } = this.#context.store.getState();
    return viewWindows.map((selection, side) => selection !== null && viewSides[side] == null);
  }

  /** Whether what is on the screen is a part of a recording against the rest: both say when their samples were taken. */
  #isRegion(): boolean {
    const { viewSource } = this.#context.store.getState();
    return viewSource?.kind === 'diff' && viewSource.spans !== undefined;
  }

  async #judgeRegion(model: FlameModel, signal: AbortSignal): Promise<void> {
    const { store } = this.#context;
    store.setState({ certainty: { phase: 'idle' } });
    const judged = await this.#askRegion(model, signal);
    if (signal.aborted) return;
    if (judged.ok) this.#show(model, judged.value);
    store.setState({ certainty: judged.ok ? { phase: 'ready' } : { phase: 'failed', failure: judged.failure } });
  }

  #askRegion({ viewId }: FlameModel, signal: AbortSignal): Promise<Result<Certainty>> {
    return this.#context.decoder.call('view.regionCertainty', { viewId }, signal);
  }

  #ask(
    { viewId }: FlameModel,
    { ids: [baselineWindows, comparisonWindows] }: Windows,
    earlier: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<Certainty>> {
    const params = { viewId, baselineWindows, comparisonWindows };
    return this.#context.decoder.call(
      'view.certainty',
      earlier === undefined ? params : { ...params, earlierWindows: earlier },
      signal,
    );
  }

  #show(model: FlameModel, value: Certainty): void {
    const { certainty, flame } = this.#context;
    model.judge(value);
    certainty.set({ viewId: model.viewId, value });
    flame.touch();
  }

  /** The windows of both sides; undefined when somebody has to agree to the cost first. */
  async #windowsOf(sides: Sides, signal: AbortSignal): Promise<Result<Windows> | undefined> {
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
      const fetched = await this.#fetcher.fetch({ selection }, signal, (count) => {
        done[index] = count;
        if (!signal.aborted)
          store.setState({ certainty: { phase: 'loading', done: (done[0] ?? 0) + (done[1] ?? 0), of } });
      });
      if (!fetched.ok || signal.aborted) {
        this.#fetcher.release(fetched.ok ? [...ids, fetched.value] : ids);
        return fetched.ok ? undefined : fetched;
      }
      ids.push(fetched.value);
    }
    this.#fetcher.release(this.#windows?.ids ?? []);
    this.#earlier.release();
    const [first = '', second = ''] = ids;
    this.#windows = { key, ids: [first, second], windowMs };
    return { ok: true, value: this.#windows };
  }
}
