import { useCallback, useState, type ReactElement } from 'react';
import type { PushState } from '../../../contract/push.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Modal } from '../../ui/modal.js';
import { PushFields } from './push-fields.js';
import { emptyPush, formOf, settingsOf, type PushForm } from './push-form.js';
import { pushAccess, pushLines, pushTitle } from './push-words.js';

const none: readonly PushState[] = [];

/** The servers that a target's agent pushes to: how it goes, and one more or one otherwise. */
export function PushesDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links } = useControls();
  const name = useApp((state) => state.targets.find((other) => other.config.id === targetId)?.config.name ?? '');
  const pushes = useApp(
    (state) => state.targets.find((other) => other.config.id === targetId)?.agent.status?.pushes ?? none,
  );
  const [form, setForm] = useState<PushForm>(emptyPush);
  const [error, setError] = useState<string | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const edit = useCallback((push: PushState) => {
    setForm(formOf(push));
    setFailure(null);
  }, []);
  const remove = useCallback(
    (push: PushState) => {
      const run = async (): Promise<void> => {
        const { url, tenant } = push;
        const result = await links.call('push.remove', { targetId, url, tenant });
        setFailure(result.ok ? null : result.failure);
      };
      void run(); // shows its own failure
    },
    [links, targetId],
  );
  const save = useCallback(() => {
    const server = settingsOf(form);
    setError(server === undefined ? 'An address like http://pyroscope.example:4040' : undefined);
    if (server === undefined) return;
    const run = async (): Promise<void> => {
      setBusy(true);
      const result = await links.call('push.set', { targetId, server });
      setBusy(false);
      setFailure(result.ok ? null : result.failure);
      if (result.ok) setForm(emptyPush);
    };
    void run(); // shows its own failure
  }, [form, links, targetId]);
  return (
    <Modal
      title={`Where ${visibleText(name)} pushes`}
      subtitle="The agent sends its windows to every server here, also when this app is closed."
      confirm={form.editing ? 'Change' : 'Add'}
      cancel="Close"
      busy={busy}
      onConfirm={save}
      onCancel={close}
    >
      {pushes.length === 0 ? (
        <p className="field-hint">It pushes nowhere: windows stay on the target.</p>
      ) : (
        <ul className="pushes" aria-label="Servers">
          {pushes.map((push) => (
            <Push key={pushTitle(push)} push={push} onEdit={edit} onRemove={remove} />
          ))}
        </ul>
      )}
      <PushFields form={form} error={error} onChange={setForm} />
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

interface PushProps {
  readonly push: PushState;
  readonly onEdit: (push: PushState) => void;
  readonly onRemove: (push: PushState) => void;
}

function Push({ push, onEdit, onRemove }: PushProps): ReactElement {
  const edit = useCallback(() => {
    onEdit(push);
  }, [onEdit, push]);
  const remove = useCallback(() => {
    onRemove(push);
  }, [onRemove, push]);
  const title = visibleText(pushTitle(push));
  const access = pushAccess(push);
  return (
    <li>
      <div className="push-head">
        <span className="push-title selectable" title={title}>
          {title}
        </span>
        {access === '' ? null : <span className="push-access">{access}</span>}
        <Button tone="quiet" onClick={edit} aria-label={`Change ${title}`}>
          Change
        </Button>
        <Button tone="quiet" onClick={remove} aria-label={`Remove ${title}`}>
          Remove
        </Button>
      </div>
      {pushLines(push).map(({ text, tone }) => (
        <p key={text} className={`push-line ${tone ?? ''} selectable`}>
          {visibleText(text)}
        </p>
      ))}
    </li>
  );
}
