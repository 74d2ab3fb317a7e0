import {
  decoderCalls,
  decoderShellCalls,
  type DecoderCalls,
  type DecoderEvents,
  type DecoderShellCalls,
  type FlameHeader,
  type ViewSource,
} from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { packNames } from '../../contract/packed-names.js';
import { serve, type Port, type Server } from '../../contract/rpc.js';
import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { cutFlame } from '../../core/flame/pieces.js';
import type { EventMap } from '../../contract/calls.js';
import { functionHeat, sampleHeat } from './heat.js';
import { labelTable, setsLetThrough } from './labels.js';
import { planView, type ViewGraph, type ViewPlan } from './lay-out-view.js';
import { writeShare } from './share.js';
import { Precedence } from './precedence.js';
import type { ProfileStore } from './store.js';
import { summaryOf } from './summary.js';
import { timeChanges } from './time-changes.js';
import { timedThreads } from './time-order.js';
import { viewCertainty } from './view-certainty.js';
import { lineTable, lineTree, type LineTree } from './view-lines.js';
import { regionWindows } from './region-sides.js';
import { calmly, type Watch } from './watch.js';
import { countWatched } from './count-watched.js';
import { frameDetails, namesPiece, viewChildren, viewFunctionTable, viewSummary } from './views.js';
import { WindowTables, windowRangePlan } from './window-table.js';

/** Told of exceptions that no handler expected. */
export type OnBug = (error: unknown, callName: string) => void;

/** Names of a view that are sent: those that its pieces use, all of its numbering, or none because the window has them. */
type SentNames = 'needed' | 'all' | 'none';

interface OpenView {
  /** Absent until it was made. The tree is kept, so that what is asked of the view later is told of what it shows. */
  made: Pick<ViewPlan, 'tree' | 'functions'> | undefined;
  /** What it was made of; absent for a range of windows. */
  readonly source: ViewSource | undefined;
  /** Made when lines are asked for, and kept with the view, as it was asked for last. */
  lines: { readonly apart: boolean; readonly tree: Promise<Result<LineTree>> } | undefined;
  /** By level-order index, the node of the tree; settles when all of the view is laid out. */
  order: Promise<Uint32Array> | undefined;
  /** Ends what is computed for it. */
  readonly closing: AbortController;
}

/** Lets other calls in between two pieces: a pan or a close must not wait for a million nodes. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const notOpen = (): Result<never> => fail('not-found', 'The view is not open.');

/** What a signal ended is an expected failure. */
async function untilAborted<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result<T>>,
): Promise<Result<T>> {
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) return fail('cancelled', 'Cancelled.');
    throw error;
  }
}

/**
 * Serves a window. What the window has open is freed when its port closes. Names and pieces of a view are sent after the answer to
 * `view.open`, each piece behind the names that it uses, and stop when the view is closed or opened anew under its id.
 */
