import {
  abstainedWords,
  changeAmount,
  changeKind,
  changeSentence,
  historyWords,
  intervalWords,
  outlookWords,
  overlapWords,
  scalingWords,
} from '../core/compare/sentences.js';
import { formatSignedShare, formatValue, plural } from '../core/words/numbers.js';
import type { Cause, Difference, FunctionChange } from '../engine/profiles/difference.js';
import type { ReportFormat } from './arguments.js';

/** A rule of --fail-on that was met, and by which function. */
export interface BrokenRule {
  readonly rule: string;
  readonly name: string;
}

interface Titles {
  readonly before: string;
  readonly after: string;
}

/** So many of the largest changes are told when nothing is certain. */
const mostUncertain = 10;

/** What is told beside the difference itself. */
interface Told {
  /** Nobody named the scale. */
  readonly chosen: boolean;
  readonly broken: readonly BrokenRule[];
  /** Why earlier ranges were not looked at. */
  readonly withoutHistory?: string;
}

/** A comparison as text for people, Markdown for a pull request, or JSON for programs. */
export function diffReport(format: ReportFormat, titles: Titles, difference: Difference, told: Told): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(asJson(titles, difference, told), null, 2)}\n`;
    case 'markdown':
      return asMarkdown(titles, difference, told);
    case 'text':
      return asText(titles, difference, told);
  }
}

function asText(titles: Titles, difference: Difference, told: Told): string {
  const { causes, sampleType } = difference;
  const lines = [`${shown(titles.before)} → ${shown(titles.after)}`, wholeWords(difference), ''];
  if (causes.length > 0) lines.push('What changed for certain', '');
  for (const cause of causes) {
    lines.push(`  ${sentence(cause, difference)}`, `      95 % interval ${intervalWords(cause, sampleType.unit)}`);
    lines.push(`      at ${cause.path.map(shown).join(' > ')}`);
    if (cause.formerName !== undefined) lines.push(`      ${shown(cause.formerName)} before`);
    if (cause.inheritedBy.length > 0) lines.push(`      so do its callers ${cause.inheritedBy.map(shown).join(', ')}`);
  }
  const rest = uncertainOf(difference);
  if (rest.length > 0) lines.push(...(causes.length > 0 ? [''] : []), 'What may be chance', '');
  lines.push(...rest.map((change) => `  ${sentence(change, difference)}`));
  lines.push('', ...basis(difference, told));
  lines.push(...told.broken.map(({ rule, name }) => `Failed: ${rule}, by ${shown(name)}.`));
  return `${lines.join('\n')}\n`;
}

function asMarkdown(titles: Titles, difference: Difference, told: Told): string {
  const { causes, sampleType } = difference;
  const row = (change: FunctionChange, interval: string): string =>
    `| ${[code(change.name), value(change.before, difference), value(change.after, difference), changeAmount(change), interval].join(' | ')} |`;
  const lines = [
    `### ${code(titles.before)} → ${code(titles.after)}`,
    '',
    wholeWords(difference),
    '',
    '| function | before | after | change | 95 % interval |',
    '| --- | ---: | ---: | ---: | --- |',
    ...causes.map((cause) => row(cause, intervalWords(cause, sampleType.unit))),
    ...uncertainOf(difference).map((change) => row(change, 'may be chance')),
    '',
    ...basis(difference, told),
    ...told.broken.map(({ rule, name }) => `**Failed:** ${code(rule)}, by ${code(name)}.`),
  ];
  return `${lines.join('\n')}\n`;
}

function asJson(titles: Titles, difference: Difference, { broken, withoutHistory }: Told): object {
  const { sampleType, scaling, whole, evidence, causes, functions } = difference;
  return {
    version: 1,
    ...titles,
    sampleType,
    scaling,
    total: whole,
    evidence: {
      windows: evidence.windows,
      seconds: evidence.seconds,
      samples: evidence.samples,
      abstained: evidence.abstained ?? null,
      history: evidence.history ?? null,
      overlapping: evidence.overlapping ?? null,
      ...(withoutHistory === undefined ? {} : { withoutHistory }),
      effectiveWindows: evidence.effectiveWindows,
      smallestShare: evidence.smallestShare,
    },
    causes: causes.map((cause) => ({ kind: changeKind(cause), ...cause })),
    functions: functions.map((change) => ({ kind: changeKind(change), ...change, margin: change.margin ?? null })),
    failed: broken,
  };
}

function wholeWords({ whole, sampleType, scaling }: Difference): string {
  const change = whole.before > 0 ? ` (${formatSignedShare(whole.after / whole.before - 1)})` : '';
  const scaled = scaling.factor === 1 ? '' : ', before scaled to be comparable';
  return `${sampleType.type}: ${formatValue(whole.before, sampleType.unit)} → ${formatValue(whole.after, sampleType.unit)}${change}${scaled}`;
}

/** What the judgement rests on, and what it could have seen. */
function basis({ evidence, scaling, sampleType }: Difference, { chosen, withoutHistory }: Told): readonly string[] {
  const [before, after] = evidence.windows;
  const { history } = evidence;
  const abstained = abstainedWords(evidence, scaling.by);
  const overlap = overlapWords(evidence);
  return [
    `${scalingWords(scaling, chosen, sampleType.type)}.`,
    abstained ??
      `${plural(before, 'measurement', 'measurements')} against ${plural(after, 'measurement', 'measurements')}.`,
    ...(abstained === undefined ? [outlookWords(evidence)] : []),
    ...(overlap === undefined ? [] : [overlap]),
    ...(history === undefined ? [] : [historyWords(history)]),
    ...(abstained === undefined && withoutHistory !== undefined
      ? [`Not judged against earlier pairs: ${withoutHistory}.`]
      : []),
  ];
}

/** The largest changes that are not certain and that no cause explains. */
function uncertainOf({ functions, causes }: Difference): readonly FunctionChange[] {
  const told = causes.length === 0 ? mostUncertain : 3;
  return functions.filter((change) => !change.certain && changeKind(change) !== 'same').slice(0, told);
}

function sentence(change: FunctionChange | Cause, { sampleType, whole }: Difference): string {
  return changeSentence(shown(change.name), { ...change, margin: change.margin ?? 0 }, sampleType.unit, whole);
}

function value(of: number, { sampleType }: Difference): string {
  return formatValue(of, sampleType.unit);
}

/** A name from a file must not move the terminal's cursor. */
function shown(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

/** A name as code of Markdown: nothing in it is markup, and no bar ends a cell. */
function code(text: string): string {
  const inside = shown(text).replaceAll('|', '\\|');
  const fence = '`'.repeat(Math.max(0, ...[...inside.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return fence.length > 1 ? `${fence} ${inside} ${fence}` : `\`${inside}\``;
}
