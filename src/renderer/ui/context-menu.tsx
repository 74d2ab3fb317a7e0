import { useCallback, useEffect, useRef, useState, type ReactElement, type ReactNode } from 'react';
import { MenuLevelContext, useLevel, useMenuKeys } from './menu-level.js';
import { menuItems } from './menu-keys.js';
import { usePlaceAt } from './use-place-at.js';

interface ContextMenuProps {
  readonly label: string;
  /** Where it opens, CSS pixels of the window. */
  readonly xPx: number;
  readonly yPx: number;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * A menu at a point: arrow keys and letters move in it, Escape and a press elsewhere close it, and the focus goes back to where it was.
 * Entries may be submenus.
 */
export function ContextMenu({ label, xPx, yPx, onClose, children }: ContextMenuProps): ReactElement {
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string | null>(null);
  const { level, onPointerOver } = useLevel(open, setOpen);
  usePlaceAt(menu, xPx, yPx);
  useEffect(() => {
    const before = document.activeElement;
    menuItems(menu.current)[0]?.focus();
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
  const leave = useCallback(
    (key: string) => {
      const leaves = key === 'Escape' || key === 'Tab';
      if (leaves) onClose();
      return leaves;
    },
    [onClose],
  );
  const onKeyDown = useMenuKeys(menu, leave);
  // What was opened beside an entry would stay where the entry was.
  const onScroll = useCallback(() => {
    setOpen(null);
  }, []);
  return (
    <div
      className="popover context-menu"
      role="menu"
      aria-label={label}
      ref={menu}
      onKeyDown={onKeyDown}
      onPointerOver={onPointerOver}
      onScroll={onScroll}
    >
      <MenuLevelContext value={level}>{children}</MenuLevelContext>
    </div>
  );
}
