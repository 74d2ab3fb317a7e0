import {
  changeFigure,
  line,
  measuredOf,
  sumFigure,
  type Figure,
  type FigureSet,
  type JudgedChange,
} from '../guidance/figures.js';
import type { FlameModel } from '../../flame/model.js';
import { formatSignedValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { AppState } from '../../state/store.js';
import { cellWords, type Column } from './columns.js';
import type { FunctionRows } from './function-rows.js';
import type { JudgedTable } from './judged-table.js';

const alone = 'this function alone, when nothing it calls runs, wherever it is called';
const whole = 'this function and all it calls, wherever it is called; a stack with many of it counts once';

/** The numbers of a row; `chosen` is the column that is asked for, which may be one of words. */
export function figuresOfRow(
  state: AppState,
  rows: FunctionRows,
  row: number,
  columns: readonly Column[],
  model: FlameModel | null,
  chosen: Column | undefined,
): FigureSet {
  const numbers = columns.filter(({ shape }) => shape !== 'text');
  const index = rows.table.functionIndex[row] ?? 0;
  return {
    of: model?.labels[index] ?? visibleText(rows.names[index] ?? ''),
    figures: numbers.map((column) => figureOfCell(state, rows, row, column, model)),
    chosen: Math.max(0, chosen === undefined ? 0 : numbers.indexOf(chosen)),
  };
}

function figureOfCell(
  state: AppState,
  { table }: FunctionRows,
  row: number,
  column: Column,
  model: FlameModel | null,
): Figure {
  const { viewHeader } = state;
  const all = viewHeader?.total ?? 0;
  const label = column.title;
  const value = column.value?.(table, row) ?? 0;
  const unit = viewHeader?.sampleType.unit ?? '';
  const shown =
    column.shape === 'change' ? formatSignedValue(value, unit) : cellWords(column, table, row, model, unit, all);
  const total = table.total[row] ?? 0;
  const before = table.baselineTotal?.[row] ?? 0;
  switch (column.key) {
    case 'self':
      return sumFigure(state, { label, shown, value, meaning: alone, share: { label: 'of all', whole: all } });
    case 'total':
      return sumFigure(state, { label, shown, value, meaning: whole, share: { label: 'of all', whole: all } });
    case 'baseline':
      return sumFigure(state, { label, shown, value, meaning: whole });
    case 'after':
      return sumFigure(state, { label, shown, side: 1, value, meaning: whole });
    case 'callers': {
      const how = [line('counted', 'functions that call it directly; itself is none of them, the root is one')];
      const side = table.baselineTotal === undefined ? 0 : 1;
      return { label, shown, how, measured: measuredOf(state, side, total, whole) };
    }
    case 'change':
    case 'interval':
    case 'certainty':
    case 'package':
    case 'file':
      return changeFigure(state, { label, shown, before, after: total, meaning: whole, judged: judgedRow(table, row) });
  }
}

/** What windows say of a row; undefined where they were not judged. */
function judgedRow({ judged }: JudgedTable, row: number): JudgedChange | undefined {
  if (judged === undefined) return undefined;
  const margin = judged.margin[row] ?? Number.NaN;
  return { state: judged.state[row] ?? 0, margin: Number.isNaN(margin) ? undefined : margin, by: judged.by };
}
