import type { Turnover } from '../../core/compare/turnovers.js';
import { rangesAround } from '../../core/compare/turnovers.js';
import { withLabel } from '../../core/words/selectors.js';
import type { Scale } from '../../contract/decoder.js';
import type { ServiceRow } from '../../contract/links.js';
import type { Baseline, Selection } from '../../contract/selection.js';
import type { Context } from './context.js';
import { currentExtent, selectionName } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import { firstAndLast, rangeBefore, type TimeRange } from './time-range.js';

/** What B is when a comparison begins: the chosen range, or the later half of the timeline. */
function laterSide(state: AppState): TimeRange {
  if (state.range !== null) return state.range;
  const { startMs, endMs } = currentExtent(state);
  return { startMs: Math.round((startMs + endMs) / 2), endMs };
}

/** Compares the present range with the one of the same length before it. */
export function compareWithBefore({ store }: Context): void {
  const later = laterSide(store.getState());
  store.setState({ range: rangeBefore(later), comparison: later, baseline: null, live: false });
}

/** Compares the present range with the same time of day, so much earlier. */
export function compareWithEarlier({ store }: Context, byMs: number): void {
  const state = store.getState();
  const later = state.range ?? currentExtent(state);
  const range = { startMs: later.startMs - byMs, endMs: later.endMs - byMs };
  store.setState({ range, comparison: later, baseline: null, live: false });
}

/** Compares what was before a deploy or restart with what was after it. */
export function compareAround({ store }: Context, turnover: Turnover): void {
  const state = store.getState();
  const { stepMs, turnovers } = state.turnovers;
  const ranges = rangesAround(turnover, turnovers, currentExtent(state), stepMs);
  if (ranges === undefined) return;
  const row = state.services.find(({ name, pushed }) => name === turnover.service && pushed !== true);
  const all = state.selector === null;
  store.setState({
    ...(all && turnover.service !== ''
      ? { selector: row?.selector ?? withLabel('{}', 'service_name', turnover.service), serviceName: turnover.service }
      : {}),
    range: ranges.before,
    comparison: ranges.after,
    baseline: null,
    live: false,
  });
}

/** Compares another service (A) with the chosen one in the same time. */
export function compareWithService({ store }: Context, row: ServiceRow): void {
  const state = store.getState();
  if (state.targetId === null) return;
  const range = state.range ?? currentExtent(state);
  const baseline: Baseline = {
    kind: 'selection',
    targetId: state.targetId,
    source: state.source,
    selector: row.selector,
    name: row.name,
    pinned: false,
  };
  store.setState({ baseline, range, comparison: range, live: false });
}

/** Compares two values of a label, each in the time in which it was there. */
export async function compareLabelValues(
  { store, links }: Context,
  label: string,
  before: string,
  after: string,
): Promise<void> {
  const state = store.getState();
  const { targetId, source, profileType } = state;
  if (targetId === null) return;
  const whole = state.range ?? currentExtent(state);
  const selectors = [before, after].map((value) => withLabel(selectorOf(state), label, value));
  const stepMs = Math.max(15_000, Math.ceil((whole.endMs - whole.startMs) / 240 / 15_000) * 15_000);
  const seen = async (selector: string): Promise<TimeRange> => {
    const selection: Selection = {
      ...{ targetId, source, profileType, selector },
      startMs: Math.max(0, Math.floor(whole.startMs)),
      endMs: Math.ceil(whole.endMs),
    };
    const found = await links.query('source.timeline', { selection, stepMs });
    // What cannot be told now is said by the view, which asks for the same.
    return found.ok ? (firstAndLast(found.value, whole) ?? whole) : whole;
  };
  const [earlier = '', later = ''] = selectors;
  const [range, comparison] = await Promise.all([seen(earlier), seen(later)]);
  const now = store.getState();
  if (now.targetId !== targetId || now.source !== source) return; // something else was chosen meanwhile
  const baseline: Baseline = {
    ...{ kind: 'selection', targetId, source, selector: earlier, pinned: false },
    name: `${label} ${before}`,
  };
  store.setState({ baseline, selector: later, range, comparison, live: false });
}

/** Compares an open file or snapshot (A) with what is on the screen, which may go on being live. */
export function compareWithDocument({ store }: Context, documentId: string): void {
  const state = store.getState();
  store.setState({
    baseline: { kind: 'document', documentId, as: 'A' },
    ...(state.comparison === null ? {} : { range: state.comparison, comparison: null }),
  });
}

/** Holds A as it is, whatever target, service or range is chosen next; or lets it go. */
export function pinBaseline({ store }: Context, pinned: boolean): void {
  const state = store.getState();
  const { targetId, source, baseline } = state;
  if (targetId === null || state.comparison === null) return;
  if (baseline !== null && baseline.kind !== 'selection') return;
  const own = { kind: 'selection', targetId, source, selector: selectorOf(state), name: selectionName(state) };
  const held: Baseline = baseline ?? { ...own, kind: 'selection', pinned };
  const isOwn = held.targetId === targetId && held.source === source && held.selector === selectorOf(state);
  store.setState({ baseline: !pinned && isOwn ? null : { ...held, pinned } });
}

/** Exchanges A and B. */
export function swapSides({ store }: Context): void {
  const state = store.getState();
  const { range, comparison, baseline, targetId, source } = state;
  if (baseline?.kind === 'document') {
    store.setState({
      baseline: { ...baseline, as: baseline.as === 'A' ? 'B' : 'A' },
      scale: swappedScale(state.scale),
    });
    return;
  }
  if (range === null || comparison === null || baseline?.kind === 'rest') return;
  const ranges = { range: comparison, comparison: range, scale: swappedScale(state.scale) };
  if (baseline === null || targetId === null) {
    store.setState(ranges);
    return;
  }
  const name = selectionName(state);
  store.setState({
    ...ranges,
    baseline: { ...baseline, targetId, source, selector: selectorOf(state), name },
    targetId: baseline.targetId,
    source: baseline.source,
    selector: baseline.selector === '{}' ? null : baseline.selector,
    serviceName: baseline.name,
  });
}

/** The work of each side goes with it. */
function swappedScale(scale: Scale): Scale {
  return scale.by === 'work' ? { ...scale, baseline: scale.comparison, comparison: scale.baseline } : scale;
}

/** Ends the comparison and keeps B, the later side, as the range. The next one is scaled as its own load wants it. */
export function endComparison({ store }: Context): void {
  const { comparison, range } = store.getState();
  store.setState({ comparison: null, range: comparison ?? range, baseline: null, scale: { by: 'auto' } });
}
