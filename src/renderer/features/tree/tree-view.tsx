import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type UIEvent,
} from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import type { FlameModel } from '../../flame/model.js';
import { changeBetween, formatShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import { Segments } from '../../ui/fields.js';
import { useBoxSize } from '../timeline/use-box-size.js';
import { TreeControl } from './tree-control.js';
import { branchKey, type Direction, type TreeLine, type TreeOrder } from './tree-rows.js';

const rowPx = 24;
const spareRows = 8;
const indentPx = 14;
const directions = ['callees', 'callers'] as const;
const directionLabels = { callees: 'Top down', callers: 'Bottom up' } as const;
const orderLabels = { total: 'Total', self: 'Self', change: 'Change' } as const;

/** The call tree of the view: top down from the root, or bottom up from each function to its callers. */
export function CallTreeView(): ReactElement {
  const { flame } = useControls();
  const model = useCell(flame);
  const [direction, setDirection] = useState<Direction>('callees');
  const [order, setOrder] = useState<TreeOrder>('total');
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
      </div>
      {model === null || !model.complete ? (
        <p className="table-wait">Reading the tree…</p>
      ) : (
        <Tree
          key={`${model.viewId} ${direction} ${shownOrder}`}
          model={model}
          direction={direction}
          order={shownOrder}
        />
      )}
    </div>
  );
}

interface TreeProps {
  readonly model: FlameModel;
  readonly direction: Direction;
  readonly order: TreeOrder;
}

function Tree({ model, direction, order }: TreeProps): ReactElement {
  const controls = useControls();
  const control = useTree(model.viewId, direction, order);
  const { lines, failure } = useCell(control.state);
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const [focusKey, setFocusKey] = useState<string | null>(null);
  const [scrollPx, setScrollPx] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const { heightPx } = useBoxSize(box);
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - spareRows);
  const visible = lines.slice(first, first + Math.ceil(heightPx / rowPx) + 2 * spareRows);
  const focused = Math.max(
    0,
    lines.findIndex((line) => lineKey(line) === focusKey),
  );

  const select = useCallback(
    (line: TreeLine) => {
      setFocusKey(lineKey(line));
      if (line.kind !== 'row' || direction !== 'callees') return;
      // The root is a row of its own here; paths of frames begin below it.
      controls.store.setState({ selectedPath: line.path.map(model.nameOf) });
    },
    [controls, direction, model],
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
    const element = box.current;
    if (line === undefined || element === null) return;
    select(line);
    const top = index * rowPx;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowPx > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowPx - element.clientHeight;
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

  return (
    <div
      className="tree"
      role="treegrid"
      aria-label="Call tree"
      aria-rowcount={lines.length + 1}
      aria-activedescendant={lines[focused] === undefined ? undefined : `tree-line-${focused}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup">
        <div className="tree-row head" role="row">
          <span role="columnheader">
            {direction === 'callees' ? 'Function, and what it calls' : 'Function, and its callers'}
          </span>
          <span role="columnheader">Self</span>
          <span role="columnheader">Total</span>
          <span role="columnheader">{model.isDiff ? 'Change' : 'Of all'}</span>
        </div>
      </div>
      <div
        className="table-body scroll"
        role="rowgroup"
        ref={box}
        onScroll={onScroll}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
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
              />
            ))}
          </div>
        </div>
        {failure === null ? null : <p className="table-wait">{visibleText(failure)}</p>}
      </div>
    </div>
  );
}

function useTree(viewId: string, direction: Direction, order: TreeOrder): TreeControl {
  const controls = useControls();
  const control = useMemo(
    () => new TreeControl(controls, viewId, direction, order),
    [controls, viewId, direction, order],
  );
  useEffect(
    () => () => {
      control.dispose();
    },
    [control],
  );
  return control;
}

function lineKey(line: TreeLine): string {
  return `${line.kind} ${branchKey(line.path)}`;
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

interface LineProps {
  readonly line: TreeLine;
  readonly index: number;
  readonly focused: boolean;
  readonly model: FlameModel;
  readonly unit: string;
}

function Line({ line, index, focused, model, unit }: LineProps): ReactElement {
  const level = line.kind === 'row' ? line.path.length : line.path.length + 1;
  const indent = { paddingLeft: (level - 1) * indentPx };
  const className = focused ? 'tree-row on' : 'tree-row';
  if (line.kind === 'more') {
    return (
      <div className={className} id={`tree-line-${index}`} role="row" aria-level={level} data-line={index}>
        <span role="gridcell" className="mute" style={indent}>
          {line.loading ? 'Reading…' : `${line.left} more`}
        </span>
      </div>
    );
  }
  const label = model.labels[line.path.at(-1) ?? 0] ?? '';
  const change = changeBetween(line.baselineTotal ?? 0, line.total);
  const tone = change > 0 ? 'more' : change < 0 ? 'less' : 'mute';
  return (
    <div
      className={className}
      id={`tree-line-${index}`}
      role="row"
      aria-level={level}
      aria-posinset={line.position}
      aria-setsize={line.setSize}
      aria-selected={focused}
      {...(line.childCount > 0 ? { 'aria-expanded': line.open } : {})}
      aria-rowindex={index + 2}
      data-line={index}
      title={label}
    >
      <span role="gridcell" className="tree-name" style={indent}>
        <span className="twisty" aria-hidden="true">
          {line.childCount === 0 ? '' : line.open ? '▾' : '▸'}
        </span>
        <span className="clip">{label}</span>
      </span>
      <span role="gridcell">{formatValue(line.self, unit)}</span>
      <span role="gridcell">{formatValue(line.total, unit)}</span>
      <span role="gridcell" className={model.isDiff ? tone : 'mute'}>
        {model.isDiff ? formatSignedValue(change, unit) : formatShare(line.total / model.total)}
      </span>
    </div>
  );
}
