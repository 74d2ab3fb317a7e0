import { f64At, u32At } from '../profile/columns.js';
import type { AlignedLine } from './align-lines.js';
import type { LineColumn, LineCosts } from './line-costs.js';

/** A file of a comparison as it is shown: the comparison's text, and between its lines those that are gone and cost something. */
export interface ComparedCosts {
  readonly rows: readonly AlignedLine[];
  /** What rows cost, as `LineCosts` of a comparison: its lines are numbers of rows, from 1 on. */
  readonly costs: LineCosts;
}

/**
 * Puts what lines cost before beside what the lines that they became cost. Lines that a side measured and its text does not have stand
 * behind all others, so that nothing is left out.
 *
 * Example: line 1 is now line 2, line 2 is gone, and line 1 is new; before [1: 5, 2: 3], after [2: 4]:
 *   rows [+1, 1→2, −2], costs of rows 2: 4 and 5, 3: 0 and 3
 */
export function comparedCosts(aligned: readonly AlignedLine[], after: LineCosts, before: LineCosts): ComparedCosts {
  const placesAfter = placesOf(after);
  const placesBefore = placesOf(before);
  const rows = aligned.filter((line) => line.after > 0 || placesBefore.has(line.before));
  const [has, had] = [new Set(rows.map((row) => row.after)), new Set(rows.map((row) => row.before))];
  for (const line of before.line) if (!had.has(line)) rows.push({ before: line, after: 0, changed: false });
  for (const line of after.line) if (!has.has(line)) rows.push({ before: 0, after: line, changed: false });

  const functions = [...new Set([...after.functions, ...before.functions])];
  const numberOf = new Map(functions.map((name, index) => [name, index]));
  const line: number[] = [];
  const owner: number[] = [];
  /** By row that costs something, its place on each side. */
  const places: (readonly [number | undefined, number | undefined])[] = [];
  for (const [index, row] of rows.entries()) {
    const [own, old] = [placesAfter.get(row.after), placesBefore.get(row.before)];
    if (own === undefined && old === undefined) continue;
    line.push(index + 1);
    places.push([own, old]);
    const [side, place] = own === undefined ? [before, old] : [after, own];
    owner.push(numberOf.get(side.functions[u32At(side.owner, place ?? 0)] ?? '') ?? 0);
  }
  const columnOf = ({ columns: [column] }: LineCosts, side: 0 | 1): readonly LineColumn[] => {
    if (column === undefined) return [];
    const of = (values: Float64Array): Float64Array =>
      Float64Array.from(places, ({ [side]: place }) => (place === undefined ? 0 : f64At(values, place)));
    return [{ ...column, self: of(column.self), total: of(column.total) }];
  };
  return {
    rows,
    costs: {
      line: Uint32Array.from(line),
      owner: Uint32Array.from(owner),
      functions,
      columns: [...columnOf(after, 0), ...columnOf(before, 1)],
    },
  };
}

/** By line, its place in the columns. */
function placesOf({ line }: LineCosts): ReadonlyMap<number, number> {
  return new Map(Array.from(line, (each, index) => [each, index]));
}
