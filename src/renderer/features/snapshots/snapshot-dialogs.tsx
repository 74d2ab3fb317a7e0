import { useCallback, useState, type ChangeEvent, type ReactElement } from 'react';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { removeSnapshot, saveSnapshot } from '../../state/documents-control.js';
import { showInfo } from '../../state/toasts.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';

/** Keeps what is on the screen in the library, with a title and notes. */
export function SaveSnapshotDialog(): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const title = useApp((state) => state.viewTitle);
  const [name, setName] = useState(() => visibleText(title).slice(0, 200));
  const [notes, setNotes] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const onNotes = useCallback((event: ChangeEvent<HTMLTextAreaElement>) => {
    setNotes(event.target.value);
  }, []);
  const save = async (): Promise<void> => {
    setBusy(true);
    const result = await saveSnapshot(controls, name.trim(), notes);
    setBusy(false);
    if (!result.ok) {
      setFailure(result.failure);
      return;
    }
    close();
    showInfo(store, `Saved “${visibleText(result.value.title)}”. It is in the list on the left.`);
  };
  const onSave = (): void => {
    if (name.trim() !== '') void save(); // shows its own failure
  };
  return (
    <Modal
      title="Save snapshot"
      subtitle="The profile, the zoom and the search are kept on this computer and open without the server."
      confirm="Save"
      busy={busy}
      confirmDisabled={name.trim() === ''}
      onConfirm={onSave}
      onCancel={close}
    >
      <TextField label="Title" value={name} onChange={setName} autoFocus />
      <label className="field">
        <span className="field-label">Notes</span>
        <textarea className="input scroll" rows={4} value={notes} onChange={onNotes} placeholder="What did you see?" />
      </label>
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

/** Asks before a snapshot is removed. */
export function RemoveSnapshotDialog({ snapshotId }: { readonly snapshotId: string }): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const row = useApp((state) => state.snapshots.find((snapshot) => snapshot.snapshotId === snapshotId));
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const remove = useCallback(() => {
    store.setState({ dialog: null });
    void removeSnapshot(controls, snapshotId); // shows its own failure
  }, [controls, store, snapshotId]);
  return (
    <Modal
      title={`Remove “${visibleText(row?.title ?? '')}”?`}
      confirm="Remove"
      confirmTone="danger"
      onConfirm={remove}
      onCancel={close}
    >
      <p>Its profiles and notes are deleted from this computer. This cannot be undone.</p>
    </Modal>
  );
}
