import { useEffect, useMemo, useState, type ReactElement } from 'react';
import { treeWindow, type TreeWindowRow } from '../../core/flame/tree-window.js';
import { useControls } from '../app/workbench.js';
import { formatShare } from '../format/numbers.js';
import { useCell } from '../state/cell.js';
import { matchedNames } from '../state/search-control.js';
import type { FlameCanvas } from './flame-canvas.js';
import type { FlameModel } from './model.js';

const mostMatches = 200;

/** The selected frame of a graph, or the zoomed one. -1: there is no graph. */
export function useCurrentNode(flame: FlameCanvas | null): number {
  const [node, setNode] = useState(-1);
  useEffect(() => {
    if (flame === null) return undefined;
    return flame.follow((part) => {
      setNode(part === null ? -1 : part.selected > 0 ? part.selected : part.zoomNode);
    });
  }, [flame]);
  return node;
}

/** The id of a frame's row, for `aria-activedescendant`. */
export function rowId(gridId: string, node: number): string {
  return `${gridId}-frame-${node}`;
}

interface FlameRowsProps {
  readonly gridId: string;
  readonly model: FlameModel | null;
  readonly node: number;
  readonly rows: readonly TreeWindowRow[];
}

/** The rows of a tree grid around a node. */
export function useRows(model: FlameModel | null, node: number): ReturnType<typeof treeWindow> {
  const graph = model?.graph;
  return useMemo(() => (graph === undefined ? { rows: [], rowCount: 0 } : treeWindow(graph, node)), [graph, node]);
}

/** The graph for those who do not see it: the rows of its tree grid, with level, place among its siblings, name and share. */
export function FlameRows({ gridId, model, node, rows }: FlameRowsProps): ReactElement {
  return (
    <div className="hidden-visually" role="rowgroup">
      <div role="row" aria-rowindex={1}>
        <span role="columnheader">Function</span>
        <span role="columnheader">Of all</span>
      </div>
      {model === null
        ? null
        : rows.map((row) => (
            <FrameRow key={row.node} gridId={gridId} model={model} row={row} selected={row.node === node} />
          ))}
    </div>
  );
}

interface FrameRowProps {
  readonly gridId: string;
  readonly model: FlameModel;
  readonly row: TreeWindowRow;
  readonly selected: boolean;
}

function FrameRow({ gridId, model, row, selected }: FrameRowProps): ReactElement {
  const { node, level, setSize, position, expanded, rowIndex } = row;
  return (
    <div
      role="row"
      id={rowId(gridId, node)}
      aria-level={level}
      aria-setsize={setSize}
      aria-posinset={position}
      aria-rowindex={rowIndex + 1}
      aria-selected={selected}
      {...(expanded === undefined ? {} : { 'aria-expanded': expanded })}
    >
      <span role="gridcell">{model.label(node)}</span>{' '}
      <span role="gridcell">{formatShare(model.width(node) / model.total)}</span>
    </div>
  );
}

/** The names that the search finds, and for a test what was searched for. */
export function FlameMatches(): ReactElement {
  const { flame, found } = useControls();
  const model = useCell(flame);
  const search = useCell(found);
  // Of the graph before they would be other functions' names.
  const current = search !== null && search.viewId === model?.viewId ? search : null;
  const names = current === null || model === null ? [] : matchedNames(model.labels, current.matches, mostMatches);
  return (
    <ul aria-label="Search matches" className="hidden-visually" data-query={current?.query ?? ''}>
      {names.map((name) => (
        <li key={name}>{name}</li>
      ))}
    </ul>
  );
}
