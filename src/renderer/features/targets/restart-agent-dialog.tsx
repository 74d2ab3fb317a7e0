import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { restartAgent } from '../../state/targets-control.js';
import { Modal } from '../../ui/modal.js';
import { restartWords } from './version-words.js';

/** Asks before an agent is restarted, be it with the same version, a newer or an older one. */
export function RestartAgentDialog({ targetId }: { readonly targetId: string }): ReactElement | null {
  const controls = useControls();
  const { store } = controls;
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const evenNewer = target?.agent.replacement?.running === 'newer';
  const restart = useCallback(() => {
    store.setState({ dialog: null });
    void restartAgent(controls, targetId, evenNewer); // shows its own failure
  }, [controls, evenNewer, store, targetId]);
  if (target === undefined) return null;
  const { verb, versions } = restartWords(target);
  const others = target.agent.heldBy ?? [];
  return (
    <Modal
      title={`${verb} the agent on ${visibleText(target.config.name)}?`}
      confirm={`${verb} agent`}
      confirmTone={evenNewer ? 'danger' : 'accent'}
      onConfirm={restart}
      onCancel={close}
    >
      {versions === '' ? null : <p className="selectable">{visibleText(versions)}</p>}
      <p>
        It stores its last window, ends, and starts with the same settings: what it sampled, where it pushes and who may
        use it stay. Nothing is sampled for some seconds.
      </p>
      {others.length === 0 ? null : (
        <>
          <p>Others record with it. Their recordings go on, with those seconds missing:</p>
          <ul aria-label="Who records with it">
            {others.map((whose, index) => (
              <li key={index}>{visibleText(whose)}</li>
            ))}
          </ul>
        </>
      )}
    </Modal>
  );
}
