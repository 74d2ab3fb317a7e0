import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { currentTarget } from '../../state/targets-control.js';
import { Button } from '../../ui/button.js';
import { versionWords } from './version-words.js';

/** Says that the chosen target's agent is not this app's, and offers to replace it. Put off, it comes back with the next start. */
export function VersionBanner(): ReactElement | null {
  const { store } = useControls();
  const target = useApp(currentTarget);
  const putOff = useApp((state) => state.versionsPutOff);
  const shown = useApp((state) => state.document.kind === 'selection');
  const targetId = target?.config.id ?? '';
  const open = useCallback(() => {
    store.setState({ dialog: { kind: 'restart-agent', targetId } });
  }, [store, targetId]);
  const later = useCallback(() => {
    store.setState((state) => ({ versionsPutOff: [...state.versionsPutOff, targetId] }));
  }, [store, targetId]);
  const words = target === undefined ? undefined : versionWords(target);
  if (words === undefined || !shown || putOff.includes(targetId)) return null;
  return (
    <div className="banner info" role="status" aria-label="Version of the agent">
      <span className="clip" title={visibleText(words.sentence)}>
        {visibleText(words.sentence)}
      </span>
      {words.offer === undefined ? null : (
        <Button tone="quiet" onClick={open}>
          {words.offer}
        </Button>
      )}
      <Button tone="quiet" onClick={later}>
        {words.offer === undefined ? 'Close' : 'Not now'}
      </Button>
    </div>
  );
}
