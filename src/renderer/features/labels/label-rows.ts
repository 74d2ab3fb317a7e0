import type { LabelRow, LabelTable } from '../../../contract/decoder.js';

/** The labels of one key, the largest first. */
export interface LabelGroup {
  readonly key: string;
  readonly rows: readonly LabelRow[];
}

/** What people look for first: whose time it is. */
const firstKeys = [/^(?:thread|tid)/i, /^(?:pid|process)/i];

/** Labels of both sides of a comparison, or of the one profile, as one list: what both carry is added up. */
export function mergeLabels(tables: readonly LabelTable[]): LabelTable {
  const rows = new Map<string, LabelRow>();
  let unlabelled = 0;
  let leftOut = 0;
  for (const table of tables) {
    unlabelled += table.unlabelled;
    leftOut += table.leftOut;
    for (const row of table.rows) {
      const name = JSON.stringify([row.key, row.value, row.unit]);
      rows.set(name, { ...row, total: row.total + (rows.get(name)?.total ?? 0) });
    }
  }
  return { rows: [...rows.values()].sort((a, b) => b.total - a.total), leftOut, unlabelled };
}

/** Labels by their keys, threads and processes first, whose key or value has a text in it, whatever the case. */
export function labelGroups({ rows }: LabelTable, filter: string): readonly LabelGroup[] {
  const wanted = filter.trim().toLowerCase();
  const groups = new Map<string, LabelRow[]>();
  for (const row of rows) {
    if (wanted !== '' && !`${row.key} ${row.value} ${row.unit}`.toLowerCase().includes(wanted)) continue;
    const group = groups.get(row.key) ?? [];
    groups.set(row.key, group);
    group.push(row);
  }
  const rank = (key: string): number => {
    const first = firstKeys.findIndex((pattern) => pattern.test(key));
    return first < 0 ? firstKeys.length : first;
  };
  return Array.from(groups, ([key, own]) => ({ key, rows: own })).sort(
    (a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1),
  );
}
