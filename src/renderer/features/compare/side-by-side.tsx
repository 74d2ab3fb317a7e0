import { useMemo, useState, type ReactElement } from 'react';
import type { FrameWidth, ViewSource } from '../../../contract/decoder.js';
import { usePart, type Part } from '../../app/use-part.js';
import { useApp, useWorkbench, WorkbenchContext } from '../../app/workbench.js';
import { FlameView } from '../../flame/flame-view.js';
import { formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import { createCell } from '../../state/cell.js';
import type { Context } from '../../state/context.js';
import { withoutStep } from '../../state/history-control.js';
import { followSearch } from '../../state/search-control.js';

/** Both sides of a diff as graphs of their own widths: one zoom, one selection, one search, and one frame below the pointer. */
export function SideBySide(): ReactElement {
  const [hovered] = useState(() => createCell<readonly string[] | null>(null));
  const workbench = useWorkbench();
  const together = useMemo(() => ({ ...workbench, context: { ...workbench.context, hovered } }), [workbench, hovered]);
  return (
    <WorkbenchContext value={together}>
      <div className="side-by-side">
        <Side side="baseline" />
        <Side side="comparison" />
      </div>
    </WorkbenchContext>
  );
}

const sideNames = { baseline: 'A', comparison: 'B' } as const;

function Side({ side }: { readonly side: Exclude<FrameWidth, 'mean'> }): ReactElement {
  const part = useSide(side);
  const unit = useApp((state) => state.viewHeader?.sampleType.unit ?? '');
  const title = useApp((state) => state.viewProfiles[side === 'baseline' ? 0 : 1]?.title ?? '');
  const name = sideNames[side];
  return (
    <section className="side" aria-label={`Side ${name}`}>
      <h3 className="clip" title={visibleText(title)}>
        <b className={side === 'baseline' ? 'side-a' : 'side-b'}>{name}</b>{' '}
        {part.header === null ? '' : formatValue(part.header.total, unit)} {visibleText(title)}
      </h3>
      {part.failure === null ? (
        <WorkbenchContext value={part.workbench}>
          <FlameView label={`Flame graph of ${name}`} />
        </WorkbenchContext>
      ) : (
        <p className="table-wait">{visibleText(part.failure)}</p>
      )}
    </section>
  );
}

function useSide(width: Exclude<FrameWidth, 'mean'>): Part {
  const source = useApp((state) => state.viewSource);
  const side = useMemo<ViewSource | null>(
    () => (source?.kind === 'diff' ? { ...source, width } : null),
    [source, width],
  );
  return usePart(side, goTogether);
}

/** What the window and both graphs have in common. */
const shared = ['settings', 'shownTheme', 'search', 'searchMode', 'zoomPath', 'selectedPath'] as const;

/** What is chosen in the window or in one graph is chosen in all: places are paths, which mean the same on both sides. */
function goTogether(main: Context, part: Context): () => void {
  const carry = (from: Context, to: Context, goesOn = false): void => {
    const [state, other] = [from.store.getState(), to.store.getState()];
    if (shared.every((key) => state[key] === other[key])) return;
    const { settings, shownTheme, search, searchMode, zoomPath, selectedPath } = state;
    const change = { settings, shownTheme, search, searchMode, zoomPath, selectedPath };
    to.store.setState((now) => (goesOn ? withoutStep(now, change) : change));
  };
  carry(main, part);
  const ends = [
    main.store.subscribe(() => {
      carry(main, part);
    }),
    part.store.subscribe((state, before) => {
      // A graph of one side has no history of its own: what sets it is a key that is held down.
      carry(part, main, state.past !== before.past);
    }),
    followSearch(part),
  ];
  return () => {
    for (const end of ends) end();
  };
}
