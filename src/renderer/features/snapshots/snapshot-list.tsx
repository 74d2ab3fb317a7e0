import { useCallback, type ReactElement } from 'react';
import type { SnapshotRow } from '../../../contract/links.js';
import { useApp, useControls } from '../../app/workbench.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { openSnapshot } from '../../state/documents-control.js';
import { IconButton } from '../../ui/button.js';
import { DotsIcon } from '../../ui/icons.js';
import { MenuItem, Popover } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';

/** The saved snapshots, newest first. */
export function SnapshotList(): ReactElement {
  const snapshots = useApp((state) => state.snapshots);
  const rows = snapshots.toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  return (
    <section aria-label="Snapshots">
      <header className="side-head">
        <h2>Snapshots</h2>
      </header>
      {rows.length === 0 ? (
        <p className="side-note">What you save stays here, also offline.</p>
      ) : (
        <ul aria-label="Snapshots">
          {rows.map((row) => (
            <SnapshotItem key={row.snapshotId} row={row} />
          ))}
        </ul>
      )}
    </section>
  );
}

function SnapshotItem({ row }: { readonly row: SnapshotRow }): ReactElement {
  const controls = useControls();
  const { store, clock } = controls;
  const chosen = useApp(({ document }) => document.kind === 'profiles' && document.snapshotId === row.snapshotId);
  const open = useCallback(() => {
    void openSnapshot(controls, row.snapshotId); // shows its own failure
  }, [controls, row.snapshotId]);
  const remove = useCallback(() => {
    store.setState({ dialog: { kind: 'remove-snapshot', snapshotId: row.snapshotId } });
  }, [store, row.snapshotId]);
  const title = visibleText(row.title);
  const when = formatMoment(row.createdAtMs, clock());
  return (
    <li className={chosen ? 'side-row on' : 'side-row'}>
      <button
        type="button"
        className="side-main"
        title={[title, when, visibleText(row.notes)].filter((line) => line !== '').join('\n')}
        onClick={open}
      >
        <Name text={row.title} />
        <span className="side-value">{row.view.kind === 'diff' ? 'diff' : ''}</span>
      </button>
      <Popover
        label={`Actions of ${title}`}
        align="end"
        button={(props) => (
          <IconButton label={`More for ${title}`} className="side-more" {...props}>
            <DotsIcon />
          </IconButton>
        )}
      >
        {(close) => (
          <>
            <MenuItem close={close} onChoose={open} hint={when}>
              Open
            </MenuItem>
            <MenuItem close={close} onChoose={remove} danger>
              Remove…
            </MenuItem>
          </>
        )}
      </Popover>
    </li>
  );
}
