import {
  comparisonLink,
  parseComparisonLink,
  type LinkedComparison,
  type LinkedSide,
} from '../../contract/comparison-link.js';
import type { Baseline } from '../../contract/selection.js';
import type { TargetConfig } from '../../contract/target.js';
import type { Context } from './context.js';
import { switchToSelection } from './document-switch.js';
import { selectionName } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import { showFailure, showInfo } from './toasts.js';

/** What a target is called on other computers. */
export function targetAddress(config: TargetConfig): string {
  if (config.kind === 'local') return 'local';
  return config.kind === 'docker' ? config.address : `${config.user}@${config.host}:${config.port}`;
}

/** The comparison on the screen as it can be told to others; undefined where a side is a file or a snapshot, or there is none. */
export function linkedComparison(state: AppState): LinkedComparison | undefined {
  const { document, targetId, range, comparison, baseline, profileType, scale, source } = state;
  if (document.kind !== 'selection' || targetId === null || range === null || comparison === null) return undefined;
  if (baseline !== null && baseline.kind !== 'selection') return undefined;
  const addressOf = (id: string): string | undefined => {
    const config = state.targets.find((target) => target.config.id === id)?.config;
    return config === undefined ? undefined : targetAddress(config);
  };
  const own = {
    targetId,
    source,
    selector: selectorOf(state),
    name: state.selector === null ? '' : selectionName(state),
  };
  const [a, b] = [baseline ?? own, own];
  const [addressA, addressB] = [addressOf(a.targetId), addressOf(b.targetId)];
  if (addressA === undefined || addressB === undefined) return undefined;
  const side = (target: string, of: typeof own, { startMs, endMs }: NonNullable<typeof range>): LinkedSide => ({
    target,
    source: of.source,
    selector: of.selector,
    name: of.name,
    startMs: Math.max(0, Math.floor(startMs)),
    endMs: Math.ceil(endMs),
  });
  return { a: side(addressA, a, range), b: side(addressB, b, comparison), profileType, scale };
}

/** Copies a link to the comparison on the screen. */
export function copyLink({ store, shell }: Context): void {
  const linked = linkedComparison(store.getState());
  if (linked === undefined) return;
  void shell.call('clipboard.write', { text: comparisonLink(linked) }); // nothing to say when it fails
  showInfo(store, 'Copied a link. It opens this comparison where the same servers are known; it holds no profile.');
}

/** Shows the comparison of a link. A server that is not known here is said. */
export function openLink(context: Context, text: string): boolean {
  const { store } = context;
  const linked = parseComparisonLink(text.trim());
  if (linked === undefined) {
    showFailure(store, { code: 'invalid-input', message: 'That is no link to a comparison.' });
    return false;
  }
  const state = store.getState();
  const idOf = ({ target }: LinkedSide): string | undefined =>
    state.targets.find(({ config }) => targetAddress(config) === target)?.config.id;
  const { a, b } = linked;
  const [before, after] = [idOf(a), idOf(b)];
  if (before === undefined || after === undefined) {
    const missing = before === undefined ? a.target : b.target;
    showFailure(store, {
      code: 'not-found',
      message: `The link is to ${missing}, which is not in the list: add the server, then open the link again.`,
    });
    return false;
  }
  const alike = before === after && a.source === b.source && a.selector === b.selector;
  const baseline: Baseline | null = alike
    ? null
    : {
        kind: 'selection',
        targetId: before,
        source: a.source,
        selector: a.selector,
        name: a.name === '' ? 'All services' : a.name,
        pinned: false,
      };
  store.setState({
    ...switchToSelection(state),
    targetId: after,
    source: b.source,
    selector: b.selector === '{}' ? null : b.selector,
    serviceName: b.selector === '{}' ? null : b.name,
    profileType: linked.profileType,
    earliestMs: null,
    range: { startMs: a.startMs, endMs: a.endMs },
    comparison: { startMs: b.startMs, endMs: b.endMs },
    baseline,
    scale: linked.scale,
    workCounted: false,
    live: false,
    ...{ operations: [], zoomPath: [], selectedPath: [] },
  });
  return true;
}

/** Shows the comparison of a link that came with the start of the window: targets may not be known yet. */
export function openLinkWhenReady(context: Context, text: string): void {
  const { store } = context;
  if (store.getState().targetsPhase !== 'loading') {
    openLink(context, text);
    return;
  }
  const end = store.subscribe(({ targetsPhase }) => {
    if (targetsPhase === 'loading') return;
    end();
    openLink(context, text);
  });
}
