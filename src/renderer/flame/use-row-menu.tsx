import { useCallback, useState, type MouseEvent, type ReactElement } from 'react';
import { figuresAround } from '../features/guidance/find-figures.js';
import { FrameMenu, type MenuPlace } from './frame-menu.js';

/** The menu of the frame that a row stands for. */
export interface RowMenu {
  /** While it is open. */
  readonly menu: ReactElement | null;
  readonly onContextMenu: (event: MouseEvent) => void;
}

/** Opens the menu of a frame, and of the number there, at a right click on its row. `nodeAt` tells the frame of what was clicked at; -1: none. */
export function useRowMenu(nodeAt: (target: EventTarget) => number): RowMenu {
  const [place, setPlace] = useState<MenuPlace | null>(null);
  const close = useCallback(() => {
    setPlace(null);
  }, []);
  const onContextMenu = useCallback(
    (event: MouseEvent) => {
      const node = nodeAt(event.target);
      if (node < 1) return;
      event.preventDefault();
      const [xPx, yPx] = [event.clientX, event.clientY];
      const figures =
        event.target instanceof Element ? figuresAround({ target: event.target, point: { xPx, yPx } }) : null;
      setPlace({ node, xPx, yPx, ...(figures === null ? {} : { figures }) });
    },
    [nodeAt],
  );
  return { menu: place === null ? null : <FrameMenu place={place} onClose={close} />, onContextMenu };
}
