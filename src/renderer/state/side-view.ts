import type { ViewSource } from '../../contract/decoder.js';
import type { Result } from '../../contract/result.js';
import { FlameModel } from '../flame/model.js';
import type { Context } from './context.js';

/** A view beside the main one: opened in the decoder while it is looked at, closed after. */
export interface SideView {
  /** Settles when its header is there; its pieces follow, and `onGrown` is called for each. */
  readonly opened: Promise<Result<FlameModel>>;
  dispose(): void;
}

/** Opens a view of what is on the screen with other operations. */
export function openSideView(context: Context, source: ViewSource, onGrown: () => void): SideView {
  const { decoder, newId } = context;
  const viewId = newId('side');
  const model = new FlameModel(viewId);
  const controller = new AbortController();
  const ends = [
    decoder.on('view.names', (piece) => {
      if (piece.viewId === viewId) model.appendNames(piece);
    }),
    decoder.on('view.piece', (piece) => {
      if (piece.viewId !== viewId) return;
      model.appendPiece(piece);
      onGrown();
    }),
  ];
  const open = async (): Promise<Result<FlameModel>> => {
    const header = await decoder.call('view.open', { viewId, source }, controller.signal);
    if (!header.ok) return header;
    model.begin(header.value);
    return { ok: true, value: model };
  };
  return {
    opened: open(),
    dispose: () => {
      controller.abort();
      for (const end of ends) end();
      void decoder.call('view.close', { viewId }); // a view that is gone needs no closing
    },
  };
}
