import type { Selection } from '../../../contract/selection.js';
import type { Fates } from '../../../contract/trust.js';
import { operationWords } from '../../flame/operation-words.js';
import { formatCount, formatNanoseconds, formatShare, formatValue } from '../../format/numbers.js';
import { formatRange, formatSpan } from '../../format/times.js';
import { lossWords } from '../trust/trust-words.js';
import { line, type ExplainedLine, type Figure, type Measured, type Origin } from './figures.js';

/** What became of samples, as far as it is known: their source may be asked for it, not have answered, or not count them. */
export type KnownFates = Fates | 'asking' | 'failed' | undefined;

const unknownWords = { asking: 'asking the agent …', failed: 'the agent did not answer' };

/** A value that was measured, with what became of its samples. */
export interface Explained extends Origin, Omit<Measured, 'origin'> {
  /** Of its selection, where its source counts them. */
  readonly fates: KnownFates;
}

/** Lines that belong together: of one side of a comparison, or of both. */
export interface ExplainedSection {
  readonly title: '' | 'A' | 'B' | 'A and B';
  readonly lines: readonly ExplainedLine[];
}

/** How a figure came about: how it was computed, and what of both sides it was computed from. `fates` are those of `measured`. */
export function explainedSections(
  { how = [], measured }: Figure,
  fates: readonly KnownFates[],
  nowMs: number,
): readonly ExplainedSection[] {
  const [first, second] = measured.map(({ origin, ...value }, at) =>
    explainedLines({ ...origin, ...value, fates: fates[at] }, nowMs),
  );
  const computed: readonly ExplainedSection[] = how.length === 0 ? [] : [{ title: '', lines: how }];
  if (first === undefined) return computed;
  if (second === undefined) return [{ title: '', lines: [...how, ...first] }];
  const isSaid = (lines: readonly ExplainedLine[], { label, text }: ExplainedLine): boolean =>
    lines.some((other) => other.label === label && other.text === text);
  return [
    ...computed,
    { title: 'A', lines: first.filter((each) => !isSaid(second, each)) },
    { title: 'B', lines: second.filter((each) => !isSaid(first, each)) },
    { title: 'A and B', lines: first.filter((each) => isSaid(second, each)) },
  ];
}

/** From what is seen back to samples, and to the request that made them. */
export function explainedLines(explained: Explained, nowMs: number): readonly ExplainedLine[] {
  const { meaning, operations, selection } = explained;
  return [
    line('sum of', meaning),
    ...sampleLines(explained),
    ...windowLines(explained),
    line('lost', lostWords(explained.fates)),
    ...(selection === null ? fileLines(explained) : requestLines(selection, explained.targetName, nowMs)),
    ...(operations.length === 0 ? [] : [line('done to it', operations.map(operationWords).join(', then '))]),
  ];
}

function lostWords(fates: KnownFates): string {
  if (typeof fates === 'string') return unknownWords[fates];
  return fates === undefined ? 'not counted by this source' : lossWords(fates);
}

function sampleLines({ value, unit, period, fates }: Explained): readonly ExplainedLine[] {
  if (period <= 0) {
    if (typeof fates === 'string') return [line('samples', unknownWords[fates])];
    if (fates === undefined) return [line('samples', 'the profile does not say what one counts')];
    return worthLines(value, unit, fates);
  }
  const samples = value / period;
  if (unit === 'count') return [line('samples', formatCount(samples)), ...chanceLines(samples)];
  // What the budget made the agent sample more seldom counts more a sample: then it is no whole number.
  const about = Math.abs(samples - Math.round(samples)) > 0.01 ? 'about ' : '';
  const each =
    unit === 'nanoseconds' ? `${formatNanoseconds(period)} (${formatRate(period)})` : formatValue(period, unit);
  return [line('samples', `${about}${formatCount(samples)} of ${each}`), ...chanceLines(samples)];
}

/**
 * How many samples a value is where they do not all count the same, as after the agent lowered its rate: of all that arrived as many as it
 * is of what these stand for.
 */
function worthLines(value: number, unit: string, { delivered, sampledNs }: Fates): readonly ExplainedLine[] {
  if (unit !== 'nanoseconds' || sampledNs <= 0 || delivered <= 0) {
    return [line('samples', `${formatCount(delivered)} arrived in all`)];
  }
  const worthNs = sampledNs / delivered;
  const samples = value / worthNs;
  const words = `about ${formatCount(samples)} of ${formatNanoseconds(worthNs)} on average`;
  return [line('samples', words), ...chanceLines(samples)];
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
  if (typeof fates === 'string') return [line('windows', unknownWords[fates])];
  if (fates !== undefined) {
    const unmeasured = fates.unmeasuredWindows === 0 ? '' : `, ${formatCount(fates.unmeasuredWindows)} without a count`;
    return [line('windows', `${formatCount(fates.windows)}${unmeasured}`)];
  }
  return durationMs > 0 ? [line('windows', `one sum over ${formatSpan(durationMs)}`)] : [];
}

function fileLines({ title, format }: Origin): readonly ExplainedLine[] {
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
export function explainedText(label: string, shown: string, sections: readonly ExplainedSection[]): string {
  const lines = sections.flatMap(({ title, lines: own }) =>
    own.map(({ label: name, text }) => `${title === '' ? '' : `${title}, `}${name}: ${text}`),
  );
  return [`${label} ${shown}`, ...lines].join('\n');
}
