import type { Choice } from '../../contract/profiled.js';
import { cpuProfileType } from '../../contract/selection.js';
import type { Context } from './context.js';
import { withoutStep } from './history-control.js';
import { sourceAnswers } from './readable.js';
import { currentExtent } from './selection-control.js';
import type { AppState } from './store.js';
import { currentTarget } from './targets-control.js';
import { watch } from './watch.js';

function servicesOf(state: AppState): string {
  return `${state.targetId ?? ''} ${state.source}`;
}

/** What is profiled: another choice marks other services. */
function choiceOf(state: AppState): Choice | undefined {
  return currentTarget(state)?.agent.status?.choice;
}

/** Keeps the services and profile types of the chosen source in step with its windows. Returns what ends it. */
export function followServices(context: Context): () => void {
  const { store, links } = context;
  let asking: AbortController | undefined;

  const ask = async (state: AppState): Promise<void> => {
    const { targetId, source } = state;
    asking?.abort();
    const of = servicesOf(state);
    if (state.servicesOf !== of) {
      store.setState({
        servicesOf: of,
        services: [],
        servicesPhase: 'idle',
        servicesFailure: null,
        profileTypes: [],
      });
    }
    if (targetId === null || !sourceAnswers(state)) return;
    const controller = new AbortController();
    asking = controller;
    if (store.getState().services.length === 0) store.setState({ servicesPhase: 'loading' });
    const extent = currentExtent(state);
    const params = { targetId, source, ...extent };
    const [services, types] = await Promise.all([
      links.query('source.services', params, controller.signal),
      links.query('source.profileTypes', params, controller.signal),
    ]);
    if (controller.signal.aborted) return;
    if (!services.ok) {
      store.setState({ servicesPhase: 'failed', servicesFailure: services.failure });
      return;
    }
    store.setState({ services: services.value, servicesPhase: 'ready', servicesFailure: null });
    if (!types.ok) return;
    const { profileType } = store.getState();
    const known = types.value.length === 0 || types.value.includes(profileType);
    store.setState({ profileTypes: types.value });
    if (known) return;
    const other = types.value.find((type) => type === cpuProfileType) ?? types.value[0] ?? '';
    store.setState((now) => withoutStep(now, { profileType: other }));
  };

  const keyOf = (state: AppState): string =>
    JSON.stringify([servicesOf(state), sourceAnswers(state), currentExtent(state), choiceOf(state)]);
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

/** Selector of the selection: a service's own, or everything. */
export function selectorOf(state: AppState): string {
  return state.selector ?? '{}';
}
