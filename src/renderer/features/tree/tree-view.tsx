import {
  useCallback,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type UIEvent,
} from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { frameAtPath } from '../../flame/find-frames.js';
import type { FlameModel } from '../../flame/model.js';
import { useRowMenu } from '../../flame/use-row-menu.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { Segments } from '../../ui/fields.js';
import { scrollToRow } from '../../ui/scroll-to-row.js';
import { useFigures } from '../guidance/find-figures.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { figuresOfLine } from './tree-figures.js';
import { noneOpen, type OpenRows } from './open-rows.js';
import { Line } from './tree-line.js';
import {
  branchKey,
  holdsCertain,
  lineKey,
  type Direction,
  type JudgedRows,
  type TreeLine,
  type TreeOrder,
} from './tree-rows.js';
import { useJudgedRows } from './use-judged-rows.js';
import { useLinkedTree } from './use-linked-tree.js';
import { useCompleteModel, useTree } from './use-tree.js';

const rowPx = 24;
const spareRows = 8;
const directions = ['callees', 'callers'] as const;
const directionLabels = { callees: 'Top down', callers: 'Bottom up' } as const;
const kept = ['all', 'certain'] as const;
const keptLabels = { all: 'All', certain: 'Certain' } as const;
const orderLabels = { total: 'Total', self: 'Self', change: 'Change' } as const;

/** The call tree of the view: top down from the root, or bottom up from each function to its callers. */
export function CallTreeView(): ReactElement {
  const model = useCompleteModel();
  const [direction, setDirection] = useState<Direction>('callees');
  const [order, setOrder] = useState<TreeOrder>('total');
  const [open] = useState(() => ({ callees: noneOpen(), callers: noneOpen() }));
  const [keep, setKeep] = useState<(typeof kept)[number]>('all');
  const judged = useJudgedRows(model, direction);
  const diff = model?.isDiff === true;
  const orders: readonly TreeOrder[] = diff ? ['total', 'self', 'change'] : ['total', 'self'];
  // A tree that is sorted by change has no flame graph to go back to.
  const shownOrder = orders.includes(order) ? order : 'total';
  return (
    <div className="table-view">
      <div className="table-tools">
        <Segments
          label="Direction"
          values={directions}
          labels={directionLabels}
          value={direction}
          onChoose={setDirection}
        />
        <Segments
          label="Largest first by"
          values={orders}
          labels={orderLabels}
          value={shownOrder}
          onChoose={setOrder}
        />
        {judged === undefined ? null : (
          <Segments label="Show" values={kept} labels={keptLabels} value={keep} onChoose={setKeep} />
        )}
      </div>
      {model === null ? (
        <p className="table-wait">Reading the tree…</p>
      ) : (
        <Tree
          key={`${direction} ${shownOrder}`}
          model={model}
          direction={direction}
          order={shownOrder}
          open={open[direction]}
          judged={judged}
          certainOnly={keep === 'certain'}
        />
      )}
    </div>
  );
}

interface TreeProps {
  readonly model: FlameModel;
  readonly direction: Direction;
  readonly order: TreeOrder;
  /** What was unfolded in this direction. */
  readonly open: OpenRows;
  /** Windows of both sides say how certain each row is. */
  readonly judged: JudgedRows | undefined;
  /** Where they do, only rows that changed for certain, and those that lead to them. */
  readonly certainOnly: boolean;
}

