import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { stopAgentAnyway } from '../../state/targets-control.js';
import { Modal } from '../../ui/modal.js';

/** Asks before an agent is stopped with which others record. */
export function StopAgentDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const stop = useCallback(() => {
    store.setState({ dialog: null });
    void stopAgentAnyway(controls, targetId); // shows its own failure
  }, [controls, store, targetId]);
  const others = target?.agent.heldBy ?? [];
  return (
    <Modal
      title={`Stop the agent on ${visibleText(target?.config.name ?? 'this target')}?`}
      confirm="Stop anyway"
      confirmTone="danger"
      onConfirm={stop}
      onCancel={close}
    >
      <p>Others record with it, and their recordings end with it. What was sampled so far is kept.</p>
      <ul>
        {others.map((whose, index) => (
          <li key={index}>{visibleText(whose)}</li>
        ))}
      </ul>
    </Modal>
  );
}
