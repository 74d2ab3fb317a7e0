import type { Matching } from '../../contract/matching.js';
import type { Operation } from '../../contract/operations.js';
import type { FlameSource, FrameWidth, Scale, ViewSource } from '../../contract/decoder.js';
import { sourceAnswers } from './readable.js';
import { isExtentUnknown } from './selection-control.js';
import { selectorOf } from './services-control.js';
import { comparedSpans, sidesOf, type Side } from './sides.js';
import type { TimeSpan } from '../../core/profile/sample-times.js';
import type { AppState, TimeOrder } from './store.js';

/** What the main area is to show; a view is made of it. One side is a flame graph, two are a diff. */
export interface ViewRequest {
  /** Equal for requests that differ only in that Live went on. */
  readonly subject: string;
  readonly sides: readonly Side[];
  /** Both sides are one recording: B is what of it lies in these spans, A the rest. */
  readonly spans: readonly TimeSpan[] | null;
  readonly valueIndex: number | null;
  readonly scale: Scale;
  readonly frameWidth: FrameWidth;
  readonly matching: Matching;
  readonly operations: readonly Operation[];
  readonly timeOrder: TimeOrder | null;
  /** The same with what is a side. */
  readonly steps: readonly Operation[];
}

/** The request of the present state; null when there is nothing that could answer it. */
export function viewRequestOf(state: AppState): ViewRequest | null {
  const { document, valueIndex, scale, frameWidth, timeOrder } = state;
  const sides = sidesOf(state);
  const spans = comparedSpans(state);
  // What is brushed is a side then, and not all that is looked at.
  const operations = spans === null ? state.operations : state.operations.filter(({ kind }) => kind !== 'keep-times');
  const matching = { ignoreTypeArguments: state.ignoreTypeArguments, renames: [...state.renames] };
  const shown = [
    ...[valueIndex, scale, frameWidth, operations, spans, timeOrder],
    ...(sides.length === 2 ? [matching] : []),
  ];
  const how = { valueIndex, scale, frameWidth, matching, operations, spans, timeOrder, steps: state.operations };
  if (document.kind === 'profiles') {
    return { subject: JSON.stringify([sides, shown]), sides, ...how };
  }
  if (sides.length === 0 || !sourceAnswers(state)) return null;
  // "All" is not known before its beginning is found.
  if (isExtentUnknown(state) && state.range === null) return null;
  const { targetId, source, profileType, preset, spanMs, range, comparison, baseline } = state;
  const asked = [targetId, source, profileType, selectorOf(state), preset, spanMs, range, comparison, baseline];
  return { subject: JSON.stringify([asked, shown]), sides, ...how };
}

/** Equal for equal requests. */
export function requestKey(request: ViewRequest | null): string {
  return request === null ? '' : JSON.stringify([request.subject, request.sides]);
}

/** Operations as a source of a view holds them. */
export function operationsOf(operations: readonly Operation[]): Pick<FlameSource, 'operations'> {
  return operations.length === 0 ? {} : { operations: [...operations] };
}

/** What is done to one profile: in time order the samples of its thread alone are shown, whatever view they are shown in. */
export function shownOf({ operations, timeOrder }: ViewRequest): Pick<FlameSource, 'operations' | 'order'> {
  if (timeOrder === null) return operationsOf(operations);
  const { thread } = timeOrder;
  const ofThread: readonly Operation[] = thread === null ? [] : [{ kind: 'keep-label', label: thread }];
  return { ...operationsOf([...ofThread, ...operations]), order: 'time' };
}

/** The same with the widest frames first, for views beside the graph. */
export function leftHeavy(source: ViewSource): ViewSource {
  if (source.kind === 'diff' || source.order === undefined) return source;
  const widestFirst = { ...source };
  delete widestFirst.order;
  return widestFirst;
}
