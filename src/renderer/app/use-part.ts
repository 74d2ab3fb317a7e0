import { useEffect, useMemo, useState } from 'react';
import type { FlameHeader, ViewSource } from '../../contract/decoder.js';
import type { FlameModel } from '../flame/model.js';
import { createCell, createSlot, useCell } from '../state/cell.js';
import type { Context } from '../state/context.js';
import type { Found } from '../state/search-control.js';
import { openSideView } from '../state/side-view.js';
import { createAppStore } from '../state/store.js';
import { useWorkbench, type Workbench } from './workbench.js';

/** A graph beside the main one. */
export interface Part {
  /** What its components are drawn inside. */
  readonly workbench: Workbench;
  /** Once it is known. */
  readonly header: FlameHeader | null;
  readonly failure: string | null;
}

/**
 * Another view of what is on the screen, with a store of its own: opened while it is looked at. What is done to frames from its
 * menu is done to the main view. Of a diff whose windows were judged, it is judged by them too. `follow` says what of the
 * main window it follows, and returns what ends that; it must be the same function at each call.
 */
export function usePart(source: ViewSource | null, follow: (main: Context, part: Context) => () => void): Part {
  const workbench = useWorkbench();
  const { context: main, certainty } = workbench;
  const [header, setHeader] = useState<FlameHeader | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const context = useMemo<Context>(
    () => ({
      ...main,
      store: createAppStore(main.clock()),
      flame: createCell<FlameModel | null>(null),
      shownPart: createSlot(main.shownPart.get()),
      found: createCell<Found | null>(null),
      operationsOn: main,
    }),
    [main],
  );
  useEffect(() => follow(main, context), [main, context, follow]);
  useEffect(() => {
    if (source === null) return undefined;
    const view = openSideView(main, source, () => {
      context.flame.touch();
    });
    void view.opened.then((result) => {
      if (result.ok) {
        const shown = result.value.header ?? null;
        context.store.setState({ viewPhase: 'ready', viewHeader: shown, viewSource: source });
        context.flame.set(result.value);
        setHeader(shown);
      } else if (result.failure.code !== 'cancelled') setFailure(result.failure.message);
    });
    return () => {
      view.dispose();
      context.flame.set(null);
    };
  }, [main, context, source]);
  const judged = useCell(main.certainty);
  useEffect(() => {
    const model = context.flame.get();
    if (model === null || judged === null || header?.viewId !== model.viewId) return undefined;
    const controller = new AbortController();
    let asked = false;
    // What is sent ahead of a large view numbers its nodes otherwise than the judgement does.
    const judge = (): void => {
      if (asked || !model.complete) return;
      asked = true;
      void certainty.judgePart(model, controller.signal).then((done) => {
        if (done) context.flame.touch();
      });
    };
    const end = context.flame.subscribe(judge);
    judge();
    return () => {
      end();
      controller.abort();
    };
  }, [context, certainty, judged, header]);
  return useMemo(
    () => ({ workbench: { ...workbench, context }, header, failure }),
    [workbench, context, header, failure],
  );
}
