import type { ProfileSummary } from '../../../contract/decoder.js';
import { formatCount, formatValue } from '../../format/numbers.js';
import { formatMoment, formatSpan } from '../../format/times.js';

/** A line of the overview: what, and its value for each side. */
export interface ViewLine {
  readonly label: string;
  readonly values: readonly string[];
}

/** What is known of the profiles of a view, one value a side. Lines that no side can fill are left out. */
export function viewNumbers(
  summaries: readonly ProfileSummary[],
  valueIndex: number,
  nowMs: number,
): readonly ViewLine[] {
  const line = (label: string, value: (summary: ProfileSummary) => string): ViewLine => ({
    label,
    values: summaries.map(value),
  });
  const lines = [
    line('total', ({ totals, sampleTypes }) =>
      formatValue(totals[valueIndex] ?? 0, sampleTypes[valueIndex]?.unit ?? ''),
    ),
    line('stacks', ({ sampleCount }) => formatCount(sampleCount)),
    line('functions', ({ functionCount }) => formatCount(functionCount)),
    line('begins', ({ timeMs }) => (timeMs > 0 ? formatMoment(timeMs, nowMs, true) : '')),
    line('spans', ({ durationMs }) => (durationMs > 0 ? formatSpan(durationMs) : '')),
  ];
  return lines.filter(({ values }) => values.some((value) => value !== ''));
}
