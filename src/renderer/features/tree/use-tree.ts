import { useEffect, useMemo, useState } from 'react';
import { useControls } from '../../app/workbench.js';
import type { FlameModel } from '../../flame/model.js';
import { useCell } from '../../state/cell.js';
import type { OpenRows } from './open-rows.js';
import { TreeControl } from './tree-control.js';
import type { Direction, TreeOrder } from './tree-rows.js';

/** The newest view that is there as a whole: the one before while a new one arrives. Null: there is none yet. */
export function useCompleteModel(): FlameModel | null {
  const { flame } = useControls();
  const model = useCell(flame);
  const [complete, setComplete] = useState<FlameModel | null>(null);
  const newest = model === null || model.complete ? model : complete;
  if (newest !== complete) setComplete(newest);
  return newest;
}

/** The tree of a view; the one before it until all rows that were unfolded are there again. */
export function useTree(model: FlameModel, direction: Direction, order: TreeOrder, open: OpenRows): TreeControl {
  const controls = useControls();
  const newest = useMemo(
    () => new TreeControl(controls, model, direction, order, open),
    [controls, model, direction, order, open],
  );
  const [shown, setShown] = useState(newest);
  useEffect(() => {
    newest.whenSettled(() => {
      setShown(newest);
    });
    return () => {
      newest.dispose();
    };
  }, [newest]);
  return shown;
}
