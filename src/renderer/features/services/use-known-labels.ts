import { useEffect, useState } from 'react';
import type { KnownLabel } from '../../../core/words/complete-selector.js';
import { useControls } from '../../app/workbench.js';
import { currentExtent } from '../../state/selection-control.js';
import { selectionOf } from '../../state/timeline-control.js';

const none: readonly KnownLabel[] = [];

/** The labels that the chosen source has in the time that is shown; none before they are there, and where it does not say. */
export function useKnownLabels(): readonly KnownLabel[] {
  const { store, links } = useControls();
  const [labels, setLabels] = useState(none);
  useEffect(() => {
    const state = store.getState();
    const { targetId } = state;
    if (targetId === null) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const selection = { ...selectionOf(state, targetId, currentExtent(state)), selector: '{}' };
      const found = await links.query('source.knownLabels', { selection }, asking.signal);
      // Without them a selector can be written all the same.
      if (!asking.signal.aborted && found.ok) setLabels(found.value);
    };
    void ask(); // as above
    return () => {
      asking.abort();
    };
  }, [store, links]);
  return labels;
}
