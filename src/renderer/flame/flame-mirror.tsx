import { type ReactElement } from 'react';
import { ancestorsOf, childrenOf, nodeAtPath } from '../../core/flame/navigate.js';
import { useApp, useControls } from '../app/workbench.js';
import { formatShare } from '../format/numbers.js';
import { useCell } from '../state/cell.js';
import { matchedNames } from '../state/search-control.js';
import type { FlameModel } from './model.js';

const mostChildren = 50;
const mostMatches = 200;

/**
 * The graph for those who do not see it: the way from the root to the selected (or zoomed) frame with its widest
 * callees, and the names that the search finds.
 */
export function FlameMirror(): ReactElement {
  const { flame, found } = useControls();
  const model = useCell(flame);
  const search = useCell(found);
  const selectedPath = useApp((state) => state.selectedPath);
  const zoomPath = useApp((state) => state.zoomPath);
  if (model === null || model.graph.count === 0) return <div className="hidden-visually" />;
  const { node } = nodeAtPath(model.graph, selectedPath.length > 0 ? selectedPath : zoomPath, model.nameOf);
  const names = search === null ? [] : matchedNames(model.labels, search.matches, mostMatches);
  return (
    <div className="hidden-visually">
      <ul role="tree" aria-label="Frames">
        {ancestorsOf(model.graph, node).map((ancestor) => (
          <Frame key={ancestor} model={model} node={ancestor} selected={ancestor === node} />
        ))}
        {childNodes(model, node).map((child) => (
          <Frame key={child} model={model} node={child} selected={false} />
        ))}
      </ul>
      <ul aria-label="Search matches">
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </div>
  );
}

function childNodes(model: FlameModel, node: number): readonly number[] {
  const { first, end } = childrenOf(model.graph, node);
  return Array.from({ length: Math.min(mostChildren, end - first) }, (_, index) => first + index);
}

interface FrameProps {
  readonly model: FlameModel;
  readonly node: number;
  readonly selected: boolean;
}

function Frame({ model, node, selected }: FrameProps): ReactElement {
  const level = (model.graph.depth[node] ?? 0) + 1;
  return (
    <li role="treeitem" aria-level={level} aria-selected={selected}>
      {model.label(node)}, {formatShare(model.width(node) / model.total)}
    </li>
  );
}
