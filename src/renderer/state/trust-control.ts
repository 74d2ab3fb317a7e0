import { cpuProfileType } from '../../contract/selection.js';
import type { Context } from './context.js';
import { sourceAnswers } from './readable.js';
import { currentExtent } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import { currentTarget } from './targets-control.js';
import { watch } from './watch.js';

/** Whether the chosen source judges its samples: our agent's own store does, py-spy does not. */
export function judgesSource(state: AppState): boolean {
  return state.source === 'agent' && currentTarget(state)?.agent.engine === undefined;
}

/** Whether what is shown has a judge: samples of CPU time from our agent's own store. */
export function hasTrust(state: AppState): boolean {
  return state.document.kind === 'selection' && state.profileType === cpuProfileType && judgesSource(state);
}

/** Keeps the agent's judgement of the chosen range in step with the selection, while it can be seen. Returns what ends it. */
export function followTrust(context: Context): () => void {
  const { store, links } = context;
  let asking: AbortController | undefined;
  let shownOf = '';

  const ask = async (state: AppState): Promise<void> => {
    asking?.abort();
    const of = JSON.stringify([state.targetId, selectorOf(state)]);
    if (of !== shownOf || !hasTrust(state)) {
      store.setState({ trust: null, trustOf: null, trustPhase: 'idle', trustFailure: null });
      shownOf = of;
    }
    const { targetId, profileType, source } = state;
    if (targetId === null || !state.detailsOpen || !hasTrust(state) || !sourceAnswers(state)) return;
    const controller = new AbortController();
    asking = controller;
    if (store.getState().trust === null) store.setState({ trustPhase: 'loading' });
    const selection = { targetId, source, profileType, selector: selectorOf(state), ...rangeOf(state) };
    const answer = await links.query('source.trust', { selection }, controller.signal);
    if (controller.signal.aborted) return;
    if (answer.ok) store.setState({ trust: answer.value, trustOf: selection, trustPhase: 'ready', trustFailure: null });
    else store.setState({ trust: null, trustOf: null, trustPhase: 'failed', trustFailure: answer.failure });
  };

  const keyOf = (state: AppState): string =>
    JSON.stringify([
      state.targetId,
      selectorOf(state),
      hasTrust(state),
      sourceAnswers(state),
      state.detailsOpen,
      rangeOf(state),
    ]);
  const ends = [
    watch(store, keyOf, (state) => {
      void ask(state); // keeps its failure in the state
    }),
    links.onReady((restarted) => {
      if (restarted) void ask(store.getState()); // as above
    }),
  ];
  return () => {
    asking?.abort();
    for (const end of ends) end();
  };
}

function rangeOf(state: AppState): { readonly startMs: number; readonly endMs: number } {
  const { startMs, endMs } = state.range ?? currentExtent(state);
  return { startMs: Math.max(0, Math.floor(startMs)), endMs: Math.ceil(endMs) };
}
