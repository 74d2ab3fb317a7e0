import { changeAmount, intervalWords } from '../../../core/compare/sentences.js';
import type { FlameModel } from '../../flame/model.js';
import { changeBetween, formatCount, formatShare, formatValue } from '../../format/numbers.js';
import type { JudgedTable } from './judged-table.js';

/** All columns beside the name, by what is kept of them in the settings. */
export type ColumnKey =
  'self' | 'total' | 'callers' | 'package' | 'file' | 'baseline' | 'after' | 'change' | 'interval' | 'certainty';

/** A column of the table of functions. */
export interface Column {
  readonly key: ColumnKey;
  readonly title: string;
  /** What its number is called where it stands alone, in a spreadsheet; absent: the title. */
  readonly numberTitle?: string;
  /** A number that is sorted by, largest first; undefined: `text` is, in its order. */
  readonly value?: (table: JudgedTable, row: number) => number;
  /** What columns of words show and are sorted by. */
  readonly text?: (model: FlameModel, functionIndex: number) => string;
  /** "share": the value with its share of the whole and a bar. */
  readonly shape: 'share' | 'value' | 'count' | 'change' | 'interval' | 'certainty' | 'text';
}

const fileColumn: Column = {
  key: 'file',
  title: 'File',
  shape: 'text',
  text: (model, index) => model.files[index] ?? '',
};
const packageColumn: Column = {
  key: 'package',
  title: 'Package',
  shape: 'text',
  text: (model, index) => model.packages[index] ?? '',
};
const callersColumn: Column = {
  key: 'callers',
  title: 'Callers',
  shape: 'count',
  value: (table, row) => table.callers[row] ?? 0,
};

/** What a flame graph's table can show, in its order. */
export const flameColumns: readonly Column[] = [
  { key: 'self', title: 'Self', shape: 'share', value: (table, row) => table.self[row] ?? 0 },
  { key: 'total', title: 'Total', shape: 'share', value: (table, row) => table.total[row] ?? 0 },
  callersColumn,
  packageColumn,
  fileColumn,
];

/** What a diff's table shows; the words can be chosen as well. */
export const diffColumns: readonly Column[] = [
  { key: 'baseline', title: 'Before', shape: 'value', value: (table, row) => table.baselineTotal?.[row] ?? 0 },
  { key: 'after', title: 'After', shape: 'value', value: (table, row) => table.total[row] ?? 0 },
  { key: 'change', title: 'Change', shape: 'change', value: changeOf },
  {
    key: 'interval',
    title: '95 % interval',
    numberTitle: '95 % interval +-',
    shape: 'interval',
    value: (table, row) => table.judged?.margin[row] ?? Number.NaN,
  },
  { key: 'certainty', title: 'Certainty', shape: 'certainty', value: (table, row) => table.judged?.state[row] ?? 0 },
  callersColumn,
  packageColumn,
  fileColumn,
];

const alwaysInDiff: readonly ColumnKey[] = ['baseline', 'after', 'change'];
/** Of a diff that windows were judged of. */
const judgedColumns: readonly ColumnKey[] = ['interval', 'certainty'];

/** By JudgedTable's state. */
export const certaintyWords = ['few samples', 'not certain', 'certain'] as const;

/** The columns to show of those that there are. */
export function chosenColumns(diff: boolean, chosen: readonly string[], judged = false): readonly Column[] {
  const always = judged ? [...alwaysInDiff, ...judgedColumns] : alwaysInDiff;
  return diff
    ? diffColumns.filter(({ key }) => always.includes(key) || (chosen.includes(key) && !judgedColumns.includes(key)))
    : flameColumns.filter(({ key }) => chosen.includes(key));
}

/** Those that a person can choose. */
export function choosableColumns(diff: boolean): readonly Column[] {
  return diff ? diffColumns.filter(({ key }) => ![...alwaysInDiff, ...judgedColumns].includes(key)) : flameColumns;
}

/** Change of a row's total in a diff: comparison less baseline. */
export function changeOf(table: JudgedTable, row: number): number {
  return changeBetween(table.baselineTotal?.[row] ?? 0, table.total[row] ?? 0);
}

/** The interval of a row's change in words; "" where nothing was judged. */
export function rowInterval(table: JudgedTable, row: number, unit: string): string {
  const margin = table.judged?.margin[row] ?? Number.NaN;
  if (Number.isNaN(margin)) return '';
  return intervalWords({ before: table.baselineTotal?.[row] ?? 0, after: table.total[row] ?? 0, margin }, unit);
}

function rowAmount(table: JudgedTable, row: number): string {
  return changeAmount({ before: table.baselineTotal?.[row] ?? 0, after: table.total[row] ?? 0 });
}

/** A cell as it is copied into a document: rounded as on the screen. */
export function cellWords(
  column: Column,
  table: JudgedTable,
  row: number,
  model: FlameModel | null,
  unit: string,
  whole: number,
): string {
  if (column.text !== undefined) return model === null ? '' : column.text(model, table.functionIndex[row] ?? 0);
  const value = column.value?.(table, row) ?? 0;
  if (column.shape === 'interval') return rowInterval(table, row, unit);
  if (column.shape === 'certainty') return certaintyWords[value] ?? '';
  if (column.shape === 'change') return `${formatValue(value, unit)} (${rowAmount(table, row)})`;
  if (column.shape === 'count') return formatCount(value);
  return column.shape === 'share' && whole > 0
    ? `${formatValue(value, unit)} (${formatShare(value / whole)})`
    : formatValue(value, unit);
}
