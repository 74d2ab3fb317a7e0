import { matchFunctions } from '../../../core/flame/match-functions.js';
import type { SearchMode } from '../../../core/flame/match-names.js';
import type { FlameModel } from '../../flame/model.js';
import type { Column } from './columns.js';
import type { JudgedTable } from './judged-table.js';

/** The table of a view with what is needed to show it. Lives outside React. */
export interface FunctionRows {
  readonly viewId: string;
  readonly table: JudgedTable;
  /** Names as they came, by function index. */
  readonly names: readonly string[];
}

/** What a table is sorted by; null: the name. */
export interface Sort {
  readonly column: Column | null;
  readonly descending: boolean;
}

/** The root's number in every view. It is no function, so it has no row. */
const rootFunction = 0;

/**
 * Rows whose function matches the search (all for "" and for what is no regular expression), in the order asked for; equal
 * ones by name.
 */
export function arrangeRows(
  rows: FunctionRows,
  query: string,
  mode: SearchMode,
  sort: Sort,
  model: FlameModel | null,
  passes: (row: number) => boolean = () => true,
): Uint32Array {
  const { table, names } = rows;
  const functions = { names, packages: model?.packages ?? [], kinds: model?.kinds ?? new Uint8Array(0) };
  const matches = query === '' ? null : matchFunctions(functions, query, mode);
  const chosen: number[] = [];
  for (let row = 0; row < table.functionIndex.length; row++) {
    const index = table.functionIndex[row] ?? rootFunction;
    if (index !== rootFunction && (matches === null || matches[index] === 1) && passes(row)) chosen.push(row);
  }
  const nameOf = (row: number): string => names[table.functionIndex[row] ?? 0] ?? '';
  const byName = (a: number, b: number): number => compare(nameOf(a), nameOf(b));
  const direction = sort.descending ? -1 : 1;
  const { column } = sort;
  if (column === null) chosen.sort((a, b) => direction * byName(a, b));
  else if (column.value !== undefined) {
    // Looked up once a row, not once a comparison: there may be tens of thousands of rows.
    const keys = new Float64Array(table.functionIndex.length);
    for (const row of chosen) {
      const value = column.value(table, row);
      keys[row] = Number.isNaN(value) ? Infinity : direction * value; // what is not known comes last
    }
    chosen.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || byName(a, b));
  } else {
    const { text } = column;
    const textOf = (row: number): string =>
      model === null || text === undefined ? '' : text(model, table.functionIndex[row] ?? 0);
    chosen.sort((a, b) => direction * compare(textOf(a), textOf(b)) || byName(a, b));
  }
  return Uint32Array.from(chosen);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
