import { useCallback, type ReactElement } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { baselineProfile, comparedSpans } from '../../state/sides.js';
import { Name } from '../../ui/name.js';

/** Names the side that is not the selection in another time: a pinned selection, another service, an open profile, the rest of a recording. */
export function BaselineChip(): ReactElement | null {
  const controls = useControls();
  const baseline = useApp((state) => state.baseline);
  const profile = useApp(baselineProfile);
  const title = useApp((state) =>
    baseline?.kind === 'document'
      ? state.documents.find(({ documentId }) => documentId === baseline.documentId)?.title
      : undefined,
  );
  const drop = useCallback(() => {
    controls.store.setState({ baseline: null });
  }, [controls]);
  const rest = useApp((state) => comparedSpans(state) !== null);
  if (baseline === null || (baseline.kind === 'document' && profile === undefined)) return null;
  if (baseline.kind === 'rest' && !rest) return null;
  const letter = baseline.kind === 'document' ? baseline.as : 'A';
  const name = baseline.kind === 'document' ? (title ?? '') : baseline.kind === 'rest' ? 'the rest' : baseline.name;
  const pinned = baseline.kind === 'selection' && baseline.pinned;
  return (
    <button
      type="button"
      className="readout baseline"
      title={`${visibleText(name)}${pinned ? ', pinned' : ''}\nClick to let it go`}
      aria-label={`Side ${letter} ${visibleText(name)}, let go`}
      onClick={drop}
    >
      <b className={letter === 'A' ? 'side-a' : 'side-b'}>{letter}</b>
      <Name text={name} />
      {pinned ? <span className="mute">pinned</span> : null}
    </button>
  );
}
