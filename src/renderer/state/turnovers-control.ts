import type { Context } from './context.js';
import { sourceAnswers } from './readable.js';
import { currentExtent, isExtentUnknown } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import { selectionOf } from './timeline-control.js';
import { watch } from './watch.js';

const none = { stepMs: 0, turnovers: [], starts: [] };

/** Keeps the deploys and restarts of the timeline in step with the selection. Returns what ends it. */
export function followTurnovers(context: Context): () => void {
  const { store, links } = context;
  let asking: AbortController | undefined;
  let subject = '';

  const ask = async (state: AppState): Promise<void> => {
    asking?.abort();
    const of = JSON.stringify([state.targetId, state.source, selectorOf(state), state.profileType]);
    if (of !== subject) store.setState({ turnovers: none });
    subject = of;
    const { targetId } = state;
    if (targetId === null || !sourceAnswers(state) || isExtentUnknown(state)) return;
    const controller = new AbortController();
    asking = controller;
    const selection = selectionOf(state, targetId, currentExtent(state));
    const found = await links.query('source.turnovers', { selection }, controller.signal);
    // Without them nothing is proposed; a source that does not answer is said by the view.
    if (!controller.signal.aborted) store.setState({ turnovers: found.ok ? found.value : none });
  };

  const keyOf = (state: AppState): string =>
    JSON.stringify([
      state.targetId,
      state.source,
      selectorOf(state),
      state.profileType,
      sourceAnswers(state),
      currentExtent(state),
      state.earliestMs === null,
    ]);
  const end = watch(store, keyOf, (state) => {
    void ask(state); // as above
  });
  return () => {
    asking?.abort();
    end();
  };
}
