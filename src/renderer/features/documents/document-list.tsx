import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { closeDocument, showDocument } from '../../state/documents-control.js';
import type { ProfilesDocument } from '../../state/store.js';
import { IconButton } from '../../ui/button.js';
import { CloseIcon } from '../../ui/icons.js';
import { Name } from '../../ui/name.js';

/** The files and snapshots that are open, to switch between them and to close them; nothing while there are none. */
export function DocumentList(): ReactElement | null {
  const documents = useApp((state) => state.documents);
  if (documents.length === 0) return null;
  return (
    <section aria-label="Open profiles">
      <header className="side-head">
        <h2>Open</h2>
      </header>
      <ul aria-label="Open profiles">
        {documents.map((document) => (
          <DocumentRow key={document.documentId} document={document} />
        ))}
      </ul>
    </section>
  );
}

function DocumentRow({ document }: { readonly document: ProfilesDocument }): ReactElement {
  const controls = useControls();
  const { documentId } = document;
  const chosen = useApp((state) => state.document.kind === 'profiles' && state.document.documentId === documentId);
  const show = useCallback(() => {
    showDocument(controls, document);
  }, [controls, document]);
  const close = useCallback(() => {
    closeDocument(controls, documentId);
  }, [controls, documentId]);
  const title = visibleText(document.title);
  return (
    <li className={chosen ? 'side-row on' : 'side-row'}>
      <button type="button" className="side-main" aria-current={chosen} title={title} onClick={show}>
        <Name text={document.title} />
        <span className="side-value">{document.profiles.length === 2 ? 'diff' : ''}</span>
      </button>
      <span className="menu-anchor">
        <IconButton label={`Close ${title}`} className="side-more" onClick={close}>
          <CloseIcon />
        </IconButton>
      </span>
    </li>
  );
}
