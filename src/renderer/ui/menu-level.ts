import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
} from 'react';
import { menuItems, moveInMenu, typeAhead, type Typed } from './menu-keys.js';

/** A menu as its entries see it. */
export interface MenuLevel {
  /** The entry whose menu is open; null: none. */
  readonly open: string | null;
  readonly setOpen: (id: string | null) => void;
}

export const MenuLevelContext = createContext<MenuLevel | null>(null);

/** The menu that an entry stands in. */
export function useMenuLevel(): MenuLevel {
  const level = useContext(MenuLevelContext);
  if (level === null) throw new Error('a submenu stands in a menu');
  return level;
}

/** The pointer rests so long on an entry before its menu opens, or another one's closes: it may be on its way to that. ms. */
export const restMs = 180;

/**
 * Keys of a menu: arrows, Home and End move in it, letters go to what begins with them; `leave` closes it by the keys that do so, and answers
 * whether one did. The views behind it get none but those with Ctrl, Alt or Command.
 */
export function useMenuKeys(
  menu: RefObject<HTMLElement | null>,
  leave: (key: string) => boolean,
): (event: KeyboardEvent) => void {
  const typed = useRef<Typed>({ word: '', at: 0 });
  return useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the window's own keys
      const { key } = event;
      const left = leave(key);
      if (key === 'Tab' && !left) return; // closes all of them, which is for the first one
      event.stopPropagation();
      const items = menuItems(menu.current);
      if (left || moveInMenu(key, items)) {
        event.preventDefault();
        return;
      }
      if (key.length !== 1 || key === ' ') return;
      const texts = items.map((item) => item.textContent);
      const focused = items.findIndex((item) => item === document.activeElement);
      const found = typeAhead(texts, focused, typed.current, key.toLowerCase(), event.timeStamp);
      typed.current = found.typed;
      items[found.index]?.focus();
    },
    [menu, leave],
  );
}

/** The level of a menu, and what tells it that the pointer is over one of its entries: beside another one's menu that closes it. */
export function useLevel(
  open: string | null,
  setOpen: (id: string | null) => void,
): { readonly level: MenuLevel; readonly onPointerOver: (event: PointerEvent<HTMLElement>) => void } {
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(rest.current);
    },
    [],
  );
  const onPointerOver = useCallback(
    ({ target, currentTarget }: PointerEvent<HTMLElement>) => {
      clearTimeout(rest.current);
      const item = target instanceof Element ? target.closest('[role="menuitem"]') : null;
      // Those that open a menu of their own do so instead.
      if (item?.closest('[role="menu"]') !== currentTarget || item.hasAttribute('aria-haspopup')) return;
      rest.current = setTimeout(() => {
        setOpen(null);
      }, restMs);
    },
    [setOpen],
  );
  const choose = useCallback(
    (id: string | null) => {
      // What keys opened is not closed by a pointer that lies still.
      clearTimeout(rest.current);
      setOpen(id);
    },
    [setOpen],
  );
  const level = useMemo(() => ({ open, setOpen: choose }), [open, choose]);
  return { level, onPointerOver };
}
