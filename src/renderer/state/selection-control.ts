import type { SourceKind } from '../../contract/selection.js';
import type { ServiceRow } from '../../contract/links.js';
import type { Context } from './context.js';
import { sourceTime } from './source-time.js';
import { extentOf, rangeBefore, type Preset, type TimeRange } from './time-range.js';
import { switchToSelection } from './document-switch.js';
import type { AppState } from './store.js';

/** Of another service nothing is selected, zoomed to or taken out yet. */
const untouchedView = { operations: [], zoomPath: [], selectedPath: [], past: [], future: [] } as const;

/** What the timeline spans. */
export function currentExtent(state: AppState): TimeRange {
  return extentOf(state.preset, state.extentEndMs, state.earliestMs);
}

/** Chooses a target; its own services, everything else anew. */
export function chooseTarget(context: Context, targetId: string): void {
  const { store } = context;
  const state = store.getState();
  if (state.targetId === targetId) {
    store.setState(switchToSelection(state));
    return;
  }
  const target = state.targets.find((other) => other.config.id === targetId);
  const keepsSource = state.source === 'agent' || (target !== undefined && target.pyroscope.state !== 'none');
  const source = keepsSource ? state.source : 'agent';
  store.setState({
    ...switchToSelection(state),
    targetId,
    source,
    selector: null,
    serviceName: null,
    earliestMs: null,
    extentEndMs: sourceTime(context, targetId, source),
    range: null,
    comparison: null,
    live: true,
    ...untouchedView,
  });
}

/** Chooses where profiles are asked for. */
export function chooseSource(context: Context, source: SourceKind): void {
  const state = context.store.getState();
  context.store.setState({
    ...switchToSelection(state),
    source,
    selector: null,
    serviceName: null,
    earliestMs: null,
    extentEndMs: sourceTime(context, state.targetId, source),
    range: null,
    comparison: null,
  });
}

/** Chooses a service; null: all of them. The zoom belongs to a service and is let go. */
export function chooseService(context: Context, row: ServiceRow | null): void {
  const { store } = context;
  const selector = row?.selector ?? null;
  const state = store.getState();
  const sameService = state.selector === selector;
  store.setState({
    ...switchToSelection(state),
    selector,
    serviceName: row?.name ?? null,
    earliestMs: null,
    ...(sameService ? {} : untouchedView),
  });
}

/** Chooses the timeline's span; the range follows it. */
export function choosePreset(context: Context, preset: Preset): void {
  const { store } = context;
  const state = store.getState();
  const { live, extentEndMs, targetId, source } = state;
  store.setState({
    ...switchToSelection(state),
    preset,
    range: null,
    comparison: null,
    extentEndMs: live ? sourceTime(context, targetId, source) : extentEndMs,
  });
}

/** Chooses a range (A); null: the whole timeline. A range that is chosen stands still, so Live ends. */
export function chooseRange(context: Context, range: TimeRange | null): void {
  context.store.setState(range === null ? { range, comparison: null } : { range, live: false });
}

/** Chooses B; without an A, A is the range of the same length before it. */
export function chooseComparison(context: Context, comparison: TimeRange | null): void {
  const { store } = context;
  if (comparison === null) {
    store.setState({ comparison });
    return;
  }
  store.setState((state) => ({ comparison, range: state.range ?? rangeBefore(comparison), live: false }));
}

/** Compares the present range with the one of the same length before it. */
export function compareWithBefore(context: Context): void {
  const { store } = context;
  const state = store.getState();
  const extent = currentExtent(state);
  const whole = state.range === null;
  const middle = Math.round((extent.startMs + extent.endMs) / 2);
  const later = whole ? { startMs: middle, endMs: extent.endMs } : state.range;
  store.setState({ range: rangeBefore(later), comparison: later, live: false });
}

/** Exchanges A and B. */
export function swapSides(context: Context): void {
  const { range, comparison } = context.store.getState();
  if (range !== null && comparison !== null) context.store.setState({ range: comparison, comparison: range });
}

/** Ends the comparison and keeps B, the later side, as the range. The next one is scaled as its own load wants it. */
export function endComparison(context: Context): void {
  const { comparison } = context.store.getState();
  context.store.setState({ comparison: null, range: comparison, scale: { by: 'auto' } });
}

/** Follows new windows, or stands still. Following shows the newest, so a chosen range is let go. */
export function setLive(context: Context, live: boolean): void {
  const state = context.store.getState();
  const extentEndMs = sourceTime(context, state.targetId, state.source);
  context.store.setState(
    live ? { ...switchToSelection(state), live, range: null, comparison: null, extentEndMs } : { live },
  );
}
