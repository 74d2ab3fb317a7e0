import {
  decoderCalls,
  decoderShellCalls,
  type DecoderCalls,
  type DecoderEvents,
  type DecoderShellCalls,
} from '../../contract/decoder.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Port, type Server } from '../../contract/rpc.js';
import { cutFlame } from '../../core/flame/pieces.js';
import type { ViewFunctions } from '../../core/flame/view-functions.js';
import type { EventMap } from '../../contract/calls.js';
import type { ViewSource } from '../../contract/decoder.js';
import { writeShare } from './share.js';
import type { ProfileStore } from './store.js';
import { summaryOf } from './summary.js';
import { buildView, namesPiece, viewFunctionTable, type View } from './views.js';

/** Told of exceptions that no handler expected. */
export type OnBug = (error: unknown, callName: string) => void;

interface OpenView {
  readonly source: ViewSource;
  functions: ViewFunctions | undefined;
}

/** Lets other calls in between two pieces: a pan or a close must not wait for a million nodes. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * Serves a window. What the window has open is freed when its port closes. Names and pieces of a view are sent after the answer to
 * `view.open`, each piece behind the names that it uses, and stop when the view is closed or opened anew under its id.
 */
export function serveWindow(port: Port, store: ProfileStore, onBug: OnBug): Server<DecoderEvents> {
  const holder = {};
  const views = new Map<string, OpenView>();

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
      'view.open': async ({ viewId, source }) => {
        const open: OpenView = { source, functions: undefined };
        views.set(viewId, open);
        const view = await buildView(store, source);
        if (!view.ok) {
          if (views.get(viewId) === open) views.delete(viewId);
          return view;
        }
        open.functions = view.value.functions;
        void sendPieces(viewId, view.value, open).catch((error: unknown) => {
          onBug(error, 'view.open');
        });
        return ok({ viewId, ...view.value.header });
      },
      'view.close': ({ viewId }) => {
        views.delete(viewId);
        return ok(null);
      },
      'view.functions': async ({ viewId }) => {
        const open = views.get(viewId);
        if (open?.functions === undefined) return fail('not-found', 'The view is not open.');
        return viewFunctionTable(store, open.source, open.functions);
      },
    },
    onBug,
  );
  port.onClose(() => {
    views.clear();
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
