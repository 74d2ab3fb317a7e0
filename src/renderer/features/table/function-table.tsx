import { useCallback, useMemo, useRef, useState, type CSSProperties, type ReactElement, type UIEvent } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { plural } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useRowMenu } from '../../flame/use-row-menu.js';
import { useFigures, type FigurePlace } from '../guidance/find-figures.js';
import { useCell } from '../../state/cell.js';
import { changeSettings } from '../../state/settings-control.js';
import { showInfo } from '../../state/toasts.js';
import { Button } from '../../ui/button.js';
import { CheckField, Segments } from '../../ui/fields.js';
import { ChevronIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { scrollToRow } from '../../ui/scroll-to-row.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { choosableColumns, chosenColumns, type Column } from './columns.js';
import { arrangeRows, type FunctionRows, type Sort } from './function-rows.js';
import { changeFilters, judgeTable, passes, type ChangeFilter } from './judged-table.js';
import { TableRow } from './table-row.js';
import { figuresOfRow } from './table-figures.js';
import { tableText, type TableFormat } from './table-text.js';
import { useLinkedRows } from './use-linked-rows.js';

const rowPx = 24;
/** Rows drawn beyond each edge, so that scrolling shows no gaps. */
const spareRows = 8;
/** By table.css: a narrow pane has narrower ones. */
const columnWidths: Readonly<Record<Column['shape'], string>> = {
  share: 'var(--share-column)',
  value: 'var(--value-column)',
  count: 'var(--count-column)',
  change: 'var(--change-column)',
  interval: 'var(--interval-column)',
  certainty: '84px',
  text: 'minmax(80px, 0.6fr)',
};

const filterLabels: Readonly<Record<ChangeFilter, string>> = {
  all: 'All',
  certain: 'Certain',
  slower: 'Slower',
  faster: 'Faster',
  new: 'New',
  gone: 'Gone',
};
const unjudgedFilters = changeFilters.filter((filter) => filter !== 'certain');
const emptyWords: Readonly<Record<ChangeFilter, string>> = {
  all: 'There are no functions.',
  certain: 'Nothing changed for certain.',
  slower: 'No function became slower.',
  faster: 'No function became faster.',
  new: 'No function is new.',
  gone: 'No function is gone.',
};

/** All functions of the view: sort by a column, search, click to find one in the flame graph. */
export function FunctionTableView(): ReactElement {
  const { functions, certainty } = useControls();
  const plain = useCell(functions);
  const judged = useCell(certainty);
  const rows = useMemo(() => {
    if (plain === null) return null;
    return { ...plain, table: judgeTable(plain.table, judged?.viewId === plain.viewId ? judged.value : null) };
  }, [plain, judged]);
  const hasView = useApp((state) => state.viewHeader !== null);
  if (rows === null) return <div className="table-wait">{hasView ? 'Adding up functions…' : ''}</div>;
  // A diff has other columns than a flame graph: what one is sorted by the other may not have.
  return <Table key={rows.table.baselineTotal === undefined ? 'flame' : 'diff'} rows={rows} />;
}

function Table({ rows }: { readonly rows: FunctionRows }): ReactElement {
  const { shell, store, flame } = useControls();
  const shown = useCell(flame);
  const model = shown?.viewId === rows.viewId ? shown : null;
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const whole = useApp((state) => state.viewHeader?.total ?? 0);
  const query = useApp((state) => state.search);
  const mode = useApp((state) => state.searchMode);
  const diff = rows.table.baselineTotal !== undefined;
  const chosen = useApp((state) => state.settings.tableColumns);
  const judged = rows.table.judged !== undefined;
  const columns = useMemo(() => chosenColumns(diff, chosen, judged), [diff, chosen, judged]);
  const [filter, setFilter] = useState<ChangeFilter>('all');
  const [sort, setSort] = useState<Sort>(() => ({
    column: columns.find(({ key }) => key === (diff ? 'change' : 'self')) ?? columns[0] ?? null,
    descending: true,
  }));
  const [scrollPx, setScrollPx] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { heightPx } = useBoxSize(box);
  const order = useMemo(
    () => arrangeRows(rows, query, mode, sort, model, (row) => passes(rows.table, row, diff ? filter : 'all')),
    [rows, query, mode, sort, model, diff, filter],
  );
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - spareRows);
  const visible = order.subarray(first, first + Math.ceil(heightPx / rowPx) + 2 * spareRows);
  const grid: CSSProperties = {
    gridTemplateColumns: ['minmax(var(--name-column), 1fr)', ...columns.map(({ shape }) => columnWidths[shape])].join(
      ' ',
    ),
  };

  const onScroll = useCallback((event: UIEvent<HTMLDivElement>) => {
    setScrollPx(event.currentTarget.scrollTop);
  }, []);
  const onSort = useCallback((column: Column | null) => {
    setSort((before) => ({
      column,
      descending: before.column?.key === column?.key ? !before.descending : column?.value !== undefined,
    }));
  }, []);
  const copyAs = (format: TableFormat) => () => {
    const text = tableText({ rows, order, columns, unit, whole, model }, format);
    void shell.call('clipboard.write', { text }); // nothing to say when it fails
    showInfo(store, `Copied ${plural(order.length, 'row', 'rows')}.`);
  };
  const reveal = useCallback(
    (functionIndex: number) => {
      const position = order.findIndex((row) => rows.table.functionIndex[row] === functionIndex);
      if (position >= 0 && box.current !== null) scrollToRow(box.current, position, rowPx);
    },
    [order, rows],
  );
  const linked = useLinkedRows(rows, model, reveal);
  const { menu, onContextMenu } = useRowMenu(linked.nodeAt);
  const figuresAt = useCallback(
    ({ target }: FigurePlace) => {
      const row = target.closest<HTMLElement>('[data-row]');
      const cell = target.closest('[role="cell"]');
      if (row === null) return null;
      const column = cell === null ? undefined : columns[[...row.children].indexOf(cell) - 1];
      return figuresOfRow(store.getState(), rows, Number(row.dataset['row']), columns, model, column);
    },
    [store, rows, columns, model],
  );
  useFigures(box, figuresAt);

  return (
    <div className="table-view">
      <div className="table-tools">
        <span className="mute">{plural(order.length, 'function', 'functions')}</span>
        {diff ? (
          <Segments
            label="Show"
            values={judged ? changeFilters : unjudgedFilters}
            labels={filterLabels}
            value={filter}
            onChoose={setFilter}
          />
        ) : null}
        <span className="bar-space" />
        <ColumnsMenu diff={diff} />
        <Popover
          label="Copy"
          align="end"
          button={(props) => (
            <Button tone="quiet" {...props}>
              Copy <ChevronIcon />
            </Button>
          )}
        >
          {(close) => (
            <>
              <MenuItem close={close} onChoose={copyAs('csv')} hint="for a spreadsheet">
                Copy as CSV
              </MenuItem>
              <MenuItem close={close} onChoose={copyAs('markdown')} hint="for a document">
                Copy as Markdown
              </MenuItem>
            </>
          )}
        </Popover>
      </div>
      <div
        className={diff ? 'table diff' : 'table'}
        role="table"
        aria-label="Functions"
        data-hint="table"
        aria-rowcount={order.length + 1}
      >
        <div role="rowgroup">
          <div className="table-row head" role="row" style={grid}>
            <SortHead column={null} title="Function" sort={sort} onSort={onSort} />
            {columns.map((column) => (
              <SortHead key={column.key} column={column} title={column.title} sort={sort} onSort={onSort} />
            ))}
          </div>
        </div>
        <div
          className="table-body scroll"
          {...(order.length === 0 ? {} : { role: 'rowgroup' })}
          tabIndex={0}
          ref={box}
          onScroll={onScroll}
          onClick={linked.onClick}
          onMouseOver={linked.onMouseOver}
          onMouseLeave={linked.onMouseLeave}
          onContextMenu={onContextMenu}
        >
          <div className="table-space" role="presentation" style={{ height: order.length * rowPx }}>
            <div role="presentation" style={{ transform: `translateY(${first * rowPx}px)` }}>
              {Array.from(visible, (row, index) => (
                <TableRow
                  key={row}
                  rows={rows}
                  row={row}
                  position={first + index + 2}
                  unit={unit}
                  whole={whole}
                  columns={columns}
                  model={model}
                  grid={grid}
                  selected={rows.table.functionIndex[row] === linked.selected}
                  marked={rows.table.functionIndex[row] === linked.marked}
                />
              ))}
            </div>
          </div>
        </div>
      </div>
      {menu}
      {order.length === 0 ? (
        <p className="table-wait">
          {query === '' ? emptyWords[filter] : `No function is called “${visibleText(query)}” here.`}
        </p>
      ) : null}
    </div>
  );
}

