import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { removeTarget } from '../../state/targets-control.js';
import { Modal } from '../../ui/modal.js';

/** Asks before a server is forgotten. */
export function RemoveTargetDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const remove = useCallback(() => {
    store.setState({ dialog: null });
    void removeTarget(controls, targetId); // shows its own failure
  }, [controls, store, targetId]);
  const runs = target?.agent.state === 'profiling';
  return (
    <Modal
      title={`Remove ${visibleText(target?.config.name ?? 'this server')}?`}
      confirm="Remove"
      confirmTone="danger"
      onConfirm={remove}
      onCancel={close}
    >
      <p>The link is closed and the server leaves this list. Snapshots stay.</p>
      {runs ? (
        <p className="notice">
          The agent is running there and goes on running. Press Stop agent first if it should end.
        </p>
      ) : null}
    </Modal>
  );
}
