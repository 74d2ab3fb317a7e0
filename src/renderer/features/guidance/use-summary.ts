import { useEffect, useState } from 'react';
import type { SummaryPart } from '../../../core/guidance/summary.js';
import type { Operation } from '../../../contract/operations.js';
import { useApp, useControls } from '../../app/workbench.js';
import { useCell } from '../../state/cell.js';

/** Whether sentences about a profile are true of what operations made of it: its roots must be on top, and frames be functions. */
function keepsFunctions(operations: readonly Operation[]): boolean {
  return operations.every(({ kind }) => kind !== 'invert' && kind !== 'group');
}

/**
 * What the graph on the screen says in parts, once all of it is there; null where nothing can be said. While another view of the
 * same selection is on its way the last summary stays, as the graph does.
 */
export function useSummary(): readonly SummaryPart[] | null {
  const { flame, decoder } = useControls();
  const model = useCell(flame);
  const source = useApp((state) => state.viewSource);
  const viewId = model?.complete === true && !model.isDiff ? model.viewId : undefined;
  const applies = source?.kind === 'flame' && keepsFunctions(source.operations ?? []);
  const [parts, setParts] = useState<readonly SummaryPart[] | null>(null);
  useEffect(() => {
    if (viewId === undefined || !applies) return undefined;
    const controller = new AbortController();
    const ask = async (): Promise<void> => {
      const answer = await decoder.call('view.summary', { viewId }, controller.signal);
      // A view that is gone meanwhile is followed by another, which is asked of then.
      if (answer.ok && !controller.signal.aborted) setParts(answer.value);
    };
    void ask(); // says nothing when it fails
    return () => {
      controller.abort();
    };
  }, [decoder, viewId, applies]);
  return applies ? parts : null;
}
