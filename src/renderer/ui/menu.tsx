import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
} from 'react';
import { moveFocus } from './focus.js';

interface PopoverProps {
  /** Draws the button that opens; gets what its attributes must be. */
  readonly button: (props: {
    readonly onClick: () => void;
    readonly 'aria-expanded': boolean;
    readonly 'aria-haspopup': 'menu' | 'dialog';
  }) => ReactElement;
  readonly align?: 'start' | 'end';
  readonly role?: 'menu' | 'dialog';
  readonly label: string;
  readonly children: (close: () => void) => ReactNode;
}

/** Something that opens below a button, closes on Escape and on a press elsewhere, and gives the focus back. */
export function Popover({ button, align = 'start', role = 'menu', label, children }: PopoverProps): ReactElement {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const close = useCallback(() => {
    setOpen(false);
  }, []);
  const toggle = useCallback(() => {
    setOpen((before) => !before);
  }, []);

  useEffect(() => {
    if (!open) return undefined;
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && anchor.current?.contains(event.target) === true) return;
      // What is asked meanwhile, for whoever opened this, stands in front of it and is no press elsewhere.
      const question = event.target instanceof Element ? event.target.closest('dialog.modal') : null;
      if (question !== null && !question.contains(anchor.current)) return;
      setOpen(false);
    };
    document.addEventListener('pointerdown', onPress);
    anchor.current?.querySelector<HTMLElement>('.popover button:not(:disabled), .popover input')?.focus();
    return () => {
      document.removeEventListener('pointerdown', onPress);
    };
  }, [open]);

  useLayoutEffect(() => {
    if (!open) return undefined;
    const place = (): void => {
      if (anchor.current !== null) placeBelow(anchor.current, align);
    };
    place();
    // What is in it may grow, as by what is wrong with a form.
    const observer = new ResizeObserver(place);
    const popover = anchor.current?.querySelector('.popover');
    if (popover != null) observer.observe(popover);
    addEventListener('resize', place);
    return () => {
      observer.disconnect();
      removeEventListener('resize', place);
    };
  }, [open, align]);

  const onKeyDown = useCallback((event: KeyboardEvent<HTMLSpanElement>) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      setOpen(false);
      anchor.current?.querySelector<HTMLElement>('button')?.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      event.stopPropagation();
      const items = anchor.current?.querySelectorAll<HTMLElement>('.popover button:not(:disabled)');
      moveFocus([...(items ?? [])], event.key === 'ArrowDown' ? 1 : -1);
    }
  }, []);

  return (
    <span className="menu-anchor" ref={anchor} onKeyDown={onKeyDown}>
      {button({ onClick: toggle, 'aria-expanded': open, 'aria-haspopup': role })}
      {open ? (
        <div className="popover" role={role} aria-label={label}>
          {children(close)}
        </div>
      ) : null}
    </span>
  );
}

const awayPx = 4;

/** Puts what opened below its button and inside the window; fixed, because panes cut what reaches out of them. */
export function placeBelow(anchor: HTMLElement, align: 'start' | 'end'): void {
  const popover = anchor.querySelector<HTMLElement>('.popover');
  if (popover === null) return;
  const button = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = popover;
  const wanted = align === 'start' ? button.left : button.right - offsetWidth;
  const left = Math.max(2 * awayPx, Math.min(wanted, innerWidth - offsetWidth - 2 * awayPx));
  const below = button.bottom + awayPx;
  const above = button.top - awayPx - offsetHeight;
  // Where there is room on neither side it lies over its button, as low as it fits.
  const inside = above >= awayPx ? above : Math.max(awayPx, innerHeight - offsetHeight - awayPx);
  const top = below + offsetHeight <= innerHeight ? below : inside;
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}

interface MenuItemProps {
  readonly onChoose: () => void;
  readonly close: () => void;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  readonly hint?: string;
  readonly children: ReactNode;
}

/** One entry of a menu. */
export function MenuItem({
  onChoose,
  close,
  disabled = false,
  danger = false,
  hint,
  children,
}: MenuItemProps): ReactElement {
  const choose = useCallback(() => {
    close();
    onChoose();
  }, [close, onChoose]);
  return (
    <button
      type="button"
      role="menuitem"
      className={danger ? 'menu-item danger' : 'menu-item'}
      disabled={disabled}
      onClick={choose}
    >
      <span>{children}</span>
      {hint === undefined ? null : <small>{hint}</small>}
    </button>
  );
}