function Tree({ model: newest, direction, order, open, judged, certainOnly }: TreeProps): ReactElement {
  const only = certainOnly ? judged : undefined;
  const { found, store } = useControls();
  const control = useTree(newest, direction, order, open);
  const { model } = control;
  const { lines: all, failure } = useCell(control.state);
  const lines = useMemo(() => leadingToCertain(all, only), [all, only]);
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const matches = useCell(found)?.matches;
  const [scrollPx, setScrollPx] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { heightPx } = useBoxSize(box);
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - spareRows);
  const visible = lines.slice(first, first + Math.ceil(heightPx / rowPx) + 2 * spareRows);
  const reveal = useCallback(
    (path: readonly number[]) => {
      const shown = leadingToCertain(control.state.get().lines, only);
      const index = shown.findIndex((line) => line.kind === 'row' && branchKey(line.path) === branchKey(path));
      if (index >= 0 && box.current !== null) scrollToRow(box.current, index, rowPx);
    },
    [control, only],
  );
  const { focus, select, marked, onMouseOver, onMouseLeave } = useLinkedTree(control, direction, reveal);
  const focused = Math.max(
    0,
    lines.findIndex((line) => lineKey(line) === focus),
  );

  const toggle = useCallback(
    (line: TreeLine) => {
      if (line.kind === 'more') control.more(line.path);
      else if (line.open) control.fold(line.path);
      else if (line.childCount > 0) control.unfold(line.path);
    },
    [control],
  );
  const onScroll = useCallback((event: UIEvent<HTMLDivElement>) => {
    setScrollPx(event.currentTarget.scrollTop);
  }, []);
  const goTo = (index: number): void => {
    const line = lines[index];
    if (line === undefined || box.current === null) return;
    select(line);
    scrollToRow(box.current, index, rowPx);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const line = lines[focused];
    const page = Math.max(1, Math.floor(heightPx / rowPx) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      PageDown: Math.min(lines.length - 1, focused + page),
      PageUp: Math.max(0, focused - page),
      Home: 0,
      End: lines.length - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) goTo(target);
    else if (line === undefined) return;
    else if (event.key === 'ArrowRight') {
      if (line.kind === 'row' && !line.open) toggle(line);
      else goTo(focused + 1);
    } else if (event.key === 'ArrowLeft') {
      if (line.kind === 'row' && line.open) toggle(line);
      else goTo(parentOf(lines, focused));
    } else if (event.key === 'Enter' || event.key === ' ') toggle(line);
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent<HTMLDivElement>): void => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-line]') : null;
    const line = row === null ? undefined : lines[Number(row.dataset['line'])];
    if (line === undefined) return;
    select(line);
    const twisty = event.target instanceof Element && event.target.closest('.twisty') !== null;
    if (twisty || line.kind === 'more') toggle(line);
  };
  const onDoubleClick = (event: MouseEvent<HTMLDivElement>): void => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-line]') : null;
    const line = row === null ? undefined : lines[Number(row.dataset['line'])];
    if (line?.kind === 'row') toggle(line);
  };
  const grid = useRef<HTMLDivElement>(null);
  useFigures(grid, ({ target }) => {
    const row = target.closest<HTMLElement>('[data-line]');
    const line = row === null ? undefined : lines[Number(row.dataset['line'])];
    if (row === null || line?.kind !== 'row') return null;
    const cell = target.closest('[role="gridcell"]');
    const chosen = cell === null ? 0 : Math.max(0, [...row.children].indexOf(cell) - 1);
    return figuresOfLine(store.getState(), line, model, direction, judged, chosen);
  });
  const { menu, onContextMenu } = useRowMenu((target) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-line]') : null;
    const line = row === null ? undefined : lines[Number(row.dataset['line'])];
    if (line?.kind !== 'row') return -1;
    select(line);
    return frameAtPath(newest, store.getState().selectedPath);
  });

  return (
    <>
      <div
        className="tree"
        ref={grid}
        role="treegrid"
        aria-label="Call tree"
        aria-rowcount={lines.length + 1}
        aria-activedescendant={lines[focused] === undefined ? undefined : `tree-line-${focused}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup">
          <div className={judged === undefined ? 'tree-row head' : 'tree-row head judged'} role="row">
            <span role="columnheader">
              {direction === 'callees' ? 'Function, and what it calls' : 'Function, and its callers'}
            </span>
            <span role="columnheader">Self</span>
            <span role="columnheader">Total</span>
            <span role="columnheader">{model.isDiff ? 'Change' : 'Of all'}</span>
            {judged === undefined ? null : <span role="columnheader">Certainty</span>}
          </div>
        </div>
        <div
          className="table-body scroll"
          {...(lines.length === 0 ? {} : { role: 'rowgroup' })}
          ref={box}
          onScroll={onScroll}
          onClick={onClick}
          onDoubleClick={onDoubleClick}
          onContextMenu={onContextMenu}
          onMouseOver={onMouseOver(lines)}
          onMouseLeave={onMouseLeave}
        >
          <div className="table-space" role="presentation" style={{ height: lines.length * rowPx }}>
            <div role="presentation" style={{ transform: `translateY(${first * rowPx}px)` }}>
              {visible.map((line, index) => (
                <Line
                  key={lineKey(line)}
                  line={line}
                  index={first + index}
                  focused={first + index === focused}
                  model={model}
                  unit={unit}
                  judged={judged}
                  marked={marked >= 0 && functionOf(line) === marked}
                  matched={matches?.[functionOf(line)] === 1}
                />
              ))}
            </div>
          </div>
          {failure === null ? null : <p className="table-wait">{visibleText(failure)}</p>}
          {only !== undefined && lines.length === 0 ? <p className="table-wait">Nothing changed for certain.</p> : null}
        </div>
      </div>
      {menu}
    </>
  );
}

/** Of all rows those that changed for certain or lead to what did; what was not fetched yet may be among them. Undefined: all. */
function leadingToCertain(lines: readonly TreeLine[], only: JudgedRows | undefined): readonly TreeLine[] {
  if (only === undefined) return lines;
  const holds = holdsCertain(only.model);
  return lines.filter((line) => line.kind === 'more' || holds[only.nodeOf(line.path) ?? -1] === 1);
}

/** The function of a row; -1 of what stands for rows. */
function functionOf(line: TreeLine): number {
  return line.kind === 'row' ? (line.path.at(-1) ?? -1) : -1;
}

/** The line of the row that a line is below of. */
function parentOf(lines: readonly TreeLine[], index: number): number {
  const line = lines[index];
  if (line === undefined) return index;
  const depth = line.kind === 'row' ? line.path.length : line.path.length + 1;
  for (let at = index - 1; at >= 0; at--) {
    const other = lines[at];
    if (other?.kind === 'row' && other.path.length < depth) return at;
  }
  return index;
}
