import { useCallback, useEffect, useRef, type KeyboardEvent, type ReactElement, type ReactNode } from 'react';
import { moveFocus } from './focus.js';
import { usePlaceAt } from './use-place-at.js';

interface ContextMenuProps {
  readonly label: string;
  /** Where it opens, CSS pixels of the window. */
  readonly xPx: number;
  readonly yPx: number;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A menu at a point: arrow keys move in it, Escape and a press elsewhere close it, and the focus goes back to where it was. */
export function ContextMenu({ label, xPx, yPx, onClose, children }: ContextMenuProps): ReactElement {
  const menu = useRef<HTMLDivElement>(null);
  usePlaceAt(menu, xPx, yPx);
  useEffect(() => {
    const before = document.activeElement;
    menu.current?.querySelector<HTMLElement>('button:not(:disabled)')?.focus();
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && menu.current?.contains(event.target) === true) return;
      onClose();
    };
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      if (before instanceof HTMLElement) before.focus();
    };
  }, [onClose]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the window's own keys
      event.stopPropagation();
      if (event.key === 'Escape' || event.key === 'Tab') {
        event.preventDefault();
        onClose();
      } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        const items = menu.current?.querySelectorAll<HTMLElement>('button:not(:disabled)');
        moveFocus([...(items ?? [])], event.key === 'ArrowDown' ? 1 : -1);
      }
    },
    [onClose],
  );
  return (
    <div className="popover context-menu" role="menu" aria-label={label} ref={menu} onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}
