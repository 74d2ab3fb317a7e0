import type { SourceKind } from '../../contract/selection.js';
import type { Context } from './context.js';
import { sourceAnswers } from './readable.js';

/** How often a Pyroscope is looked at: it does not tell of new windows. */
const pyroscopePeriodMs = 15_000;

/** Moves the timeline's end on while Live is on. Returns what ends it. */
export function followLive(context: Context): () => void {
  const { store, links, clock } = context;
  const advance = (source: SourceKind, toMs: number): void => {
    const state = store.getState();
    if (!state.live || state.source !== source || state.document.kind !== 'selection' || !sourceAnswers(state)) return;
    store.setState({ extentEndMs: Math.max(toMs, state.extentEndMs) });
  };
  const end = links.on('window.stored', ({ targetId, endMs }) => {
    if (targetId === store.getState().targetId) advance('agent', Math.max(clock(), endMs));
  });
  const timer = setInterval(() => {
    advance('pyroscope', clock());
  }, pyroscopePeriodMs);
  return () => {
    end();
    clearInterval(timer);
  };
}
