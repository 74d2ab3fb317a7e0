import { useCallback, useEffect, useState, type MouseEvent } from 'react';
import { pathOfNode } from '../../../core/flame/navigate.js';
import { useApp, useControls } from '../../app/workbench.js';
import { frameAtPath, widestFrame } from '../../flame/find-frames.js';
import type { FlameModel } from '../../flame/model.js';
import { hoverFunction, useHoveredElsewhere } from '../../state/hovered-function.js';
import { showTab } from '../../state/panes.js';
import type { FunctionRows } from './function-rows.js';

/** What ties the rows of the table to the other views. */
export interface LinkedRows {
  /** The function of the selected frame; -1: none. */
  readonly selected: number;
  /** The function below the pointer of another view; -1: none. */
  readonly marked: number;
  /** The widest frame of the function of a row, by what is in the row; -1: none. */
  readonly nodeAt: (target: EventTarget) => number;
  readonly onClick: (event: MouseEvent) => void;
  readonly onMouseOver: (event: MouseEvent) => void;
  readonly onMouseLeave: () => void;
}

/**
 * Beside another view a press on a row selects the widest frame of its function; alone it leads to the flame graph, with all its frames
 * found. `reveal` is called for a function that is selected elsewhere.
 */
export function useLinkedRows(
  rows: FunctionRows,
  model: FlameModel | null,
  reveal: (functionIndex: number) => void,
): LinkedRows {
  const controls = useControls();
  const { store } = controls;
  const [own] = useState(() => ({}));
  const selectedPath = useApp((state) => state.selectedPath);
  const key = useHoveredElsewhere(controls, own);
  useEffect(
    () => () => {
      hoverFunction(controls, own, null);
    },
    [controls, own],
  );
  useEffect(
    () =>
      store.subscribe((state, before) => {
        if (state.selectedPath === before.selectedPath || model === null) return;
        const node = frameAtPath(model, state.selectedPath);
        if (node > 0) reveal(model.functionOf(node));
      }),
    [store, model, reveal],
  );
  const functionAt = useCallback(
    (target: EventTarget): number | undefined => {
      const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;
      return row === null ? undefined : rows.table.functionIndex[Number(row.dataset['row'])];
    },
    [rows],
  );
  const nodeAt = useCallback(
    (target: EventTarget): number => {
      const index = functionAt(target);
      return index === undefined || model === null ? -1 : widestFrame(model, [index]);
    },
    [functionAt, model],
  );
  const onClick = useCallback(
    (event: MouseEvent) => {
      const index = functionAt(event.target);
      if (index === undefined) return;
      const state = store.getState();
      if (state.split === null) {
        store.setState({ ...showTab(state, 'flame'), search: rows.names[index] ?? '', searchMode: 'plain' });
      } else if (model !== null) {
        const node = widestFrame(model, [index]);
        if (node > 0) store.setState({ selectedPath: pathOfNode(model.graph, node, model.nameOf) });
      }
    },
    [functionAt, store, rows, model],
  );
  const onMouseOver = useCallback(
    (event: MouseEvent) => {
      const index = functionAt(event.target);
      if (index === undefined || model === null) return;
      hoverFunction(controls, own, { name: model.nameOf(index), file: model.rawFiles[index] ?? '' });
    },
    [functionAt, controls, own, model],
  );
  const onMouseLeave = useCallback(() => {
    hoverFunction(controls, own, null);
  }, [controls, own]);
  const node = model === null ? -1 : frameAtPath(model, selectedPath);
  return {
    selected: model === null || node < 0 ? -1 : model.functionOf(node),
    marked: model === null || key === null ? -1 : model.indexOf(key),
    nodeAt,
    onClick,
    onMouseOver,
    onMouseLeave,
  };
}
