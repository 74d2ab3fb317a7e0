import { cpuProfileType } from '../../contract/selection.js';
import type { Trust } from '../../contract/trust.js';
import type { Context } from './context.js';
import { sourceAnswers } from './readable.js';
import { currentExtent } from './selection-control.js';
import type { AppState } from './store.js';
import { judgesSource } from './trust-control.js';
import { watch } from './watch.js';

/** The agent reads what lies in each window to judge it: as much as says how a service is now, of those that matter, now and then. */
const judgedMs = 5 * 60_000;
const mostServices = 24;

/** Has the agent judge the services of the list, one after the other, the largest first. Returns what ends it. */
export function followServiceTrust(context: Context): () => void {
  const { store, links, clock } = context;
  let asking: AbortController | undefined;
  let askedAtMs = 0;
  let subject = '';

  const ask = async (state: AppState): Promise<void> => {
    const { servicesOf, targetId, source, services } = state;
    if (servicesOf !== subject) {
      asking?.abort();
      asking = undefined;
      subject = servicesOf;
      askedAtMs = 0;
      store.setState({ serviceTrust: {} });
    }
    const isFresh = asking !== undefined || clock() - askedAtMs < judgedMs;
    if (isFresh || targetId === null || services.length === 0 || !judgesSource(state) || !sourceAnswers(state)) return;
    const controller = new AbortController();
    asking = controller;
    askedAtMs = clock();
    const { endMs } = currentExtent(state);
    const range = { startMs: Math.max(0, Math.floor(endMs - judgedMs)), endMs: Math.ceil(endMs) };
    const judged = services
      .filter((row) => row.pushed !== true && row.notProfiled !== true)
      .toSorted((a, b) => (b.cpuCores ?? 0) - (a.cpuCores ?? 0))
      .slice(0, mostServices);
    for (const { selector } of judged) {
      const selection = { targetId, source, profileType: cpuProfileType, selector, ...range };
      const answer = await links.query('source.trust', { selection }, controller.signal);
      if (controller.signal.aborted) return;
      // A service without a judgement has no mark; why is said where it is looked at.
      if (answer.ok) keep(selector, answer.value);
    }
    asking = undefined;
  };

  const keep = (selector: string, trust: Trust): void => {
    store.setState((state) => ({ serviceTrust: { ...state.serviceTrust, [selector]: trust } }));
  };

  const keyOf = (state: AppState): string =>
    JSON.stringify([
      state.servicesOf,
      state.services.map(({ selector }) => selector),
      judgesSource(state),
      sourceAnswers(state),
      Math.floor(currentExtent(state).endMs / judgedMs),
    ]);
  const end = watch(store, keyOf, (state) => {
    void ask(state); // as above
  });
  return () => {
    asking?.abort();
    end();
  };
}
