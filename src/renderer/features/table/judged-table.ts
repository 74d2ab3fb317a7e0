import type { Certainty } from '../../../contract/certainty.js';
import type { FunctionTable } from '../../../contract/decoder.js';
import { changeKind, type ChangeKind } from '../../../core/compare/sentences.js';
import { changeBetween } from '../../format/numbers.js';

/** A table of functions and, of a diff whose windows were judged, what they say of each row. */
export interface JudgedTable extends FunctionTable {
  readonly judged?: {
    /** Half of the 95 % interval of the change, NaN where there are too few samples. */
    readonly margin: Float64Array;
    /** 0 too few samples, 1 not certain, 2 certain. */
    readonly state: Uint8Array;
    readonly by: Pick<Certainty, 'windows' | 'history'>;
  };
}

/** What rows of a diff are shown. */
export const changeFilters = ['all', 'certain', 'slower', 'faster', 'new', 'gone'] as const;
export type ChangeFilter = (typeof changeFilters)[number];

/** Lays what was judged beside the rows. Where the data were too few to judge by, intervals are kept and nothing is certain. */
export function judgeTable(table: FunctionTable, certainty: Certainty | null): JudgedTable {
  if (certainty === null) return table;
  const { functionIndex, margin, certain } = certainty.functions;
  const rowOf = new Map(Array.from(table.functionIndex, (index, row) => [index, row]));
  const judged = {
    margin: new Float64Array(table.functionIndex.length).fill(Number.NaN),
    state: new Uint8Array(table.functionIndex.length),
    by: certainty,
  };
  for (let at = 0; at < functionIndex.length; at++) {
    const row = rowOf.get(functionIndex[at] ?? 0);
    if (row === undefined) continue;
    judged.margin[row] = margin[at] ?? Number.NaN;
    judged.state[row] = certain[at] === 1 ? 2 : 1;
  }
  return { ...table, judged };
}

/** Whether a filter lets a row through. What was judged and is not certain is neither slower nor faster. */
export function passes(table: JudgedTable, row: number, filter: ChangeFilter): boolean {
  if (filter === 'all') return true;
  const state = table.judged?.state[row];
  if (filter === 'certain') return state === 2;
  const kind = kindOf(table, row);
  if (filter === 'new' || filter === 'gone') return kind === filter;
  const towards = filter === 'slower' ? ['slower', 'new'] : ['faster', 'gone'];
  return towards.includes(kind) && (state === undefined || state === 2);
}

function kindOf(table: JudgedTable, row: number): ChangeKind {
  const before = table.baselineTotal?.[row] ?? 0;
  const after = table.total[row] ?? 0;
  return changeBetween(before, after) === 0 ? 'same' : changeKind({ before, after });
}
