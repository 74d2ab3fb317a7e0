import type { WatchRule } from '../../contract/watching.js';
import { prometheusRules, type ExportedRule } from '../../core/watch/prometheus-rules.js';
import type { FunctionName } from '../../core/compare/function-keys.js';
import type { Context } from './context.js';
import { switchToSelection } from './document-switch.js';
import { showTab } from './panes.js';
import { selectorOf } from './services-control.js';
import { changeSettings } from './settings-control.js';
import { sourceTime } from './source-time.js';
import type { AppState } from './store.js';
import { showInfo } from './toasts.js';

/** Follows what the app knows of the rules that are watched. Returns what ends it. */
export function followWatches(context: Context): () => void {
  const { store, shell } = context;
  const load = async (): Promise<void> => {
    const listed = await shell.call('watches.list', {});
    if (listed.ok) store.setState({ watchStates: listed.value });
  };
  void load(); // the next look tells again
  const ends = [
    shell.on('watches.changed', ({ states }) => {
      store.setState({ watchStates: states });
    }),
    shell.on('watch.show', ({ ruleId }) => {
      showWatch(context, ruleId);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Whether what is chosen can be watched: a selection of a target, not a file. */
export function canWatch({ document, targetId }: AppState): boolean {
  return document.kind === 'selection' && targetId !== null;
}

/** Watches a function, or all of what is chosen, from now on. */
export function addWatch(
  context: Context,
  wanted: Pick<WatchRule, 'measure' | 'most'> & { readonly function?: FunctionName },
): void {
  const state = context.store.getState();
  const { targetId, source, profileType, serviceName } = state;
  if (targetId === null) return;
  const rule: WatchRule = {
    id: context.newId('watch'),
    targetId,
    source,
    profileType,
    selector: selectorOf(state),
    service: serviceName ?? '',
    ...wanted,
    createdMs: Math.floor(sourceTime(context, targetId, source)),
  };
  changeSettings(context, { watches: [...state.settings.watches, rule] });
}

/** Watches a rule no more. */
export function removeWatch(context: Context, ruleId: string): void {
  const { watches } = context.store.getState().settings;
  changeSettings(context, { watches: watches.filter(({ id }) => id !== ruleId) });
}

/** Shows what a rule is about: its service, the function marked, and the time since it is above. */
export function showWatch({ store }: Context, ruleId: string): void {
  const state = store.getState();
  const rule = state.settings.watches.find(({ id }) => id === ruleId);
  const verdict = state.watchStates.find((each) => each.ruleId === ruleId)?.verdict;
  if (rule === undefined) return;
  const { sinceMs, measured } = verdict ?? {};
  const above =
    sinceMs === undefined || measured === undefined ? undefined : { startMs: sinceMs, endMs: measured.toMs };
  store.setState({
    ...switchToSelection(state),
    targetId: rule.targetId,
    source: rule.source,
    selector: rule.selector === '{}' ? null : rule.selector,
    serviceName: rule.service === '' ? null : rule.service,
    profileType: rule.profileType,
    earliestMs: null,
    ...(above === undefined ? {} : { extentEndMs: above.endMs, spanMs: null, live: false }),
    range: above ?? null,
    comparison: null,
    baseline: null,
    ...{ operations: [], zoomPath: [], selectedPath: [] },
    search: rule.function?.name ?? '',
    searchMode: 'plain',
    ...showTab(state, 'flame'),
    dialog: null,
  });
}

/** Copies the rules as alert rules of Prometheus, as far as the agent's metrics can tell them. */
export function copyPrometheusRules({ store, shell, clock }: Context): void {
  const { settings, targets } = store.getState();
  const rules = settings.watches.map((rule): ExportedRule => {
    const target = targets.find(({ config }) => config.id === rule.targetId);
    const hostname = target?.agent.status?.hostname;
    return { ...rule, target: target?.config.name ?? rule.targetId, ...(hostname === undefined ? {} : { hostname }) };
  });
  const { text, expressed } = prometheusRules(rules, new Date(clock()).toISOString());
  void shell.call('clipboard.write', { text }); // nothing to say when it fails
  showInfo(
    store,
    expressed === settings.watches.length
      ? 'Copied as alert rules of Prometheus.'
      : `Copied ${expressed} of ${settings.watches.length} as alert rules of Prometheus; the text says why the others are none.`,
  );
}
