import type { Trust } from '../../../contract/trust.js';
import type { AppState } from '../../state/store.js';
import { line, originOfSelection, type Figure, type FigureSet, type Measured } from '../guidance/figures.js';
import type { TrustNote, TrustRow } from './trust-words.js';

/** The verdicts and notes as figures: what each means, and the samples that were judged. `chosen` counts on from rows to notes. */
export function figuresOfTrust(
  state: AppState,
  trust: Trust,
  rows: readonly TrustRow[],
  notes: readonly TrustNote[],
  chosen: number,
): FigureSet {
  const measured = judgedSamples(state, trust);
  const verdicts = rows.map(({ label, value, title }): Figure => ({
    label,
    shown: value,
    how: title === '' ? [] : [line('means', title)],
    measured,
  }));
  const shares = notes.map(({ share, shareTitle, text }): Figure => ({
    label: 'share',
    shown: share,
    how: [line('means', shareTitle), line('which is', text)],
    measured,
  }));
  return { of: 'Trust', figures: [...verdicts, ...shares].slice(chosen, chosen + 1), chosen: 0 };
}

function judgedSamples(state: AppState, { totalNs }: Trust): readonly Measured[] {
  const { trustOf } = state;
  if (trustOf === null) return [];
  const origin = originOfSelection(state, trustOf, 'nanoseconds');
  return [{ meaning: 'all samples that were judged', value: totalNs, origin }];
}
