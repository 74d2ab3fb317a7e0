import { useCallback, type ReactElement } from 'react';
import { useTip } from '../../app/use-tip.js';
import { useApp, useControls } from '../../app/workbench.js';
import { Button } from '../../ui/button.js';

/** Opens the form that keeps what is on the screen. */
export function SaveSnapshotButton(): ReactElement {
  const { store } = useControls();
  const hasView = useApp((state) => state.viewHeader !== null && state.viewHeader.total > 0);
  const tip = useTip();
  const open = useCallback(() => {
    store.setState({ dialog: { kind: 'save-snapshot' } });
  }, [store]);
  return (
    <Button onClick={open} disabled={!hasView} aria-label="Save snapshot" title={tip('Save snapshot', 'Mod+S')}>
      Save
    </Button>
  );
}
