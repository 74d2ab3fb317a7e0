import {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  type RefObject,
} from 'react';
import { ArrowIcon } from './icons.js';
import { menuItems } from './menu-keys.js';
import { MenuLevelContext, restMs, useLevel, useMenuKeys, useMenuLevel } from './menu-level.js';
import { within } from './use-place-at.js';

/** How far a menu lies over the one that opened it, CSS pixels. */
const overlapPx = 3;

interface SubmenuProps {
  readonly title: string;
  /** What it is about; cut where it is long. */
  readonly hint?: string;
  readonly children: ReactNode;
}

/**
 * An entry of a menu that opens another one beside it: by a press, by the pointer resting on it, by the right arrow or Enter. The left arrow
 * and Escape lead back to it. It stays inside of the window, on the side that has room.
 */
export function Submenu({ title, hint, children }: SubmenuProps): ReactElement {
  const id = useId();
  const { open, setOpen } = useMenuLevel();
  const isOpen = open === id;
  const entry = useRef<HTMLButtonElement>(null);
  /** Whether the menu has the focus once it is there: not when the pointer opens it in passing. */
  const [enters, setEnters] = useState(false);
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(rest.current);
    },
    [],
  );
  const enter = useCallback(() => {
    clearTimeout(rest.current);
    setEnters(true);
    setOpen(id);
  }, [id, setOpen]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.key !== 'ArrowRight') return;
      event.preventDefault();
      event.stopPropagation();
      enter();
    },
    [enter],
  );
  const onPointerEnter = useCallback(
    (event: PointerEvent) => {
      if (event.pointerType !== 'mouse') return;
      clearTimeout(rest.current);
      rest.current = setTimeout(() => {
        setEnters(false);
        setOpen(id);
      }, restMs);
    },
    [id, setOpen],
  );
  const onPointerLeave = useCallback(() => {
    clearTimeout(rest.current);
  }, []);
  const leave = useCallback(() => {
    setOpen(null);
    entry.current?.focus();
  }, [setOpen]);
  return (
    <>
      <button
        type="button"
        role="menuitem"
        className="menu-item"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        ref={entry}
        onClick={enter}
        onKeyDown={onKeyDown}
        onPointerEnter={onPointerEnter}
        onPointerLeave={onPointerLeave}
      >
        <span>{title}</span>
        <span className="menu-more">
          {hint === undefined ? null : <small className="clip">{hint}</small>}
          <ArrowIcon />
        </span>
      </button>
      {isOpen ? (
        <Opened title={title} entry={entry} enters={enters} leave={leave}>
          {children}
        </Opened>
      ) : null}
    </>
  );
}

interface OpenedProps {
  readonly title: string;
  readonly entry: RefObject<HTMLElement | null>;
  readonly enters: boolean;
  readonly leave: () => void;
  readonly children: ReactNode;
}

function Opened({ title, entry, enters, leave, children }: OpenedProps): ReactElement {
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string | null>(null);
  const { level, onPointerOver } = useLevel(open, setOpen);
  useLayoutEffect(() => {
    const [element, opener] = [menu.current, entry.current];
    if (element === null || opener === null) return undefined;
    const place = (): void => {
      const beside = opener.getBoundingClientRect();
      const { offsetWidth, offsetHeight } = element;
      const right = beside.right - overlapPx;
      const left = right + offsetWidth > innerWidth ? beside.left - offsetWidth + overlapPx : right;
      element.style.left = `${within(left, offsetWidth, innerWidth)}px`;
      element.style.top = `${within(beside.top - overlapPx, offsetHeight, innerHeight)}px`;
    };
    place();
    // What it lists may come later, and has the focus then.
    const observer = new ResizeObserver(() => {
      place();
      if (document.activeElement === element) menuItems(element)[0]?.focus();
    });
    observer.observe(element);
    window.addEventListener('resize', place);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', place);
      // Closed by the pointer: the focus would be nowhere.
      if (element.contains(document.activeElement)) opener.focus();
    };
  }, [entry]);
  useEffect(() => {
    // Where nothing is listed yet, the menu itself has the keys.
    if (enters) (menuItems(menu.current)[0] ?? menu.current)?.focus();
  }, [enters]);
  const leaveBy = useCallback(
    (key: string) => {
      const leaves = key === 'Escape' || key === 'ArrowLeft';
      if (leaves) leave();
      return leaves;
    },
    [leave],
  );
  const onKeyDown = useMenuKeys(menu, leaveBy);
  const onScroll = useCallback(() => {
    setOpen(null);
  }, []);
  return (
    <div
      className="popover context-menu"
      role="menu"
      aria-label={title}
      tabIndex={-1}
      ref={menu}
      onKeyDown={onKeyDown}
      onPointerOver={onPointerOver}
      onScroll={onScroll}
    >
      <MenuLevelContext value={level}>{children}</MenuLevelContext>
    </div>
  );
}
