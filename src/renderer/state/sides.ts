import type { Baseline, Selection } from '../../contract/selection.js';
import type { SpooledProfile } from '../../contract/links.js';
import type { TimeSpan } from '../../core/profile/sample-times.js';
import { currentExtent } from './selection-control.js';
import { selectorOf } from './services-control.js';
import type { AppState } from './store.js';
import type { TimeRange } from './time-range.js';

/** A side of a view: to be fetched, or a profile that lies in the spool already. */
export type Side =
  | { readonly kind: 'fetch'; readonly selection: Selection }
  | { readonly kind: 'spooled'; readonly profile: SpooledProfile };

/** By side the selection that it was asked for by, now or when its snapshot was taken; null: a file. */
export function selectionsOf(sides: readonly Side[]): readonly (Selection | null)[] {
  return sides.map((side) => (side.kind === 'fetch' ? side.selection : (side.profile.selection ?? null)));
}

/** The open profile that is one side of the comparison; undefined when there is none, or it was closed. */
export function baselineProfile({ baseline, documents, document }: AppState): SpooledProfile | undefined {
  if (baseline?.kind !== 'document') return undefined;
  const of = documents.find(({ documentId }) => documentId === baseline.documentId);
  const shown = document.kind === 'profiles' && document.documentId === baseline.documentId;
  return of?.profiles.length === 1 && !shown ? of.profiles[0] : undefined;
}

/** The part of the recording on the screen that is compared with the rest of it; null when nothing is. */
export function comparedSpans({ document, baseline, operations }: AppState): readonly TimeSpan[] | null {
  if (baseline?.kind !== 'rest' || document.kind !== 'profiles' || document.profiles.length !== 1) return null;
  return operations.find((operation) => operation.kind === 'keep-times')?.spans ?? null;
}

/** Whether what is asked for has two sides. */
export function isComparing(state: AppState): boolean {
  if (state.document.kind === 'profiles') {
    return state.document.profiles.length > 1 || baselineProfile(state) !== undefined || comparedSpans(state) !== null;
  }
  return state.comparison !== null || baselineProfile(state) !== undefined;
}

/** The sides of what is asked for: one is a flame graph, two are a diff. Empty without a target. */
export function sidesOf(state: AppState): readonly Side[] {
  const { document, targetId, source } = state;
  const profile = baselineProfile(state);
  const other: readonly Side[] = profile === undefined ? [] : [{ kind: 'spooled', profile }];
  const arranged = (sides: readonly Side[]): readonly Side[] =>
    state.baseline?.kind === 'document' && state.baseline.as === 'B' ? [...sides, ...other] : [...other, ...sides];
  if (document.kind === 'profiles') {
    const own = document.profiles.map((each): Side => ({ kind: 'spooled', profile: each }));
    // Both sides of a region against the rest are in one recording.
    if (comparedSpans(state) !== null) return [...own, ...own];
    return own.length === 1 ? arranged(own) : own;
  }
  if (targetId === null) return [];
  const selector = selectorOf(state);
  const side = (from: { targetId: string; source: Selection['source']; selector: string }, range: TimeRange): Side => ({
    kind: 'fetch',
    selection: {
      targetId: from.targetId,
      source: from.source,
      profileType: state.profileType,
      selector: from.selector,
      startMs: Math.max(0, Math.floor(range.startMs)),
      endMs: Math.ceil(range.endMs),
    },
  });
  const own = { targetId, source, selector };
  const range = state.range ?? currentExtent(state);
  if (other.length > 0) return arranged([side(own, range)]);
  if (state.comparison === null) return [side(own, range)];
  const baseline: Extract<Baseline, { kind: 'selection' }> | typeof own =
    state.baseline?.kind === 'selection' ? state.baseline : own;
  return [side(baseline, range), side(own, state.comparison)];
}
