import type { FunctionRows } from './function-rows.js';

/**
 * Rows as tab-separated text, numbers unrounded, for a spreadsheet. `labels` are names made harmless, by function
 * index; a cell that a spreadsheet would take for a formula is led by an apostrophe.
 */
export function tableText(rows: FunctionRows, order: Uint32Array, unit: string, labels: readonly string[]): string {
  const { table } = rows;
  const diff = table.baselineTotal !== undefined;
  const head = diff
    ? ['function', `before (${unit})`, `after (${unit})`]
    : ['function', `self (${unit})`, `total (${unit})`];
  const lines = [head.join('\t')];
  for (const row of order) {
    const name = labels[table.functionIndex[row] ?? 0] ?? '';
    const values = diff
      ? [table.baselineTotal[row] ?? 0, table.total[row] ?? 0]
      : [table.self[row] ?? 0, table.total[row] ?? 0];
    lines.push([/^[=+\-@]/.test(name) ? `'${name}` : name, ...values.map(String)].join('\t'));
  }
  return `${lines.join('\n')}\n`;
}
