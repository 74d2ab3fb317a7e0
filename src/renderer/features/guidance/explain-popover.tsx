import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { useCell } from '../../state/cell.js';
import type { Explaining } from '../../state/explaining.js';
import { ContextMenu } from '../../ui/context-menu.js';
import { Segments } from '../../ui/fields.js';
import { moveFocus } from '../../ui/focus.js';
import { MenuItem } from '../../ui/menu.js';
import { usePlaceAt } from '../../ui/use-place-at.js';
import { Explanation } from './explanation.js';
import type { FigureSet } from './figures.js';
import { figuresAround, followPlaces } from './find-figures.js';

/** What explains figures, wherever in the window they stand: the menu of a number, and what it unfolds to. */
export function FigureExplainer(): ReactElement {
  const { explaining } = useControls();
  const shown = useCell(explaining);
  const menu = useNumberMenu();
  useEffect(followPlaces, []);
  const close = useCallback(() => {
    explaining.set(null);
  }, [explaining]);
  return (
    <>
      {menu}
      {shown === null ? null : <ExplainPopover key={explaining.version()} explaining={shown} onClose={close} />}
    </>
  );
}

/** The menu of a number that has no other: at a right click, or at the menu's key. */
function useNumberMenu(): ReactElement | null {
  const { explaining, shell } = useControls();
  const [place, setPlace] = useState<Explaining | null>(null);
  useEffect(() => {
    const onContextMenu = (event: MouseEvent): void => {
      const { target, clientX: xPx, clientY: yPx } = event;
      if (event.defaultPrevented || !(target instanceof Element)) return;
      // The menu's key is no button of a pointer: what has the focus is meant then. On a Mac a click with Ctrl is a right one.
      const pointed = event.button === 2 || event.ctrlKey;
      const set = figuresAround({ target, point: pointed ? { xPx, yPx } : undefined });
      if (set === null) return;
      event.preventDefault();
      setPlace({ set, xPx, yPx });
    };
    document.addEventListener('contextmenu', onContextMenu);
    return () => {
      document.removeEventListener('contextmenu', onContextMenu);
    };
  }, []);
  const close = useCallback(() => {
    setPlace(null);
  }, []);
  const explain = useCallback(() => {
    if (place !== null) explaining.set(place);
  }, [explaining, place]);
  const copy = useCallback(() => {
    const text = place?.set.figures[place.set.chosen]?.shown ?? '';
    void shell.call('clipboard.write', { text }); // nothing to say when it fails
  }, [shell, place]);
  if (place === null) return null;
  const figure = place.set.figures[place.set.chosen];
  const label = figure === undefined ? place.set.of : `${figure.label} of ${place.set.of}`;
  return (
    <ContextMenu label={visibleText(label)} xPx={place.xPx} yPx={place.yPx} onClose={close}>
      <MenuItem close={close} onChoose={explain} hint="E">
        Explain this number
      </MenuItem>
      <MenuItem close={close} onChoose={copy}>
        Copy it
      </MenuItem>
    </ContextMenu>
  );
}

interface PopoverProps {
  readonly explaining: Explaining;
  readonly onClose: () => void;
}

/** A number with what it came from, and the others of its row; Escape and a press elsewhere close it, and the focus goes back. */
function ExplainPopover({ explaining, onClose }: PopoverProps): ReactElement {
  const { set, xPx, yPx, returnTo } = explaining;
  const box = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(set.chosen);
  const figure = set.figures[chosen];
  usePlaceAt(box, xPx, yPx);
  useEffect(() => {
    const before = returnTo ?? document.activeElement;
    const first = box.current?.querySelector<HTMLElement>('[aria-checked="true"], .explanation button');
    (first ?? box.current)?.focus();
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) === true) return;
      onClose();
    };
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [onClose, returnTo]);
  const choose = useCallback((at: string) => {
    setChosen(Number(at));
  }, []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the window's own keys
      event.stopPropagation();
      if (event.key === 'Escape') {
        event.preventDefault();
        onClose();
      } else if (event.key === 'Tab') {
        event.preventDefault();
        const stops = box.current?.querySelectorAll<HTMLElement>('button:not([aria-checked="false"])') ?? [];
        moveFocus([...stops], event.shiftKey ? -1 : 1);
      } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
        event.preventDefault();
        const radios = box.current?.querySelectorAll<HTMLElement>('[role="radio"]') ?? [];
        moveFocus([...radios], event.key === 'ArrowRight' ? 1 : -1);
        if (document.activeElement instanceof HTMLElement) document.activeElement.click();
      }
    },
    [onClose],
  );
  return (
    <div
      className="popover explain"
      role="dialog"
      aria-label={titleOf(set, chosen)}
      tabIndex={-1}
      ref={box}
      onKeyDown={onKeyDown}
    >
      <p className="explain-head">
        <span className="clip" title={visibleText(set.of)}>
          {visibleText(set.of)}
        </span>
        <span className="explain-shown">
          {set.figures.length === 1 ? <span className="mute">{visibleText(figure?.label ?? '')} </span> : null}
          <strong>{visibleText(figure?.shown ?? '')}</strong>
        </span>
      </p>
      {set.figures.length < 2 ? null : (
        <Segments
          label="Number"
          values={set.figures.map((_, at) => String(at))}
          labels={Object.fromEntries(set.figures.map(({ label }, at) => [String(at), visibleText(label)]))}
          value={String(chosen)}
          onChoose={choose}
        />
      )}
      {figure === undefined ? null : <Explanation figure={figure} of={set.of} />}
    </div>
  );
}

function titleOf({ of, figures }: FigureSet, chosen: number): string {
  return visibleText(`How ${figures[chosen]?.label ?? 'it'} of ${of} came about`);
}
