import { useEffect, type RefObject } from 'react';
import type { Context } from '../../state/context.js';
import { showInfo } from '../../state/toasts.js';
import type { FigureSet } from './figures.js';

/** Where in a surface figures are looked for. */
export interface FigurePlace {
  /** What was pointed at, or has the focus: the surface itself or something in it. */
  readonly target: Element;
  /** Where it was pointed at, CSS pixels of the window; undefined where the keys led to it. */
  readonly point?: { readonly xPx: number; readonly yPx: number } | undefined;
}

/** Tells the figures of a place; null where there are none. */
export type FiguresAt = (place: FigurePlace) => FigureSet | null;

/**
 * Surfaces with figures, by their element. Each cell of a list of a million rows can be explained, and none of them carries anything for it:
 * the surface tells which figure it is, from where in it the pointer or the focus is.
 */
const surfaces = new WeakMap<Element, FiguresAt>();

/** Makes the figures of an element explainable. */
export function useFigures(surface: RefObject<Element | null>, figuresAt: FiguresAt): void {
  useEffect(() => {
    const element = surface.current;
    if (element === null) return undefined;
    surfaces.set(element, figuresAt);
    return () => {
      surfaces.delete(element);
    };
  });
}

/** The figures at a place, as the innermost surface around it tells them; null where there are none. */
export function figuresAround({ target, point }: FigurePlace): FigureSet | null {
  // A grid has the focus for its rows.
  const active = point === undefined ? target.getAttribute('aria-activedescendant') : null;
  const from = (active === null ? null : document.getElementById(active)) ?? target;
  for (let element: Element | null = from; element !== null; element = element.parentElement) {
    const set = surfaces.get(element)?.({ target: from, point }) ?? null;
    if (set !== null && set.figures.length > 0) return set;
  }
  return null;
}

/** What was pointed at last, and what had the focus last, outside of dialogs; whichever was used later comes first. */
interface LastPlaces {
  pointed: FigurePlace | null;
  focused: HTMLElement | null;
  byPointer: boolean;
}

const last: LastPlaces = { pointed: null, focused: null, byPointer: false };

/** Whether an element is opened over the window: what is said of figures is of what lies below. */
function isOver(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('dialog, .popover') !== null;
}

/** Follows what is pointed at and what has the focus. Returns what ends it. */
export function followPlaces(): () => void {
  const onMove = (event: PointerEvent): void => {
    if (!(event.target instanceof Element) || isOver(event.target)) return;
    last.pointed = { target: event.target, point: { xPx: event.clientX, yPx: event.clientY } };
    last.byPointer = true;
  };
  const onFocus = (event: FocusEvent): void => {
    if (event.target instanceof HTMLElement && !isOver(event.target)) last.focused = event.target;
  };
  const onKey = (event: KeyboardEvent): void => {
    const moves = event.key.startsWith('Arrow') || event.key.startsWith('Page') || event.key === 'Tab';
    if (moves && !event.ctrlKey && !event.metaKey && !event.altKey && !isOver(event.target)) last.byPointer = false;
  };
  document.addEventListener('pointermove', onMove, { capture: true, passive: true });
  document.addEventListener('focusin', onFocus, { capture: true });
  document.addEventListener('keydown', onKey, { capture: true });
  return () => {
    document.removeEventListener('pointermove', onMove, { capture: true });
    document.removeEventListener('focusin', onFocus, { capture: true });
    document.removeEventListener('keydown', onKey, { capture: true });
  };
}

/** Explains the figure below the pointer or, where keys were used since, the one that has the focus. */
export function explainHere(context: Context): void {
  const { pointed, focused, byPointer } = last;
  const places: FigurePlace[] = [];
  if (pointed?.target.isConnected === true) places.push(pointed);
  if (focused?.isConnected === true) places.push({ target: focused });
  if (!byPointer) places.reverse();
  for (const place of places) {
    const set = figuresAround(place);
    if (set === null) continue;
    const { xPx, yPx } = place.point ?? set.at ?? pointBelow(place.target);
    context.explaining.set({ set, xPx, yPx, ...(focused === null ? {} : { returnTo: focused }) });
    return;
  }
  showInfo(context.store, 'Point at a number, or go to one with the keys: then it can be explained.');
}

/** Where something opens that belongs to an element. */
export function pointBelow(target: Element): { readonly xPx: number; readonly yPx: number } {
  const active = target.getAttribute('aria-activedescendant');
  const from = (active === null ? null : document.getElementById(active)) ?? target;
  const { left, bottom, top, width, height } = from.getBoundingClientRect();
  // What is as large as a view is no place to open below of.
  return height > 200 ? { xPx: left + width / 2, yPx: top + 80 } : { xPx: left + 24, yPx: bottom };
}
