import type { WatchRule, WatchState } from '../../../contract/watching.js';
import { measuredWords } from '../../../core/watch/words.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import type { DotShape } from '../targets/target-words.js';

/** How a rule is, in words and a shape. */
export interface WatchLine {
  readonly shape: DotShape;
  readonly tone: '' | 'bad' | 'warn';
  readonly text: string;
}

/** Says how a rule is: what is known for certain, or that nothing is and what it would need. */
export function watchLine(rule: WatchRule, state: WatchState | undefined, nowMs: number): WatchLine {
  if (state === undefined) return { shape: 'busy', tone: '', text: 'Not looked at yet.' };
  const { verdict, failure } = state;
  const { sinceMs, measured } = verdict;
  // Once something is known it stays known while its server is away.
  if (failure !== undefined && measured === undefined) {
    return { shape: 'warning', tone: 'warn', text: visibleText(failure) };
  }
  const until = measured === undefined ? '' : ` Until ${formatMoment(measured.toMs, nowMs)}.`;
  const words = measuredWords(rule, verdict);
  switch (verdict.state) {
    case 'above':
      return {
        shape: 'failed',
        tone: 'bad',
        text: `Above for certain${sinceMs === undefined ? '' : ` since ${formatMoment(sinceMs, nowMs)}`}: ${words}.${until}`,
      };
    case 'fine':
      return { shape: 'on', tone: '', text: `Fine: ${words}.${until}` };
    case 'open':
      return { shape: 'ready', tone: '', text: `Above or below is not certain: ${words}.${until}` };
    case 'waiting':
      return {
        shape: 'off',
        tone: '',
        text: `Not enough windows: ${Math.min(verdict.windows, verdict.needed)} of ${verdict.needed}.`,
      };
  }
}

/** What the status bar says: "watching 3", "1 of 3 above"; undefined where nothing is watched. */
export function watchSummary(
  rules: readonly WatchRule[],
  states: readonly WatchState[],
): { readonly text: string; readonly above: boolean } | undefined {
  if (rules.length === 0) return undefined;
  const above = states.filter(({ verdict }) => verdict.state === 'above').length;
  return above === 0
    ? { text: `watching ${rules.length}`, above: false }
    : { text: `${above} of ${rules.length} above`, above: true };
}
