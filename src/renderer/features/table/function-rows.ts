import type { FunctionTable } from '../../../contract/decoder.js';
import { matchNames } from '../../../core/flame/search.js';
import { changeBetween } from '../../format/numbers.js';

/** The table of a view with what is needed to show it. Lives outside React. */
export interface FunctionRows {
  readonly viewId: string;
  readonly table: FunctionTable;
  /** Names as they came, by function index. */
  readonly names: readonly string[];
}

/** What a table can be sorted by. */
export type SortColumn = 'name' | 'self' | 'total' | 'baseline' | 'change';

export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/** Change of a row's total in a diff: comparison less baseline. */
export function changeOf(table: FunctionTable, row: number): number {
  return changeBetween(table.baselineTotal?.[row] ?? 0, table.total[row] ?? 0);
}

function valueOf(table: FunctionTable, column: Exclude<SortColumn, 'name'>, row: number): number {
  switch (column) {
    case 'self':
      return table.self[row] ?? 0;
    case 'total':
      return table.total[row] ?? 0;
    case 'baseline':
      return table.baselineTotal?.[row] ?? 0;
    case 'change':
      return changeOf(table, row);
  }
}

/** The root's number in every view. It is no function, so it has no row. */
const rootFunction = 0;

/** Rows whose function matches the filter (all for ""), in the order asked for; equal ones by name. */
export function arrangeRows(rows: FunctionRows, filter: string, sort: Sort): Uint32Array {
  const { table, names } = rows;
  const matches = filter === '' ? undefined : matchNames(names, filter);
  const chosen: number[] = [];
  for (let row = 0; row < table.functionIndex.length; row++) {
    const index = table.functionIndex[row] ?? rootFunction;
    if (index !== rootFunction && (matches === undefined || matches[index] === 1)) chosen.push(row);
  }
  const nameOf = (row: number): string => names[table.functionIndex[row] ?? 0] ?? '';
  const byName = (a: number, b: number): number => {
    const [left, right] = [nameOf(a), nameOf(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  const direction = sort.descending ? -1 : 1;
  const { column } = sort;
  if (column === 'name') chosen.sort((a, b) => direction * byName(a, b));
  else {
    // Looked up once a row, not once a comparison: there may be tens of thousands of rows.
    const keys = new Float64Array(table.functionIndex.length);
    for (const row of chosen) keys[row] = direction * valueOf(table, column, row);
    chosen.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || byName(a, b));
  }
  return Uint32Array.from(chosen);
}
