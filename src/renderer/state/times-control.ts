import type { ViewSource } from '../../contract/decoder.js';
import type { Operation } from '../../contract/operations.js';
import { timeLabel, type TimeSpan } from '../../core/profile/sample-times.js';
import type { Context } from './context.js';
import { mostOperations } from './operations-control.js';
import { leaveTab } from './panes.js';
import type { AppState } from './store.js';

/** Whether what is on the screen is one profile whose samples say when they were taken, or a part of it against the rest. */
export function hasTimes({ viewSource, viewSummaries }: AppState): boolean {
  return timedProfile(viewSource) !== null && viewSummaries[0]?.labelKeys.includes(timeLabel) === true;
}

/** The one profile that a view is of; null where there are two. */
export function timedProfile(source: ViewSource | null): string | null {
  if (source === null) return null;
  if (source.kind === 'flame') return source.profileId;
  return source.spans === undefined ? null : source.comparisonId;
}

/** Compares what is brushed with the rest of the recording, or shows it alone again. */
export function compareWithRest({ store }: Context, compared: boolean): void {
  store.setState({ baseline: compared ? { kind: 'rest' } : null });
}

/** Keeps what was measured in some spans of time, instead of those that were kept before; null: of all times. */
export function keepTimes({ store }: Context, spans: readonly TimeSpan[] | null): void {
  store.setState(({ operations }) => {
    const at = operations.findIndex(({ kind }) => kind === 'keep-times');
    if (spans === null) return at < 0 ? {} : { operations: operations.toSpliced(at, 1) };
    const operation: Operation = { kind: 'keep-times', spans: [...spans] };
    if (at < 0 && operations.length >= mostOperations) return {};
    return { operations: at < 0 ? [...operations, operation] : operations.with(at, operation) };
  });
}

/** The spans of time that are kept; null: all times are. */
export function keptTimes({ operations }: AppState): readonly TimeSpan[] | null {
  return operations.find((operation) => operation.kind === 'keep-times')?.spans ?? null;
}

/** Leaves the heat map when a profile without times comes onto the screen. Returns what ends that. */
export function followTimes({ store }: Context): () => void {
  return store.subscribe((state, before) => {
    if (state.viewSummaries === before.viewSummaries || state.viewPhase !== 'ready' || hasTimes(state)) return;
    const change = leaveTab(state, 'heat');
    if (Object.keys(change).length > 0) store.setState(change);
  });
}
