import {
  useCallback,
  useMemo,
  useRef,
  useState,
  type ChangeEvent,
  type MouseEvent,
  type ReactElement,
  type UIEvent,
} from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import {
  formatCount,
  formatShare,
  formatSignedShare,
  formatSignedValue,
  formatValue,
  plural,
} from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { showInfo } from '../../state/toasts.js';
import { Button } from '../../ui/button.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { arrangeRows, changeOf, type FunctionRows, type Sort, type SortColumn } from './function-rows.js';
import { tableText } from './table-text.js';

const rowPx = 24;
/** Rows drawn beyond each edge, so that scrolling shows no gaps. */
const spareRows = 8;

interface Column {
  readonly key: SortColumn;
  readonly title: string;
}

const flameColumns: readonly Column[] = [
  { key: 'self', title: 'Self' },
  { key: 'total', title: 'Total' },
];
const diffColumns: readonly Column[] = [
  { key: 'baseline', title: 'Before' },
  { key: 'total', title: 'After' },
  { key: 'change', title: 'Change' },
];

/** All functions of the view: sort by a column, filter by typing, click to find one in the flame graph. */
export function FunctionTableView(): ReactElement {
  const { functions } = useControls();
  const rows = useCell(functions);
  const hasView = useApp((state) => state.viewHeader !== null);
  if (rows === null) return <div className="table-wait">{hasView ? 'Adding up functions…' : ''}</div>;
  // A diff has other columns than a flame graph: what one is sorted by the other may not have.
  return <Table key={rows.table.baselineTotal === undefined ? 'flame' : 'diff'} rows={rows} />;
}

function Table({ rows }: { readonly rows: FunctionRows }): ReactElement {
  const { shell, store, flame } = useControls();
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const whole = useApp((state) => state.viewHeader?.total ?? 0);
  const diff = rows.table.baselineTotal !== undefined;
  const columns = diff ? diffColumns : flameColumns;
  const [sort, setSort] = useState<Sort>({ column: diff ? 'change' : 'self', descending: true });
  const [filter, setFilter] = useState('');
  const [scrollPx, setScrollPx] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { heightPx } = useBoxSize(box);
  const order = useMemo(() => arrangeRows(rows, filter, sort), [rows, filter, sort]);
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - spareRows);
  const visible = order.subarray(first, first + Math.ceil(heightPx / rowPx) + 2 * spareRows);

  const onScroll = useCallback((event: UIEvent<HTMLDivElement>) => {
    setScrollPx(event.currentTarget.scrollTop);
  }, []);
  const onFilter = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setFilter(event.target.value);
  }, []);
  const onSort = useCallback((column: SortColumn) => {
    setSort((before) => ({ column, descending: before.column === column ? !before.descending : column !== 'name' }));
  }, []);
  const copy = useCallback(() => {
    const text = tableText(rows, order, unit, flame.get()?.labels ?? []);
    void shell.call('clipboard.write', { text }); // nothing to say when it fails
    showInfo(store, `Copied ${plural(order.length, 'row', 'rows')}.`);
  }, [rows, order, unit, flame, shell, store]);
  const find = useCallback(
    (event: MouseEvent<HTMLDivElement>) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
      if (row === null) return;
      const name = rows.names[rows.table.functionIndex[Number(row.dataset['row'])] ?? 0] ?? '';
      store.setState({ search: name, tab: 'flame' });
    },
    [rows, store],
  );

  return (
    <div
      className={diff ? 'table diff' : 'table'}
      role="table"
      aria-label="Functions"
      data-hint="table"
      aria-rowcount={order.length}
    >
      <div className="table-tools">
        <input
          className="input slim"
          type="search"
          placeholder="Filter functions"
          aria-label="Filter functions"
          value={filter}
          onChange={onFilter}
          spellCheck={false}
        />
        <span className="mute">{formatCount(order.length)} functions</span>
        <Button tone="quiet" onClick={copy}>
          Copy
        </Button>
      </div>
      <div className="table-row head" role="row">
        <SortHead column="name" title="Function" sort={sort} onSort={onSort} />
        {columns.map(({ key, title }) => (
          <SortHead key={key} column={key} title={title} sort={sort} onSort={onSort} />
        ))}
      </div>
      <div className="table-body scroll" ref={box} onScroll={onScroll} onClick={find}>
        <div className="table-space" style={{ height: order.length * rowPx }}>
          <div role="rowgroup" style={{ transform: `translateY(${first * rowPx}px)` }}>
            {Array.from(visible, (row) => (
              <Row key={row} rows={rows} row={row} unit={unit} whole={whole} diff={diff} />
            ))}
          </div>
        </div>
        {order.length === 0 ? <p className="table-wait">No function is called “{visibleText(filter)}”.</p> : null}
      </div>
    </div>
  );
}

interface SortHeadProps {
  readonly column: SortColumn;
  readonly title: string;
  readonly sort: Sort;
  readonly onSort: (column: SortColumn) => void;
}

function SortHead({ column, title, sort, onSort }: SortHeadProps): ReactElement {
  const onClick = useCallback(() => {
    onSort(column);
  }, [column, onSort]);
  const sorted = sort.column === column;
  const direction = sort.descending ? 'descending' : 'ascending';
  return (
    <span role="columnheader" aria-sort={sorted ? direction : 'none'} className={column}>
      <button type="button" onClick={onClick}>
        {title}
        <span aria-hidden="true">{sorted ? (sort.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </span>
  );
}

interface RowProps {
  readonly rows: FunctionRows;
  readonly row: number;
  readonly unit: string;
  readonly whole: number;
  readonly diff: boolean;
}

function Row({ rows, row, unit, whole, diff }: RowProps): ReactElement {
  const { flame } = useControls();
  const { table } = rows;
  const index = table.functionIndex[row] ?? 0;
  const model = flame.get();
  const label = model?.viewId === rows.viewId ? (model.labels[index] ?? '') : visibleText(rows.names[index] ?? '');
  const file = model?.viewId === rows.viewId ? (model.files[index] ?? '') : '';
  return (
    <div className="table-row" role="row" data-row={row} title={file === '' ? label : `${label}\n${file}`}>
      <span role="cell" className="name">
        <button type="button" className="clip">
          {label}
        </button>
        <span className="file clip">{file}</span>
      </span>
      {diff ? (
        <DiffCells rows={rows} row={row} unit={unit} />
      ) : (
        <>
          <ValueCell value={table.self[row] ?? 0} unit={unit} whole={whole} />
          <ValueCell value={table.total[row] ?? 0} unit={unit} whole={whole} />
        </>
      )}
    </div>
  );
}

function ValueCell({
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

function DiffCells({
  rows,
  row,
  unit,
}: {
  readonly rows: FunctionRows;
  readonly row: number;
  readonly unit: string;
}): ReactElement {
  const before = rows.table.baselineTotal?.[row] ?? 0;
  const after = rows.table.total[row] ?? 0;
  const change = changeOf(rows.table, row);
  const tone = change > 0 ? 'more' : change < 0 ? 'less' : 'mute';
  const relative = before === 0 ? 'new' : after === 0 ? 'gone' : formatSignedShare(change / before);
  return (
    <>
      <span role="cell" className="value single">
        {formatValue(before, unit)}
      </span>
      <span role="cell" className="value single">
        {formatValue(after, unit)}
      </span>
      <span role="cell" className="value">
        <span className={tone}>{formatSignedValue(change, unit)}</span>
        <span className={tone}>{change === 0 ? '' : relative}</span>
      </span>
    </>
  );
}
