import { useMemo } from 'react';
import type { ViewSource } from '../../../contract/decoder.js';
import { usePart } from '../../app/use-part.js';
import { useApp, useControls } from '../../app/workbench.js';
import type { FlameModel } from '../../flame/model.js';
import { useCell } from '../../state/cell.js';
import { judgedRows, type Direction, type JudgedRows } from './tree-rows.js';

/**
 * What windows say of the rows of a view's tree. Top down rows are the frames of the graph. Bottom up they are those of the inverted graph,
 * which is opened for it and judged by the same windows: a row's samples are those of its function as it is called so. Undefined: nothing is known.
 */
export function useJudgedRows(model: FlameModel | null, direction: Direction): JudgedRows | undefined {
  const { certainty } = useControls();
  useCell(certainty); // what it says of the model is in the model
  const source = useApp((state) => state.viewSource);
  const known = model !== null && model.certainty !== null;
  const wanted = known && direction === 'callers';
  const inverted = useMemo<ViewSource | null>(
    () =>
      wanted && source?.kind === 'diff'
        ? { ...source, operations: [...(source.operations ?? []), { kind: 'invert' }] }
        : null,
    [wanted, source],
  );
  const part = usePart(inverted, followNothing);
  const other = useCell(part.workbench.context.flame);
  const view = direction === 'callees' ? model : other;
  // Judging changes the model itself.
  const certain = view?.certainty;
  return useMemo(() => (known && certain != null ? judgedRows(model, view) : undefined), [known, model, view, certain]);
}

const followNothing = () => (): void => undefined;
