import type { ViewSource } from '../../contract/decoder.js';
import { unpackNames } from '../../contract/packed-names.js';
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
      if (piece.viewId === viewId) model.appendNames(unpackNames(piece));
    }),
    decoder.on('view.piece', (piece) => {
      if (piece.viewId !== viewId) return;
      model.appendPiece(piece);
      if (model.stage === 'whole') onGrown();
    }),
    decoder.on('view.preview', (piece) => {
      if (piece.viewId !== viewId) return;
      model.appendPreview(piece);
      if (model.shown) onGrown();
    }),
  ];
  const open = async (): Promise<Result<FlameModel>> => {
    const screen = { widthPx: context.shownPart.get().widthPx, from: 0, to: 1, zoomPath: [] };
    const header = await decoder.call('view.open', { viewId, source, screen }, controller.signal);
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