function ColumnsMenu({ diff }: { readonly diff: boolean }): ReactElement {
  const controls = useControls();
  const chosen = useApp((state) => state.settings.tableColumns);
  const toggle = (key: string) => (on: boolean) => {
    changeSettings(controls, { tableColumns: on ? [...chosen, key] : chosen.filter((each) => each !== key) });
  };
  return (
    <Popover
      label="Columns"
      role="dialog"
      align="end"
      button={(props) => (
        <Button tone="quiet" {...props}>
          Columns <ChevronIcon />
        </Button>
      )}
    >
      {() => (
        <div className="column-choice">
          {choosableColumns(diff).map(({ key, title }) => (
            <CheckField key={key} label={title} checked={chosen.includes(key)} onChange={toggle(key)} />
          ))}
        </div>
      )}
    </Popover>
  );
}

interface SortHeadProps {
  readonly column: Column | null;
  readonly title: string;
  readonly sort: Sort;
  readonly onSort: (column: Column | null) => void;
}

function SortHead({ column, title, sort, onSort }: SortHeadProps): ReactElement {
  const onClick = useCallback(() => {
    onSort(column);
  }, [column, onSort]);
  const sorted = sort.column?.key === column?.key;
  const direction = sort.descending ? 'descending' : 'ascending';
  const words = column === null || column.shape === 'text';
  return (
    <span role="columnheader" aria-sort={sorted ? direction : 'none'} className={words ? 'name' : undefined}>
      <button type="button" onClick={onClick}>
        {title}
        <span aria-hidden="true">{sorted ? (sort.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </span>
  );
}
