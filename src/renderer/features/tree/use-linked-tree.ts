import { useCallback, useEffect, useRef, useState, type MouseEvent } from 'react';
import { flushSync } from 'react-dom';
import { ancestorsOf, pathOfNode } from '../../../core/flame/navigate.js';
import { useControls } from '../../app/workbench.js';
import { callersThatTell, frameAtPath, widestFrame } from '../../flame/find-frames.js';
import type { FlameModel } from '../../flame/model.js';
import { hoverFunction, useHoveredElsewhere } from '../../state/hovered-function.js';
import type { TreeControl } from './tree-control.js';
import { branchKey, type Direction, type TreeLine } from './tree-rows.js';

/** A line by its functions' names, which are the same in all views. */
interface NamedLine {
  readonly kind: TreeLine['kind'];
  readonly keys: readonly string[];
}

/** What ties the rows of a call tree to the other views. */
export interface LinkedTree {
  /** The key of the line that has the focus; null: none was chosen, or it is not there. */
  readonly focus: string | null;
  /** Gives a line the focus and selects its frame; of a bottom-up row the widest that is called so. */
  readonly select: (line: TreeLine) => void;
  /** The function below the pointer of another view; -1: none. */
  readonly marked: number;
  readonly onMouseOver: (lines: readonly TreeLine[]) => (event: MouseEvent) => void;
  readonly onMouseLeave: () => void;
}

/** Follows the selection, and makes it. `reveal` is called with a row that was selected elsewhere and is there now. */
export function useLinkedTree(
  control: TreeControl,
  direction: Direction,
  reveal: (path: readonly number[]) => void,
): LinkedTree {
  const controls = useControls();
  const { store } = controls;
  const { model } = control;
  const [focus, setFocus] = useState<NamedLine | null>(null);
  const [own] = useState(() => ({}));
  const selectedHere = useRef<readonly string[] | null>(null);
  const key = useHoveredElsewhere(controls, own);

  useEffect(() => {
    let current = true;
    const follow = async (): Promise<void> => {
      const { selectedPath } = store.getState();
      if (selectedPath === selectedHere.current) return;
      const path = rowOf(model, selectedPath, direction);
      if (path === null || !(await control.reveal(path)) || !current) return;
      if (store.getState().selectedPath !== selectedPath) return;
      selectedHere.current = selectedPath;
      // The rows must be there before one of them is scrolled to.
      flushSync(() => {
        setFocus({ kind: 'row', keys: path.map(control.keyOf) });
      });
      reveal(path);
    };
    void follow(); // a row that is not there gets no focus
    const end = store.subscribe((state, before) => {
      if (state.selectedPath !== before.selectedPath) void follow(); // as above
    });
    return () => {
      current = false;
      end();
    };
  }, [store, control, model, direction, reveal]);
  useEffect(
    () => () => {
      hoverFunction(controls, own, null);
    },
    [controls, own],
  );

  const select = useCallback(
    (line: TreeLine) => {
      setFocus({ kind: line.kind, keys: line.path.map(control.keyOf) });
      if (line.kind !== 'row') return;
      const node = direction === 'callees' ? -1 : widestFrame(model, line.path);
      if (direction === 'callers' && node < 0) return;
      // The root is a row of its own in the graph; paths of frames begin below it, as rows do.
      const path = direction === 'callees' ? line.path.map(model.nameOf) : pathOfNode(model.graph, node, model.nameOf);
      selectedHere.current = path;
      store.setState({ selectedPath: path });
    },
    [store, control, model, direction],
  );
  const onMouseOver = useCallback(
    (lines: readonly TreeLine[]) => (event: MouseEvent) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-line]') : null;
      const line = row === null ? undefined : lines[Number(row.dataset['line'])];
      const index = line?.kind === 'row' ? line.path.at(-1) : undefined;
      const hovered = index === undefined ? null : { name: model.nameOf(index), file: model.rawFiles[index] ?? '' };
      hoverFunction(controls, own, hovered);
    },
    [controls, own, model],
  );
  const onMouseLeave = useCallback(() => {
    hoverFunction(controls, own, null);
  }, [controls, own]);
  const focusPath = focus === null ? undefined : control.pathOf(focus.keys);
  return {
    focus: focus === null || focusPath === undefined ? null : `${focus.kind} ${branchKey(focusPath)}`,
    select,
    marked: key === null ? -1 : model.indexOf(key),
    onMouseOver,
    onMouseLeave,
  };
}

/** The row of the selected frame: its own top down; bottom up that of its function and the callers that tell it apart. Null: nothing is selected. */
function rowOf(model: FlameModel, selectedPath: readonly string[], direction: Direction): readonly number[] | null {
  const node = frameAtPath(model, selectedPath);
  if (node <= 0) return null;
  if (direction === 'callers') return callersThatTell(model, node);
  return ancestorsOf(model.graph, node)
    .slice(1)
    .map((each) => model.functionOf(each));
}
