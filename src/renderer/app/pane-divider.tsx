import { useCallback, type KeyboardEvent, type PointerEvent, type ReactElement, type RefObject } from 'react';
import { useBoxSize } from '../features/timeline/use-box-size.js';
import { shareByKey, shareWithin } from '../state/panes.js';
import { useApp, useControls } from './workbench.js';

/** Half of what the divider takes of the room. */
const halfPx = 4;

/** Between two panes: dragged, or moved by arrows; Enter and a double click make both as wide as each other. */
export function PaneDivider({ box }: { readonly box: RefObject<HTMLElement | null> }): ReactElement {
  const { store } = useControls();
  const share = useApp((state) => state.splitShare);
  const { widthPx } = useBoxSize(box);
  const move = useCallback(
    (wanted: number) => {
      store.setState({ splitShare: shareWithin(wanted, widthPx) });
    },
    [store, widthPx],
  );
  const onPointerDown = useCallback((event: PointerEvent<HTMLDivElement>) => {
    if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
  }, []);
  const onPointerMove = useCallback(
    (event: PointerEvent<HTMLDivElement>) => {
      if (!event.currentTarget.hasPointerCapture(event.pointerId) || box.current === null) return;
      const { left, width } = box.current.getBoundingClientRect();
      move((event.clientX - left - halfPx) / (width - 2 * halfPx));
    },
    [box, move],
  );
  const onDoubleClick = useCallback(() => {
    move(0.5);
  }, [move]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const wanted = shareByKey(event.key, share);
      if (wanted === undefined) return;
      event.preventDefault();
      move(wanted);
    },
    [share, move],
  );
  const leastPercent = Math.round(shareWithin(0, widthPx) * 100);
  return (
    <div
      className="pane-divider"
      role="separator"
      aria-label="Width of the left view"
      aria-orientation="vertical"
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={leastPercent}
      aria-valuemax={100 - leastPercent}
      aria-valuetext={`${Math.round(share * 100)} percent`}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onDoubleClick={onDoubleClick}
      onKeyDown={onKeyDown}
    />
  );
}
