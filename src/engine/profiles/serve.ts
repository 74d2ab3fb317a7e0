import {
  decoderCalls,
  decoderShellCalls,
  type DecoderCalls,
  type DecoderEvents,
  type DecoderShellCalls,
} from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { serve, type Port, type Server } from '../../contract/rpc.js';
import { cutFlame } from '../../core/flame/pieces.js';
import type { EventMap } from '../../contract/calls.js';
import { writeShare } from './share.js';
import type { ProfileStore } from './store.js';
import { summaryOf } from './summary.js';
import { viewCertainty, type CertainView } from './view-certainty.js';
import { buildView, frameDetails, namesPiece, viewChildren, viewFunctionTable, type View } from './views.js';

/** Told of exceptions that no handler expected. */
export type OnBug = (error: unknown, callName: string) => void;

interface OpenView {
  /** Absent until it was made. The tree is kept, so that what is asked of the view later is told of what it shows. */
  made: CertainView | undefined;
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

  const closeView = (viewId: string): void => {
    views.get(viewId)?.closing.abort();
    views.delete(viewId);
  };
  const sendPieces = async (viewId: string, view: View, open: OpenView): Promise<void> => {
    let named = 0;
    for (const piece of cutFlame(view.graph)) {
      await pause();
      let needed = 0;
      for (const index of piece.functionIndex) needed = Math.max(needed, index + 1);
      while (named < needed) {
        if (views.get(viewId) !== open) return;
        const names = namesPiece(view, viewId, named);
        named += names.names.length;
        server.emit('view.names', names);
        await pause();
      }
      if (views.get(viewId) !== open) return;
      server.emit('view.piece', { viewId, ...piece });
    }
  };

  const server = serve<DecoderCalls, DecoderEvents>(
    port,
    decoderCalls,
    {
      'profile.open': async ({ profileId }) => {
        const opened = await store.open(profileId, holder);
        return opened.ok ? ok(summaryOf(opened.value)) : opened;
      },
      'profile.close': ({ profileId }) => {
        store.close(profileId, holder);
        return ok(null);
      },
      'view.open': async ({ viewId, source }, signal) => {
        const open: OpenView = { made: undefined, closing: new AbortController() };
        closeView(viewId);
        views.set(viewId, open);
        const view = await untilAborted(AbortSignal.any([signal, open.closing.signal]), (either) =>
          buildView(store, source, either),
        );
        if (!view.ok) {
          if (views.get(viewId) === open) views.delete(viewId);
          return view;
        }
        const { tree, functions, order } = view.value;
        open.made = { tree, functions, order };
        void sendPieces(viewId, view.value, open).catch((error: unknown) => {
          onBug(error, 'view.open');
        });
        return ok({ viewId, ...view.value.header });
      },
      'view.close': ({ viewId }) => {
        closeView(viewId);
        return ok(null);
      },
      'view.functions': ({ viewId }) => {
        const made = views.get(viewId)?.made;
        return made === undefined ? notOpen() : ok(viewFunctionTable(made.tree, made.functions));
      },
      'view.frame': ({ viewId, functionIndex }) => {
        const made = views.get(viewId)?.made;
        return made === undefined ? notOpen() : frameDetails(made.tree, made.functions, functionIndex);
      },
      'view.children': (request) => {
        const made = views.get(request.viewId)?.made;
        return made === undefined ? notOpen() : viewChildren(made.tree, made.functions, request);
      },
      'view.certainty': async ({ viewId, baselineWindows, comparisonWindows }, signal) => {
        const open = views.get(viewId);
        if (open?.made === undefined) return notOpen();
        const { made, closing } = open;
        return untilAborted(AbortSignal.any([signal, closing.signal]), async (either) => {
          const baseline = await store.windows.open(baselineWindows);
          if (!baseline.ok) return baseline;
          const comparison = await store.windows.open(comparisonWindows);
          if (!comparison.ok) return comparison;
          return viewCertainty(store.decoder, made, baseline.value, comparison.value, either);
        });
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
    { 'share.write': (request) => writeShare(store, request) },
    onBug,
  );
}
