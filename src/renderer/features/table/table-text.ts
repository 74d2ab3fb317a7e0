import type { FlameModel } from '../../flame/model.js';
import { cellWords, type Column } from './columns.js';
import type { FunctionRows } from './function-rows.js';

/** What a table is copied as. */
export type TableFormat = 'csv' | 'markdown';

interface TableOptions {
  readonly rows: FunctionRows;
  readonly order: Uint32Array;
  readonly columns: readonly Column[];
  readonly unit: string;
  readonly whole: number;
  /** For names made harmless. */
  readonly model: FlameModel | null;
}

/** Rows as CSV (RFC 4180), numbers unrounded, for a spreadsheet; or as a Markdown table, numbers as on the screen. */
export function tableText(options: TableOptions, format: TableFormat): string {
  return format === 'csv' ? csvText(options) : markdownText(options);
}

function csvText({ rows, order, columns, unit, whole, model }: TableOptions): string {
  const { table } = rows;
  const head = columns.map(({ title, numberTitle = title, shape }) =>
    shape === 'text' || shape === 'count' || shape === 'certainty'
      ? title
      : `${numberTitle} (${unit === '' ? 'count' : unit})`,
  );
  const lines = [['Function', ...head]];
  for (const row of order) {
    const index = table.functionIndex[row] ?? 0;
    const cells = columns.map((column) => {
      const { text, value, shape } = column;
      if (text !== undefined) return model === null ? '' : harmless(text(model, index));
      if (shape === 'certainty') return cellWords(column, table, row, model, unit, whole);
      const number = value?.(table, row) ?? 0;
      return Number.isNaN(number) ? '' : String(number);
    });
    lines.push([harmless(model?.labels[index] ?? ''), ...cells]);
  }
  return `${lines.map((cells) => cells.map(quoted).join(',')).join('\r\n')}\r\n`;
}

/** A cell that a spreadsheet would take for a formula is led by an apostrophe. */
function harmless(text: string): string {
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function markdownText({ rows, order, columns, unit, whole, model }: TableOptions): string {
  const { table } = rows;
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const rules = columns.map(({ shape }) => (shape === 'text' ? '---' : '---:'));
  const body = Array.from(order, (row) =>
    line([
      model?.labels[table.functionIndex[row] ?? 0] ?? '',
      ...columns.map((column) => cellWords(column, table, row, model, unit, whole)),
    ]),
  );
  return `${[line(['Function', ...columns.map(({ title }) => title)]), `| ${['---', ...rules].join(' | ')} |`, ...body].join('\n')}\n`;
}

/** Names are hostile text: nothing of them is markup. */
function escaped(cell: string): string {
  return cell.replaceAll(/[\\`*_{}[\]<>()#|~&]/g, '\\$&');
}