export function serveWindow(port: Port, store: ProfileStore, onBug: OnBug): Server<DecoderEvents> {
  const holder = {};
  const views = new Map<string, OpenView>();
  const tables = new WindowTables(store.decoder);
  /** Urgent is a view until what the screen shows of it is sent. */
  const precedence = new Precedence();

  const watchOf = (of: string, signal: AbortSignal): Watch => ({
    signal,
    onStep: calmly(
      (step, share) => {
        server.emit('work.progress', { of, step, share });
      },
      () => performance.now(),
    ),
  });
  const closeView = (viewId: string): void => {
    views.get(viewId)?.closing.abort();
    views.delete(viewId);
  };
  const sendPieces = async (
    viewId: string,
    view: ViewPlan,
    whole: Promise<ViewGraph>,
    open: OpenView,
    names: SentNames,
    onAhead: () => void,
  ): Promise<void> => {
    const all = view.functions.source.length;
    let named = names === 'none' ? all : 0;
    const send = async (event: 'view.preview' | 'view.piece', graph: FlameGraph): Promise<void> => {
      for (const piece of cutFlame(graph)) {
        await pause();
        if (event === 'view.piece' && view.preview !== undefined) await precedence.calm();
        let needed = names === 'all' ? all : 0;
        for (const index of piece.functionIndex) needed = Math.max(needed, index + 1);
        while (named < needed) {
          if (views.get(viewId) !== open) return;
          const next = namesPiece(view, viewId, named);
          named += next.names.length;
          server.emit('view.names', packNames(next));
          await pause();
        }
        if (views.get(viewId) !== open) return;
        server.emit(event, { viewId, ...piece });
      }
    };
    if (view.preview !== undefined) {
      await send('view.preview', view.preview);
      onAhead();
    }
    await send('view.piece', (await whole).graph);
  };

  const openView = async (
    viewId: string,
    source: ViewSource | undefined,
    names: SentNames,
    signal: AbortSignal,
    plan: (signal: AbortSignal) => Promise<Result<ViewPlan>>,
  ): Promise<Result<FlameHeader>> => {
    const open: OpenView = {
      made: undefined,
      source,
      lines: undefined,
      order: undefined,
      closing: new AbortController(),
    };
    closeView(viewId);
    views.set(viewId, open);
    const endUrgency = precedence.begin();
    const view = await untilAborted(AbortSignal.any([signal, open.closing.signal]), plan).catch((error: unknown) => {
      endUrgency();
      throw error;
    });
    if (!view.ok) {
      endUrgency();
      if (views.get(viewId) === open) views.delete(viewId);
      return view;
    }
    // The columns of the graph are not kept: the window has them.
    const { tree, functions } = view.value;
    open.made = { tree, functions };
    let begin = (): void => undefined;
    const ahead = new Promise<void>((resolve) => {
      begin = resolve;
    });
    // What is sent ahead has the processors for itself. The call's signal does not end the rest: only closing the view does.
    const whole = ahead.then(() => view.value.whole({ signal: open.closing.signal }));
    open.order = whole.then(({ order }) => order);
    open.order.catch(() => undefined); // told of by who sends the pieces
    if (view.value.preview === undefined) begin();
    const onAhead = (): void => {
      begin();
      endUrgency();
    };
    void sendPieces(viewId, view.value, whole, open, names, onAhead)
      .catch((error: unknown) => {
        if (!open.closing.signal.aborted) onBug(error, 'view.open');
      })
      .finally(onAhead);
    return ok({ viewId, ...view.value.header });
  };

  const server = serve<DecoderCalls, DecoderEvents>(
    port,
    decoderCalls,
    {
      'profile.open': ({ profileId }, signal) =>
        untilAborted(signal, async () => {
          const opened = await store.open(profileId, holder, watchOf(profileId, signal));
          return opened.ok ? ok(summaryOf(opened.value)) : opened;
        }),
      'profile.labels': ({ profileId, valueIndex }, signal) =>
        untilAborted(signal, (either) =>
          store.withProfile(profileId, ({ decoded }) => Promise.resolve(ok(labelTable(decoded.profile, valueIndex))), {
            signal: either,
          }),
        ),
      'profile.heat': ({ profileId, operations = [] }, signal) =>
        untilAborted(signal, (either) =>
          store.withProfile(profileId, ({ decoded }) => Promise.resolve(sampleHeat(decoded.profile, operations)), {
            signal: either,
          }),
        ),
      'profile.heatOf': ({ source, of }, signal) =>
        untilAborted(signal, (either) => functionHeat(store, source, of, { signal: either })),
      'profile.threads': ({ profileId, valueIndex, operations = [] }, signal) =>
        untilAborted(signal, (either) =>
          store.withProfile(
            profileId,
            ({ decoded }) => Promise.resolve(ok(timedThreads(decoded.profile, valueIndex, operations))),
            { signal: either },
          ),
        ),
      'profile.close': ({ profileId }) => {
        store.close(profileId, holder);
        return ok(null);
      },
      'view.open': ({ viewId, source, screen }, signal) =>
        openView(viewId, source, 'needed', signal, (either) =>
          planView(store, source, screen, watchOf(viewId, either)),
        ),
      'view.range': ({ viewId, windowsId, startMs, endMs, operations = [], named }, signal) =>
        openView(viewId, undefined, named ? 'none' : 'all', signal, async (either) => {
          const windows = await store.windows.open(windowsId);
          if (!windows.ok) return windows;
          const table = await tables.open(windows.value, operations, either);
          if (!table.ok) return table;
          return ok(await windowRangePlan(store.decoder, table.value, startMs, endMs, { signal: either }));
        }),
      'view.close': ({ viewId }) => {
        closeView(viewId);
        return ok(null);
      },
      'view.functions': ({ viewId }) => {
        const made = views.get(viewId)?.made;
        return made === undefined ? notOpen() : ok(viewFunctionTable(made.tree, made.functions));
      },
      'view.summary': ({ viewId }, signal) => {
        const { made, closing } = views.get(viewId) ?? {};
        if (made === undefined || closing === undefined) return notOpen();
        return untilAborted(AbortSignal.any([signal, closing.signal]), (either) =>
          viewSummary(made.tree, { signal: either }, precedence),
        );
      },
      'view.frame': ({ viewId, functionIndex }) => {
        const made = views.get(viewId)?.made;
        return made === undefined ? notOpen() : frameDetails(made.tree, made.functions, functionIndex);
      },
      'view.lines': async ({ viewId, functionIndex, apart = false }, signal) => {
        const open = views.get(viewId);
        if (open?.made === undefined) return notOpen();
        const { made, source, closing } = open;
        if (source === undefined) return fail('unsupported', 'Lines are told of views, and not of ranges of windows.');
        const frame = made.functions.source[functionIndex];
        if (frame === undefined) return fail('not-found', 'The view has no such function.');
        return untilAborted(AbortSignal.any([signal, closing.signal]), async () => {
          const lines =
            open.lines?.apart === apart
              ? open.lines
              : { apart, tree: lineTree(store, source, made.tree, apart, { signal: closing.signal }) };
          open.lines = lines;
          const tree = await lines.tree;
          if (!tree.ok) {
            if (open.lines === lines) open.lines = undefined; // what was not there may be the next time
            return tree;
          }
          return lineTable(tree.value, made.tree.frames.frameAt(frame));
        });
      },
      'view.children': (request) => {
        const made = views.get(request.viewId)?.made;
        return made === undefined ? notOpen() : viewChildren(made.tree, made.functions, request);
      },
      'profile.changes': ({ profileId, windowsId }, signal) =>
        untilAborted(signal, async (either) => {
          const windows = await store.windows.open(windowsId);
          return windows.ok ? timeChanges(store, profileId, windows.value, either) : windows;
        }),
      'view.certainty': async ({ viewId, baselineWindows, comparisonWindows, earlierWindows }, signal) => {
        const open = views.get(viewId);
        if (open?.made === undefined || open.order === undefined) return notOpen();
        const { made, closing } = open;
        const laidOut = open.order;
        return untilAborted(AbortSignal.any([signal, closing.signal]), async (either) => {
          const baseline = await store.windows.open(baselineWindows);
          if (!baseline.ok) return baseline;
          const comparison = await store.windows.open(comparisonWindows);
          if (!comparison.ok) return comparison;
          const earlier = earlierWindows === undefined ? undefined : await store.windows.open(earlierWindows);
          if (earlier?.ok === false) return earlier;
          const view = { ...made, order: await laidOut };
          return viewCertainty(store.decoder, view, baseline.value, comparison.value, either, earlier?.value);
        });
      },
      'view.regionCertainty': async ({ viewId }, signal) => {
        const open = views.get(viewId);
        if (open?.made === undefined || open.order === undefined) return notOpen();
        const { made, source, closing } = open;
        const laidOut = open.order;
        if (source?.kind !== 'diff' || source.spans === undefined) {
          return fail('invalid-input', 'Only a region of a recording has a rest to be judged against.');
        }
        const { comparisonId, spans, valueIndex } = source;
        return untilAborted(AbortSignal.any([signal, closing.signal]), (either) =>
          store.withProfile(
            comparisonId,
            async ({ decoded }) => {
              const through = setsLetThrough(decoded.profile, source.operations ?? []);
              const windows = regionWindows(decoded, spans, valueIndex, through);
              if (!windows.ok) return windows;
              const view = { ...made, order: await laidOut };
              return viewCertainty(store.decoder, view, ...windows.value, either);
            },
            { signal: either },
          ),
        );
      },
    },
    onBug,
  );
  port.onClose(() => {
    for (const viewId of [...views.keys()]) closeView(viewId);
    store.closeAll(holder);
  });
  return server;
}

/** Serves the main process, whose calls carry paths. */
export function serveShell(port: Port, store: ProfileStore, onBug: OnBug): Server<EventMap> {
  return serve<DecoderShellCalls, EventMap>(
    port,
    decoderShellCalls,
    {
      'share.write': (request) => writeShare(store, request),
      'watch.count': async ({ windowsId, functions }) => {
        const windows = await store.windows.read(windowsId);
        return windows.ok ? countWatched(store.decoder, windows.value, functions) : windows;
      },
    },
    onBug,
  );
}
