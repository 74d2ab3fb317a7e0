import type { FlameHeader } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { unpackNames } from '../../contract/packed-names.js';
import type { Selection } from '../../contract/selection.js';
import { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';
import { showsTab } from './panes.js';
import { sourceAnswers } from './readable.js';
import { currentExtent } from './selection-control.js';
import { isComparing } from './sides.js';
import type { TimeRange } from './time-range.js';
import { selectionOf } from './timeline-control.js';
import type { HeldWindows, WindowColumns } from './window-columns.js';

/** A range as it is shown while it is dragged. */
interface Step {
  readonly model: FlameModel;
  readonly header: FlameHeader;
}

/** What is shown when nothing is dragged, to come back to. */
interface Before {
  readonly model: FlameModel;
  readonly header: FlameHeader | null;
}

/**
 * While a range is dragged, shows the flame graph of what is dragged over, from windows that are held here: no step asks the source.
 * One step is on its way at a time; of those that come meanwhile the last one counts. When the drag ends, the last step stays on the
 * screen until the view of the chosen range is there.
 */
export class ScrubControl {
  readonly #context: Context;
  readonly #columns: WindowColumns;
  readonly #ends: (() => void)[];
  /** By view id, steps whose pieces are coming. */
  readonly #coming = new Map<string, { readonly model: FlameModel; readonly done: () => void }>();
  #shown: Step | undefined;
  #before: Before | undefined;
  /** Whose functions the next steps are numbered like. */
  #named: { readonly key: string; readonly model: FlameModel } | undefined;
  #wanted: TimeRange | undefined;
  #stepping = false;
  #dragging = false;
  /** What this drag is over cannot be followed: it is not asked about again at each step. */
  #refused = false;

  constructor(context: Context, columns: WindowColumns) {
    this.#context = context;
    this.#columns = columns;
    const { decoder, flame } = context;
    this.#ends = [
      decoder.on('view.names', (piece) => {
        this.#coming.get(piece.viewId)?.model.appendNames(unpackNames(piece));
      }),
      decoder.on('view.piece', (piece) => {
        const coming = this.#coming.get(piece.viewId);
        if (coming === undefined) return;
        coming.model.appendPiece(piece);
        if (piece.last) coming.done();
      }),
      decoder.onReady((restarted) => {
        if (!restarted) return;
        // No piece of these will come any more.
        for (const { done } of this.#coming.values()) done();
        this.#named = undefined;
      }),
      flame.subscribe(() => {
        // Another view took the place of a step: the one that was asked for, or of other windows.
        if (this.#shown !== undefined && flame.get() !== this.#shown.model) this.#forget();
      }),
    ];
  }

  /** A drag may follow: fetches the windows that it will need. */
  prepare(): void {
    const selection = this.#selection();
    if (selection !== undefined) void this.#columns.fetch(selection); // what cannot be had is not followed
  }

  /** The range under the pointer is another one. */
  follow(range: TimeRange): void {
    this.#dragging = true;
    this.#wanted = range;
    if (!this.#stepping && !this.#refused) void this.#run(); // ends by itself
  }

  /** The drag ended. Nothing was chosen by it, unless another view is on its way now. */
  end(): void {
    this.#dragging = false;
    this.#refused = false;
    this.#wanted = undefined;
    const { store, flame } = this.#context;
    const { viewPhase } = store.getState();
    const before = this.#before;
    if (this.#shown === undefined || before === undefined || viewPhase === 'loading') return;
    store.setState({ viewHeader: before.header });
    flame.set(before.model); // which forgets the step
  }

  dispose(): void {
    for (const end of this.#ends) end();
  }

  /** What is dragged over; undefined where a drag is not followed. */
  #selection(): Selection | undefined {
    const state = this.#context.store.getState();
    const { document, targetId, viewSource } = state;
    // A sandwich is made anew as a whole when the graph is another: too much for each step of a drag.
    const followed =
      document.kind === 'selection' &&
      viewSource?.kind === 'flame' &&
      !isComparing(state) &&
      !showsTab(state, 'sandwich');
    if (!followed || targetId === null || !sourceAnswers(state)) return undefined;
    return selectionOf(state, targetId, currentExtent(state));
  }

  async #run(): Promise<void> {
    this.#stepping = true;
    for (let range = this.#take(); range !== undefined; range = this.#take()) {
      const selection = this.#selection();
      const windows = selection === undefined ? undefined : await this.#columns.fetch(selection);
      if (windows?.ok !== true) {
        this.#refused = true;
        break;
      }
      // The windows took their time, and the pointer went on.
      const step = await this.#step(windows.value, this.#take() ?? range);
      if (step !== undefined) this.#show(step);
    }
    this.#stepping = false;
  }

  #take(): TimeRange | undefined {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    return wanted;
  }

  async #step({ windowsId }: HeldWindows, { startMs, endMs }: TimeRange): Promise<Step | undefined> {
    const { store, decoder, newId } = this.#context;
    const operations: readonly Operation[] = store.getState().viewSource?.operations ?? [];
    const key = `${windowsId} ${JSON.stringify(operations)}`;
    const named = this.#named?.key === key ? this.#named.model : undefined;
    const viewId = newId('range');
    const model = new FlameModel(viewId, named);
    const whole = new Promise<void>((resolve) => {
      this.#coming.set(viewId, { model, done: resolve });
    });
    const header = await decoder.call('view.range', {
      viewId,
      windowsId,
      startMs,
      endMs,
      ...(operations.length === 0 ? {} : { operations: [...operations] }),
      named: named !== undefined,
    });
    if (!header.ok || !this.#fits(header.value)) {
      this.#coming.delete(viewId);
      this.#close(viewId);
      return undefined;
    }
    model.begin(header.value);
    await whole;
    this.#coming.delete(viewId);
    if (!model.complete) return undefined;
    if (named === undefined) this.#named = { key, model };
    return { model, header: header.value };
  }

  /** Windows are of a source's first sample type; what is shown may be another one. */
  #fits({ sampleType }: FlameHeader): boolean {
    const shown = this.#context.store.getState().viewHeader?.sampleType;
    return shown?.type === sampleType.type && shown.unit === sampleType.unit;
  }

  #show(step: Step): void {
    const { store, flame } = this.#context;
    const last = this.#shown;
    if (!this.#dragging) {
      this.#close(step.model.viewId);
      return;
    }
    const current = flame.get();
    if (last === undefined && current !== null) this.#before = { model: current, header: store.getState().viewHeader };
    this.#shown = step;
    store.setState({ viewHeader: step.header });
    flame.set(step.model);
    if (last !== undefined) this.#close(last.model.viewId);
  }

  #forget(): void {
    if (this.#shown !== undefined) this.#close(this.#shown.model.viewId);
    this.#shown = undefined;
    this.#before = undefined;
  }

  #close(viewId: string): void {
    void this.#context.decoder.call('view.close', { viewId }); // a view that is gone needs no closing
  }
}
