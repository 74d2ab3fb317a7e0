import type { Operation } from '../../../contract/operations.js';
import type { Selection } from '../../../contract/selection.js';
import type { Fates } from '../../../contract/trust.js';
import { operationWords } from '../../flame/operation-words.js';
import { formatCount, formatNanoseconds, formatShare, formatValue } from '../../format/numbers.js';
import { formatRange, formatSpan } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { lossWords } from '../trust/trust-words.js';

/** A number on the screen and what it came from. */
export interface Explained {
  /** What it is a sum of: "this frame and all it calls". */
  readonly meaning: string;
  /** As it was measured, before sides were made comparable, in the unit of its sample type. */
  readonly value: number;
  readonly unit: string;
  /** What one sample counts, 0 where the profile does not say. */
  readonly period: number;
  /** Name of the file or snapshot; of a selection its title. */
  readonly title: string;
  readonly format: string;
  /** Milliseconds that the profile says it spans, 0 when it does not. */
  readonly durationMs: number;
  /** What the profile was asked for by; null for one of a file or a snapshot. */
  readonly selection: Selection | null;
  readonly targetName: string;
  /** Of the selection, where its source counts them. */
  readonly fates: Fates | undefined;
  readonly operations: readonly Operation[];
}

/** A line of an explanation. */
export interface ExplainedLine {
  readonly label: string;
  readonly text: string;
  /** Set in the type of code. */
  readonly code?: true;
}

const line = (label: string, text: string): ExplainedLine => ({ label, text: visibleText(text) });

/** From what is seen back to samples, and to the request that made them. */
export function explainedLines(explained: Explained, nowMs: number): readonly ExplainedLine[] {
  const { meaning, fates, operations, selection } = explained;
  return [
    line('sum of', meaning),
    ...sampleLines(explained),
    ...windowLines(explained),
    line('lost', fates === undefined ? 'not counted by this source' : lossWords(fates)),
    ...(selection === null ? fileLines(explained) : requestLines(selection, explained.targetName, nowMs)),
    ...(operations.length === 0 ? [] : [line('done to it', operations.map(operationWords).join(', then '))]),
  ];
}

function sampleLines({ value, unit, period }: Explained): readonly ExplainedLine[] {
  if (period <= 0) return [line('samples', 'the profile does not say what one counts')];
  const samples = value / period;
  if (unit === 'count') return [line('samples', formatCount(samples)), ...chanceLines(samples)];
  // What the budget made the agent sample more seldom counts more a sample: then it is no whole number.
  const about = Math.abs(samples - Math.round(samples)) > 0.01 ? 'about ' : '';
  const each =
    unit === 'nanoseconds' ? `${formatNanoseconds(period)} (${formatRate(period)})` : formatValue(period, unit);
  return [line('samples', `${about}${formatCount(samples)} of ${each}`), ...chanceLines(samples)];
}

/** "97 a second" of 10.3 ms. */
function formatRate(periodNs: number): string {
  return `${formatCount(1e9 / periodNs)} a second`;
}

/** Two standard errors of a count. Samples that come in bursts scatter more, never less. */
function chanceLines(samples: number): readonly ExplainedLine[] {
  if (samples < 1) return [];
  return [
    line('by chance', samples < 8 ? 'too few to tell' : `at least ±${formatShare(2 / Math.sqrt(samples))} (95 %)`),
  ];
}

function windowLines({ fates, durationMs }: Explained): readonly ExplainedLine[] {
  if (fates !== undefined) {
    const unmeasured = fates.unmeasuredWindows === 0 ? '' : `, ${formatCount(fates.unmeasuredWindows)} without a count`;
    return [line('windows', `${formatCount(fates.windows)}${unmeasured}`)];
  }
  return durationMs > 0 ? [line('windows', `one sum over ${formatSpan(durationMs)}`)] : [];
}

function fileLines({ title, format }: Explained): readonly ExplainedLine[] {
  return [line('read from', `${title} (${format})`)];
}

function requestLines(
  { source, selector, profileType, startMs, endMs }: Selection,
  targetName: string,
  nowMs: number,
): readonly ExplainedLine[] {
  return [
    line('asked', `${source === 'agent' ? 'the store of the agent' : 'Pyroscope'} of ${targetName}`),
    { ...line('for', selector), code: true },
    { ...line('of type', profileType), code: true },
    line('between', formatRange(startMs, endMs, nowMs)),
  ];
}

/** The explanation as text, for the clipboard. */
export function explainedText(label: string, shown: string, lines: readonly ExplainedLine[]): string {
  return [`${label} ${shown}`, ...lines.map(({ label: name, text }) => `${name}: ${text}`)].join('\n');
}
