import { useCallback, type ReactElement } from 'react';
import type { RecentFile } from '../../../contract/shell.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { clearRecent, openRecent } from '../../state/recent-control.js';
import { IconButton } from '../../ui/button.js';
import { CloseIcon } from '../../ui/icons.js';
import { Name } from '../../ui/name.js';

/** More of them are in the menu. */
const mostShown = 5;

/** The files that were opened last, to open them again; nothing while there were none. */
export function RecentList(): ReactElement | null {
  const controls = useControls();
  const recent = useApp((state) => state.recent);
  const clear = useCallback(() => {
    clearRecent(controls);
  }, [controls]);
  if (recent.length === 0) return null;
  return (
    <section aria-label="Recent files">
      <header className="side-head">
        <h2>Recent files</h2>
        <span className="side-buttons">
          <IconButton label="Forget the recent files" onClick={clear}>
            <CloseIcon />
          </IconButton>
        </span>
      </header>
      <ul aria-label="Recent files">
        {recent.slice(0, mostShown).map((file) => (
          <RecentRow key={file.id} file={file} />
        ))}
      </ul>
    </section>
  );
}

function RecentRow({ file }: { readonly file: RecentFile }): ReactElement {
  const controls = useControls();
  const { id, name, folder, openedAtMs } = file;
  const open = useCallback(() => {
    void openRecent(controls, id); // shows its own failure
  }, [controls, id]);
  const nowMs = controls.clock();
  return (
    <li className="side-row">
      <button type="button" className="side-main" title={visibleText(`${folder}/${name}`)} onClick={open}>
        <Name text={name} />
        <span className="side-value">{formatMoment(openedAtMs, nowMs)}</span>
      </button>
    </li>
  );
}
