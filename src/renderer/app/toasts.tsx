import { useCallback, type ReactElement } from 'react';
import { HintCard } from '../features/hints/hint-card.js';
import { visibleText } from '../format/visible-text.js';
import { dismissToast } from '../state/toasts.js';
import type { Toast } from '../state/store.js';
import { Button, IconButton } from '../ui/button.js';
import { CloseIcon } from '../ui/icons.js';
import { useApp, useControls } from './workbench.js';

/** Hints and messages in the corner. They stay until they are dismissed: nobody has to read quickly. */
export function Toasts(): ReactElement {
  const toasts = useApp((state) => state.toasts);
  return (
    <div className="toasts">
      <HintCard />
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastCard({ toast }: { readonly toast: Toast }): ReactElement {
  const { store, shell } = useControls();
  const { id, tone, message, detail, path } = toast;
  const dismiss = useCallback(() => {
    dismissToast(store, id);
  }, [store, id]);
  const copy = useCallback(() => {
    void shell.call('clipboard.write', { text: `${message}\n${detail ?? ''}` }); // nothing to say when it fails
  }, [shell, message, detail]);
  const reveal = useCallback(() => {
    if (path !== undefined) void shell.call('share.reveal', { path }); // nothing to say when it fails
  }, [shell, path]);
  return (
    <div className={`toast ${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <div className="toast-text">
        <p className="selectable">{visibleText(message)}</p>
        {detail === undefined ? null : (
          <details>
            <summary>Details</summary>
            <pre className="scroll selectable">{detail.split('\n').map(visibleText).join('\n')}</pre>
            <Button onClick={copy}>Copy</Button>
          </details>
        )}
        {path === undefined ? null : <Button onClick={reveal}>Show in folder</Button>}
      </div>
      <IconButton label="Dismiss" onClick={dismiss}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
