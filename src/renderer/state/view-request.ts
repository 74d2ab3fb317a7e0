import type { SpooledProfile } from '../../contract/links.js';
import type { Selection } from '../../contract/selection.js';
import type { Operation } from '../../contract/operations.js';
import type { FrameWidth, Scale } from '../../contract/decoder.js';
import { sourceAnswers } from './readable.js';
import { currentExtent } from './selection-control.js';
import { selectorOf } from './services-control.js';
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

/** A side of a view: to be fetched, or a profile that lies in the spool already. */
export type Side =
  | { readonly kind: 'fetch'; readonly selection: Selection }
  | { readonly kind: 'spooled'; readonly profile: SpooledProfile };

/** The request of the present state; null when there is nothing that could answer it. */
export function viewRequestOf(state: AppState): ViewRequest | null {
  const { document, valueIndex, scale, frameWidth, operations } = state;
  if (document.kind === 'profiles') {
    const sides = document.profiles.map((profile): Side => ({ kind: 'spooled', profile }));
    const subject = JSON.stringify([
      document.profiles.map((profile) => profile.profileId),
      valueIndex,
      scale,
      frameWidth,
      operations,
    ]);
    return { subject, sides, valueIndex, scale, frameWidth, operations };
  }
  if (state.targetId === null || !sourceAnswers(state)) return null;
  // "All" is not known before its beginning is found.
  if (state.preset === 'all' && state.earliestMs === null && state.range === null) return null;
  const { targetId, source, profileType } = state;
  const selector = selectorOf(state);
  const ranges = [state.range ?? currentExtent(state), ...(state.comparison === null ? [] : [state.comparison])];
  const sides = ranges.map((range): Side => ({
    kind: 'fetch',
    selection: {
      targetId,
      source,
      profileType,
      selector,
      startMs: Math.max(0, Math.floor(range.startMs)),
      endMs: Math.ceil(range.endMs),
    },
  }));
  const subject = JSON.stringify([
    targetId,
    source,
    profileType,
    selector,
    state.preset,
    state.range,
    state.comparison,
    valueIndex,
    scale,
    frameWidth,
    operations,
  ]);
  return { subject, sides, valueIndex, scale, frameWidth, operations };
}

/** Equal for equal requests. */
export function requestKey(request: ViewRequest | null): string {
  return request === null ? '' : JSON.stringify([request.subject, request.sides]);
}
