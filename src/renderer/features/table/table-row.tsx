import type { CSSProperties, ReactElement } from 'react';
import { formatCount, formatShare, formatSignedShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { FlameModel } from '../../flame/model.js';
import { certaintyWords, changeOf, rowInterval, type Column } from './columns.js';
import type { FunctionRows } from './function-rows.js';

interface CellProps {
  readonly rows: FunctionRows;
  readonly row: number;
  readonly unit: string;
  readonly whole: number;
  readonly model: FlameModel | null;
}

interface RowProps extends CellProps {
  readonly position: number;
  readonly columns: readonly Column[];
  readonly grid: CSSProperties;
  /** Its function is the selected frame's. */
  readonly selected: boolean;
  /** Its function is below the pointer of another view. */
  readonly marked: boolean;
}

/** A function with its numbers. */
export function TableRow({ columns, grid, position, selected, marked, ...cell }: RowProps): ReactElement {
  const { rows, row, model } = cell;
  const index = rows.table.functionIndex[row] ?? 0;
  const label = model?.labels[index] ?? visibleText(rows.names[index] ?? '');
  const file = model?.files[index] ?? '';
  return (
    <div
      className={`table-row${selected ? ' on' : ''}${marked ? ' marked' : ''}`}
      role="row"
      aria-current={selected}
      data-row={row}
      aria-rowindex={position}
      style={grid}
      title={file === '' ? label : `${label}\n${file}`}
    >
      <span role="cell" className="name">
        <button type="button" className="clip">
          {label}
        </button>
      </span>
      {columns.map((column) => (
        <Cell key={column.key} column={column} {...cell} />
      ))}
    </div>
  );
}

function Cell({ column, rows, row, unit, whole, model }: CellProps & { readonly column: Column }): ReactElement {
  const { table } = rows;
  const value = column.value?.(table, row) ?? 0;
  switch (column.shape) {
    case 'share':
      return <ShareCell value={value} unit={unit} whole={whole} />;
    case 'value':
      return (
        <span role="cell" className="value single">
          {formatValue(value, unit)}
        </span>
      );
    case 'count':
      return (
        <span role="cell" className="value single">
          {formatCount(value)}
        </span>
      );
    case 'interval':
      return (
        <span role="cell" className="value single">
          {rowInterval(table, row, unit)}
        </span>
      );
    case 'certainty':
      return (
        <span role="cell" className={value === 2 ? 'value single strong' : 'value single mute'}>
          {certaintyWords[value] ?? ''}
        </span>
      );
    case 'change':
      return <ChangeCell rows={rows} row={row} unit={unit} />;
    case 'text': {
      const text = model === null ? '' : (column.text?.(model, table.functionIndex[row] ?? 0) ?? '');
      return (
        <span role="cell" className="file clip" title={visibleText(text)}>
          {visibleText(text)}
        </span>
      );
    }
  }
}

function ShareCell({
  value,
  unit,
  whole,
}: {
  readonly value: number;
  readonly unit: string;
  readonly whole: number;
}): ReactElement {
  const share = whole > 0 ? value / whole : 0;
  return (
    <span role="cell" className="value">
      <span className="bar-cell" aria-hidden="true">
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span>{formatValue(value, unit)}</span>
      <span className="mute">{formatShare(share)}</span>
    </span>
  );
}

function ChangeCell({ rows, row, unit }: Pick<CellProps, 'rows' | 'row' | 'unit'>): ReactElement {
  const before = rows.table.baselineTotal?.[row] ?? 0;
  const after = rows.table.total[row] ?? 0;
  const change = changeOf(rows.table, row);
  const tone = change > 0 ? 'more' : change < 0 ? 'less' : 'mute';
  const relative = before === 0 ? 'new' : after === 0 ? 'gone' : formatSignedShare(change / before);
  return (
    <span role="cell" className="value">
      <span className={tone}>{formatSignedValue(change, unit)}</span>
      <span className={tone}>{change === 0 ? '' : relative}</span>
    </span>
  );
}
