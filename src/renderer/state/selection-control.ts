import type { SourceKind } from '../../contract/selection.js';
import type { ServiceRow } from '../../contract/links.js';
import type { LabelKey } from '../../contract/operations.js';
import { withLabel, withoutLabel } from '../../core/words/selectors.js';
import type { Context } from './context.js';
import { sourceTime } from './source-time.js';
import { extentOf, rangeBefore, type Preset, type TimeRange } from './time-range.js';
import { switchToSelection } from './document-switch.js';
import { withoutStep } from './history-control.js';
import type { AppState } from './store.js';

/** Of another service nothing is selected, zoomed to or taken out yet. */
const untouchedView = {
  operations: [],
  timeOrder: null,
  zoomPath: [],
  selectedPath: [],
} as const;

/** What the timeline spans. */
export function currentExtent({ preset, spanMs, extentEndMs, earliestMs }: AppState): TimeRange {
  return spanMs === null
    ? extentOf(preset, extentEndMs, earliestMs)
    : { startMs: extentEndMs - spanMs, endMs: extentEndMs };
}

/** Whether it has to be asked for first what the timeline spans: "All" begins where the data do. */
export function isExtentUnknown({ preset, spanMs, earliestMs }: AppState): boolean {
  return preset === 'all' && spanMs === null && earliestMs === null;
}

/** A pinned A of a comparison, with its range: it stays when another target, source or span is chosen. */
export function isPinned({ baseline, comparison }: AppState): boolean {
  return comparison !== null && baseline?.kind === 'selection' && baseline.pinned;
}

/** The ranges of another target or source: none, or beside a pinned A the last ones that are as long as B was. */
function freshRanges(state: AppState, endMs: number): Pick<AppState, 'range' | 'comparison' | 'baseline'> {
  const { range, comparison, baseline } = state;
  if (comparison === null || !isPinned(state)) return { range: null, comparison: null, baseline: null };
  return { range, baseline, comparison: { startMs: endMs - (comparison.endMs - comparison.startMs), endMs } };
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
  const endMs = sourceTime(context, targetId, source);
  const ranges = freshRanges(state, endMs);
  store.setState({
    ...switchToSelection(state),
    targetId,
    source,
    selector: null,
    serviceName: null,
    earliestMs: null,
    extentEndMs: endMs,
    ...ranges,
    live: ranges.comparison === null,
    ...untouchedView,
  });
}

/** Chooses where profiles are asked for. */
export function chooseSource(context: Context, source: SourceKind): void {
  const state = context.store.getState();
  const endMs = sourceTime(context, state.targetId, source);
  context.store.setState({
    ...switchToSelection(state),
    source,
    selector: null,
    serviceName: null,
    earliestMs: null,
    extentEndMs: endMs,
    ...freshRanges(state, endMs),
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

/** Chooses what a selector that was typed selects; that of a service is the service. */
export function chooseSelector(context: Context, selector: string): void {
  const { store } = context;
  const state = store.getState();
  const row = state.services.find((each) => each.selector === selector);
  if (row !== undefined || selector === '{}') {
    chooseService(context, row ?? null);
    return;
  }
  store.setState({
    ...switchToSelection(state),
    selector,
    serviceName: null,
    earliestMs: null,
    ...(state.selector === selector ? {} : untouchedView),
  });
}

/**
 * Asks for what is selected with a label only, or without it. It is still the same that is looked at: zoom and operations stay. Both sides of
 * a comparison are filtered.
 */
export function filterSelection({ store }: Context, { key, value }: LabelKey, keep: boolean): void {
  const state = store.getState();
  const { selector, baseline } = state;
  const filtered = (of: string): string => (keep ? withLabel(of, key, value) : withoutLabel(of, key, value));
  store.setState({
    selector: filtered(selector ?? '{}'),
    serviceName: null,
    earliestMs: null,
    ...(baseline?.kind === 'selection' ? { baseline: { ...baseline, selector: filtered(baseline.selector) } } : {}),
  });
}

/** The selection in a few words: a service's name, or its selector where it is none. */
export function selectionName({ serviceName, selector }: AppState): string {
  return serviceName ?? selector ?? 'All services';
}

/** Chooses the timeline's span; the range follows it. */
export function choosePreset(context: Context, preset: Preset): void {
  const { store } = context;
  const state = store.getState();
  const { live, extentEndMs, targetId, source } = state;
  store.setState({
    ...switchToSelection(state),
    preset,
    spanMs: null,
    ...(isPinned(state) ? {} : { range: null, comparison: null, ...withoutSelection(state) }),
    extentEndMs: live ? sourceTime(context, targetId, source) : extentEndMs,
  });
}

/** Has the timeline show another time. Live goes on where its end stays. */
export function showTime(context: Context, { startMs, endMs }: TimeRange): void {
  const { store } = context;
  const state = store.getState();
  const before = currentExtent(state);
  const spanMs = endMs - startMs;
  // A timeline that was only moved is as long as its preset says; "All" is as long as the data are, so not when it ends before them.
  const keepsSpan = spanMs === before.endMs - before.startMs && state.preset !== 'all';
  store.setState({
    ...switchToSelection(state),
    spanMs: keepsSpan ? state.spanMs : spanMs,
    extentEndMs: endMs,
    live: state.live && endMs === before.endMs,
  });
}

/** The change that lets a second selection go; an open profile stays what it is compared with. */
function withoutSelection({ baseline }: AppState): Partial<AppState> {
  return baseline?.kind === 'selection' ? { baseline: null } : {};
}

/**
 * Chooses a range (A, or B beside an A that is pinned); null: the whole timeline. A range that is chosen stands still, so Live
 * ends. `goesOn`: it goes on with the choice before, as a key that is held down does.
 */
export function chooseRange(context: Context, range: TimeRange | null, goesOn = false): void {
  context.store.setState((state) => {
    if (range === null) return { range, comparison: null, ...withoutSelection(state) };
    const change = isPinned(state) ? { comparison: range, live: false } : { range, live: false };
    return goesOn ? withoutStep(state, change) : change;
  });
}

/** Chooses B; without an A, A is the range of the same length before it. */
export function chooseComparison(context: Context, comparison: TimeRange | null): void {
  const { store } = context;
  if (comparison === null) {
    store.setState((state) => ({ comparison, ...withoutSelection(state) }));
    return;
  }
  store.setState((state) => ({
    comparison,
    range: state.range ?? rangeBefore(comparison),
    ...(state.baseline?.kind === 'document' ? { baseline: null } : {}),
    live: false,
  }));
}

/** Follows new windows, or stands still. Following shows the newest, so a chosen range is let go. */
export function setLive(context: Context, live: boolean): void {
  const state = context.store.getState();
  const extentEndMs = sourceTime(context, state.targetId, state.source);
  context.store.setState(
    live
      ? {
          ...switchToSelection(state),
          live,
          range: null,
          comparison: null,
          ...withoutSelection(state),
          extentEndMs,
        }
      : { live },
  );
}
