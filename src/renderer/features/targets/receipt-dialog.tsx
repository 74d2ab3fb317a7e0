import { useCallback, useEffect, useState, type ReactElement } from 'react';
import type { Receipt, ReceiptEntry } from '../../../contract/receipt.js';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatClock } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';
import { Modal } from '../../ui/modal.js';

/** Shows what the app ran and wrote on a target since it was started; all of it can be copied and run by hand. */
export function ReceiptDialog({ targetId }: { readonly targetId: string }): ReactElement {
  const { store, links, shell } = useControls();
  const target = useApp((state) => state.targets.find((other) => other.config.id === targetId));
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const result = await links.call('target.receipt', { targetId });
      if (result.ok) setReceipt(result.value);
      else setFailure(result.failure);
    };
    void ask(); // shows its own failure
  }, [links, targetId]);
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const copy = useCallback(() => {
    const write = async (): Promise<void> => {
      const result = await shell.call('clipboard.write', { text: receipt?.text ?? '' });
      setCopied(result.ok);
    };
    void write(); // the button stays as it is when it fails
  }, [shell, receipt]);
  const entries = receipt?.entries ?? [];
  return (
    <Modal
      title={`What was done on ${visibleText(target?.config.name ?? 'this target')}`}
      subtitle="All that Pyrometer ran and wrote there since it was started. Passwords are never part of it."
      confirm="Close"
      cancel=""
      aside={
        <Button tone="quiet" onClick={copy} disabled={entries.length === 0}>
          {copied ? 'Copied' : 'Copy as a script'}
        </Button>
      }
      onConfirm={close}
      onCancel={close}
    >
      {receipt !== null && receipt.forgotten > 0 ? (
        <p className="notice">{receipt.forgotten} older entries were let go: a receipt is bounded.</p>
      ) : null}
      {receipt !== null && entries.length === 0 ? <p>Nothing was run or written there yet.</p> : null}
      <ol className="receipt" aria-label="Receipt">
        {entries.map((entry) => (
          <EntryRow key={entry.number} entry={entry} />
        ))}
      </ol>
      {failure === null ? null : <FailureNotice failure={failure} />}
    </Modal>
  );
}

function EntryRow({ entry }: { readonly entry: ReceiptEntry }): ReactElement {
  const { atMs, title, asRoot, command, outcome } = entry;
  return (
    <li>
      <details>
        <summary>
          <span className="receipt-time">{formatClock(atMs, true)}</span>
          <span className="receipt-title">{visibleText(title)}</span>
          {asRoot ? <span className="receipt-root">root</span> : null}
          <span className="receipt-outcome">{visibleText(outcome)}</span>
        </summary>
        <pre className="selectable">{command.split('\n').map(visibleText).join('\n')}</pre>
      </details>
    </li>
  );
}
