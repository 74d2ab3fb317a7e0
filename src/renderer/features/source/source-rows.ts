import type { Tree } from '@lezer/common';
import type { FoundCode } from '../../../contract/code.js';
import type { LineTable } from '../../../contract/decoder.js';
import type { AlignedLine } from '../../../core/source/align-lines.js';
import { comparedCosts } from '../../../core/source/compared-costs.js';
import type { LineCosts } from '../../../core/source/line-costs.js';
import { visibleText } from '../../format/visible-text.js';
import type { ComparedTexts } from './compared-texts.js';
import { partsOfLine, type CodePart } from './syntax.js';

/** Of a line no more is drawn: that of a minified file may have a million characters. */
const mostCharacters = 2000;

/** A line of a text, and where in the text it begins. */
export interface TextLine {
  readonly text: string;
  readonly from: number;
}

/** The lines of a text; what ends the last one begins no further one. */
export function linesOfText(text: string): readonly TextLine[] {
  const lines: TextLine[] = [];
  let from = 0;
  for (const { 0: ending, index } of text.matchAll(/\r\n|\n|\r/g)) {
    lines.push({ text: text.slice(from, index), from });
    from = index + ending.length;
  }
  if (from < text.length || lines.length === 0) lines.push({ text: text.slice(from), from });
  return lines;
}

/** A line for the screen: made harmless, with its tabs, in parts that have one colour each. */
export function shownParts(line: TextLine, tree: Tree | null): readonly CodePart[] {
  const drawn = line.text.slice(0, mostCharacters);
  const parts = tree === null ? [{ text: drawn, className: '' }] : partsOfLine(tree, drawn, line.from);
  const left = line.text.length - mostCharacters;
  return [
    ...parts.map(({ text, className }) => ({ className, text: text.split('\t').map(visibleText).join('\t') })),
    ...(left > 0 ? [{ text: ` … ${left} more characters`, className: 'mute' }] : []),
  ];
}

/** By line, its place in a table's columns. */
export function placesOfLines({ line }: LineTable): ReadonlyMap<number, number> {
  return new Map(Array.from(line, (each, index) => [each, index]));
}

/** A line that the profile names and the file does not have, so that it is another version; undefined where all are there. */
export function lineBeyond({ line }: Pick<LineCosts, 'line'>, lineCount: number): number | undefined {
  const last = line.at(-1);
  return last !== undefined && last > lineCount ? last : undefined;
}

/** A line as a list of the most expensive shows it. */
export interface CostlyLine {
  readonly line: number;
  readonly functionName: string;
  readonly total: number;
}

/** The lines that cost most, those first, for where there is no text to show them in. */
export function costliestLines({ line, owner, functions, columns }: LineTable, most: number): readonly CostlyLine[] {
  const total = (index: number): number => columns[0]?.total[index] ?? 0;
  return Array.from(line.keys())
    .sort((a, b) => total(b) - total(a))
    .slice(0, most)
    .map((index) => ({
      line: line[index] ?? 0,
      functionName: functions[owner[index] ?? 0] ?? '',
      total: total(index),
    }));
}

/** A row of the view: a line of the text that is shown, or one of a baseline's text that is gone. */
export interface SourceRow {
  readonly text: TextLine;
  /** Where both sides have texts of their own. */
  readonly aligned?: AlignedLine;
  /** How a line that changed read before. */
  readonly formerly?: string;
}

/** What is drawn of a file. */
export interface SourceRows {
  readonly rows: readonly SourceRow[];
  /** Its lines are numbers of rows, from 1 on. */
  readonly table: LineTable | null;
  /** How many lines the text has. */
  readonly lineCount: number;
  /** How many lines the baseline's text has, where it has one of its own. */
  readonly baselineCount?: number;
}

/** Lays out a text with what its lines cost, and a comparison's two as one. Costs that were told of otherwise stay away until they are. */
export function rowsOf(found: FoundCode, table: LineTable | null, { byText }: ComparedTexts): SourceRows {
  const text = linesOfText(found.text);
  if (byText === undefined || table?.before === undefined) {
    const rows = text.map((line) => ({ text: line }));
    return { rows, table: table?.before === undefined ? table : null, lineCount: text.length };
  }
  const { before, ...own } = table;
  const former = linesOfText(byText.before.text);
  const { rows, costs } = comparedCosts(byText.aligned, own, before);
  const nothing: TextLine = { text: '', from: 0 };
  return {
    rows: rows.map((aligned) => ({
      text: (aligned.after > 0 ? text[aligned.after - 1] : former[aligned.before - 1]) ?? nothing,
      aligned,
      ...(aligned.changed ? { formerly: former[aligned.before - 1]?.text ?? '' } : {}),
    })),
    table: { ...own, ...costs },
    lineCount: text.length,
    baselineCount: former.length,
  };
}

/** The line of the shown text that a row is, or else of the baseline's. */
export function lineOfRow(rows: readonly SourceRow[], row: number): number {
  const { after = row, before = row } = rows[row - 1]?.aligned ?? {};
  return after === 0 ? before : after;
}

/** The number of a row: what it was in the baseline's text and is in the comparison's. */
export interface RowNumber {
  readonly kind: 'same' | 'moved' | 'changed' | 'new' | 'gone';
  /** "12 → 16" of a line that moved, "12 ~ 16" or "~ 16" of one that changed, "+ 16" of a new one, "− 12" of one that is gone. */
  readonly shown: string;
  readonly spoken: string;
}

/** How a row is numbered, where A and B have texts of their own. */
export function numberOfRow({ before, after, changed }: AlignedLine): RowNumber {
  if (after === 0) return { kind: 'gone', shown: `− ${before}`, spoken: `line ${before} of A, gone in B` };
  if (before === 0) return { kind: 'new', shown: `+ ${after}`, spoken: `${after}, new in B` };
  if (changed) {
    const shown = before === after ? `~ ${after}` : `${before} ~ ${after}`;
    return { kind: 'changed', shown, spoken: `${after}, in A line ${before}, changed` };
  }
  if (before !== after)
    return { kind: 'moved', shown: `${before} → ${after}`, spoken: `${after}, in A line ${before}` };
  return { kind: 'same', shown: `${after}`, spoken: `${after}` };
}
