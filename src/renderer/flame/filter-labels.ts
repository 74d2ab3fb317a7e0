import { useEffect, useState } from 'react';
import type { LabelTable } from '../../contract/decoder.js';
import type { LabelKey } from '../../contract/operations.js';
import type { KnownLabel } from '../../core/words/complete-selector.js';
import { labelGroups, mergeLabels } from '../features/labels/label-rows.js';
import { formatShare } from '../format/numbers.js';
import { useCell } from '../state/cell.js';
import type { Context } from '../state/context.js';
import { hasLabels } from '../state/operations-control.js';
import { sourceAnswers } from '../state/readable.js';
import { currentExtent } from '../state/selection-control.js';
import { selectionOf } from '../state/timeline-control.js';
import type { AppState } from '../state/store.js';

/** A label and those of its values that a menu has room for, the largest first where it is known how large they are. */
export interface FilterLabel {
  readonly key: string;
  readonly values: readonly (LabelKey & { readonly share?: string })[];
  /** How many values are not listed. */
  readonly more: number;
}

/** Labels that can be filtered by. */
export interface FilterLabels {
  /** 'profile': those of samples, which stay or go here. 'source': those that the source is asked by. */
  readonly kind: 'profile' | 'source';
  readonly keys: readonly FilterLabel[];
  /** Why there are none. */
  readonly words: string;
}

const mostKeys = 4;
const mostValues = 16;

/** Labels of samples for a menu. `whole` is what was measured, with which label ever, in the unit of the rows. */
export function labelsOfTable(table: LabelTable, whole: number): readonly FilterLabel[] {
  return labelGroups(table, '')
    .slice(0, mostKeys)
    .map(({ key, rows }) => ({
      key,
      values: rows.slice(0, mostValues).map(({ value, unit, total }) => ({
        ...{ key, value, unit },
        ...(whole > 0 ? { share: formatShare(total / whole) } : {}),
      })),
      more: Math.max(0, rows.length - mostValues),
    }));
}

const first = [/^(?:thread|tid)/i, /^(?:pid|process)/i, /^container$/i];

/** Labels of a source for a menu: those that tell some of what is selected from the rest. */
export function labelsOfSource(labels: readonly KnownLabel[]): readonly FilterLabel[] {
  const rank = (name: string): number => {
    const at = first.findIndex((pattern) => pattern.test(name));
    return at < 0 ? first.length : at;
  };
  return labels
    .filter(({ values }) => values.length > 1)
    .toSorted((a, b) => rank(a.name) - rank(b.name))
    .slice(0, mostKeys)
    .map(({ name, values }) => ({
      key: name,
      values: values.slice(0, mostValues).map((value) => ({ key: name, value, unit: '' })),
      more: Math.max(0, values.length - mostValues),
    }));
}

/** Why nothing can be asked by labels; undefined where it can. */
function refused(state: AppState): string | undefined {
  if (state.document.kind !== 'selection' || state.targetId === null) return 'its samples carry none';
  if (state.baseline?.kind === 'document') return 'one side is a file';
  return sourceAnswers(state) ? undefined : 'its source does not answer';
}

async function ask(context: Context, signal: AbortSignal): Promise<FilterLabels> {
  const { store, decoder, links } = context;
  const state = store.getState();
  const { viewSource: source, viewSummaries, targetId } = state;
  if (source !== null && hasLabels(state)) {
    const { valueIndex } = source;
    const ids = source.kind === 'flame' ? [source.profileId] : [source.baselineId, source.comparisonId];
    const tables = await Promise.all(
      ids.map((profileId) => decoder.query('profile.labels', { profileId, valueIndex }, signal)),
    );
    const whole = viewSummaries.reduce((sum, { totals }) => sum + (totals[valueIndex] ?? 0), 0);
    const read = tables.flatMap((table) => (table.ok ? [table.value] : []));
    if (read.length < ids.length) return { kind: 'profile', keys: [], words: 'they could not be read' };
    return { kind: 'profile', keys: labelsOfTable(mergeLabels(read), whole), words: 'its samples carry none' };
  }
  const words = refused(state);
  if (words !== undefined || targetId === null) return { kind: 'profile', keys: [], words: words ?? '' };
  const selection = selectionOf(state, targetId, state.range ?? currentExtent(state));
  const known = await links.query('source.knownLabels', { selection }, signal);
  if (!known.ok) return { kind: 'source', keys: [], words: 'the source does not tell them' };
  return { kind: 'source', keys: labelsOfSource(known.value), words: 'all have the same' };
}

const looking: FilterLabels = { kind: 'profile', keys: [], words: 'looking…' };

/** The labels that what is on the screen can be filtered by; asked for anew when it is another. */
export function useFilterLabels(context: Context): FilterLabels {
  const [labels, setLabels] = useState(looking);
  const model = useCell(context.flame);
  useEffect(() => {
    const asking = new AbortController();
    void ask(context, asking.signal).then((found) => {
      if (!asking.signal.aborted) setLabels(found);
    });
    return () => {
      asking.abort();
    };
  }, [context, model]);
  return labels;
}
