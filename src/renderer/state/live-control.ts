import type { SourceKind } from '../../contract/selection.js';
import type { Context } from './context.js';
import { sourceAnswers, sourceKey } from './readable.js';
import { sourceTime } from './source-time.js';
import { watch } from './watch.js';

/** How often a Pyroscope is looked at: it does not tell of new windows. */
const pyroscopePeriodMs = 15_000;

/** Moves the timeline's end on while Live is on. Returns what ends it. */
export function followLive(context: Context): () => void {
  const { store, links } = context;
  const advance = (source: SourceKind, toMs: number): void => {
    const state = store.getState();
    if (!state.live || state.source !== source || state.document.kind !== 'selection' || !sourceAnswers(state)) return;
    store.setState({ extentEndMs: toMs });
  };
  const now = (source: SourceKind): number => sourceTime(context, store.getState().targetId, source);
  const ends = [
    links.on('window.stored', ({ targetId, endMs }) => {
      if (targetId === store.getState().targetId) advance('agent', Math.max(now('agent'), endMs));
    }),
    // What its clock shows is known from the moment that an agent answers.
    watch(store, sourceKey, ({ source }) => {
      advance(source, now(source));
    }),
  ];
  const timer = setInterval(() => {
    advance('pyroscope', now('pyroscope'));
  }, pyroscopePeriodMs);
  return () => {
    for (const end of ends) end();
    clearInterval(timer);
  };
}
