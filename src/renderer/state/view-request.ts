import type { Operation } from '../../contract/operations.js';
import type { FrameWidth, Scale } from '../../contract/decoder.js';
import { sourceAnswers } from './readable.js';
import { selectorOf } from './services-control.js';
import { sidesOf, type Side } from './sides.js';
import type { AppState } from './store.js';

/** What the main area is to show; a view is made of it. One side is a flame graph, two are a diff. */
export interface ViewRequest {
  /** Equal for requests that differ only in that Live went on. */
  readonly subject: string;
  readonly sides: readonly Side[];
  readonly valueIndex: number | null;
  readonly scale: Scale;
  readonly frameWidth: FrameWidth;
  readonly operations: readonly Operation[];
}

/** The request of the present state; null when there is nothing that could answer it. */
export function viewRequestOf(state: AppState): ViewRequest | null {
  const { document, valueIndex, scale, frameWidth, operations } = state;
  const sides = sidesOf(state);
  const shown = [valueIndex, scale, frameWidth, operations];
  if (document.kind === 'profiles') {
    return { subject: JSON.stringify([sides, shown]), sides, valueIndex, scale, frameWidth, operations };
  }
  if (sides.length === 0 || !sourceAnswers(state)) return null;
  // "All" is not known before its beginning is found.
  if (state.preset === 'all' && state.earliestMs === null && state.range === null) return null;
  const { targetId, source, profileType, preset, range, comparison, baseline } = state;
  const asked = [targetId, source, profileType, selectorOf(state), preset, range, comparison, baseline];
  return { subject: JSON.stringify([asked, shown]), sides, valueIndex, scale, frameWidth, operations };
}

/** Equal for equal requests. */
export function requestKey(request: ViewRequest | null): string {
  return request === null ? '' : JSON.stringify([request.subject, request.sides]);
}
