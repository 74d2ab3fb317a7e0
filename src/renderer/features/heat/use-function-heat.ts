import { useEffect, useState } from 'react';
import type { FlameSource } from '../../../contract/decoder.js';
import type { FrameKey } from '../../../contract/operations.js';
import { useApp, useControls } from '../../app/workbench.js';
import { frameAtPath } from '../../flame/find-frames.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import type { OwnCells } from './heat-words.js';

/** The samples of the selected function by cell of the heat map on the screen; null while none is selected or they are not there yet. */
export function useFunctionHeat(): OwnCells | null {
  const { decoder, flame } = useControls();
  const model = useCell(flame);
  const selectedPath = useApp((state) => state.selectedPath);
  const source = useApp(({ viewSource }) => (viewSource?.kind === 'flame' ? viewSource : null));
  const node = model === null ? -1 : frameAtPath(model, selectedPath);
  const key = model === null || node <= 0 ? null : model.keyOf(node);
  // As text: the same function of the same samples has the same cells, whatever frame of it is selected.
  const asked = source === null || key === null ? '' : JSON.stringify({ source: atAllTimes(source), of: key });
  const [made, setMade] = useState<{ readonly asked: string; readonly cells: OwnCells } | null>(null);
  useEffect(() => {
    if (asked === '') return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const request = JSON.parse(asked) as { source: FlameSource; of: FrameKey };
      const result = await decoder.query('profile.heatOf', request, asking.signal);
      if (asking.signal.aborted) return;
      // Without them the map is as it was.
      setMade(result.ok ? { asked, cells: { name: visibleText(request.of.name), counts: result.value } } : null);
    };
    void ask(); // a map without marks says nothing wrong
    return () => {
      asking.abort();
    };
  }, [decoder, asked]);
  return made?.asked === asked ? made.cells : null;
}

/** What is brushed is a part of the map and leaves its cells as they are. */
function atAllTimes({ operations = [], ...source }: FlameSource): FlameSource {
  return { ...source, operations: operations.filter(({ kind }) => kind !== 'keep-times') };
}
