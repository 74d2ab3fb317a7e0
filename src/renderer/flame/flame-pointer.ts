import type { FlameCanvas } from './flame-canvas.js';
import type { MenuPlace } from './frame-menu.js';

/** A press that moves less is a click. */
const leastDragPx = 4;
const linePx = 19;
/** How much a notch of the wheel (100 pixels) zooms. */
const zoomPerPx = 0.0022;

/**
 * The pointer on a flame graph: click selects, double click zooms, drag pans, the wheel scrolls, with Ctrl (or Command) it
 * zooms around the pointer, right click opens the menu. Not by React, which would look for a component at each move. Returns what ends it.
 */
export function followPointer(
  canvas: HTMLCanvasElement,
  flame: FlameCanvas,
  onMenu: (place: MenuPlace) => void,
): () => void {
  let press: { readonly xPx: number; readonly yPx: number } | undefined;
  let last = { xPx: 0, yPx: 0 };
  let dragged = false;

  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    press = { xPx: event.offsetX, yPx: event.offsetY };
    last = press;
    dragged = false;
  };
  const onMove = (event: PointerEvent): void => {
    const at = { xPx: event.offsetX, yPx: event.offsetY };
    if (press === undefined) {
      flame.hover(at.xPx, at.yPx);
      return;
    }
    const far = Math.max(Math.abs(at.xPx - press.xPx), Math.abs(at.yPx - press.yPx)) >= leastDragPx;
    if (!dragged && far) {
      dragged = true;
      canvas.setPointerCapture(event.pointerId);
      flame.leave();
      canvas.dataset['dragging'] = '';
    }
    if (dragged) flame.pan(last.xPx - at.xPx, last.yPx - at.yPx);
    last = at;
  };
  const onUp = (): void => {
    press = undefined;
    delete canvas.dataset['dragging'];
  };
  const onLeave = (): void => {
    if (press === undefined) flame.leave();
  };
  const onClick = (event: MouseEvent): void => {
    if (!dragged) flame.select(flame.nodeAt(event.offsetX, event.offsetY));
  };
  const onDoubleClick = (event: MouseEvent): void => {
    if (!dragged) flame.zoom(flame.nodeAt(event.offsetX, event.offsetY));
  };
  const onContextMenu = (event: MouseEvent): void => {
    event.preventDefault();
    const node = flame.nodeAt(event.offsetX, event.offsetY);
    if (node > 0) flame.select(node);
    onMenu({ node: Math.max(0, node), xPx: event.clientX, yPx: event.clientY });
  };
  canvas.addEventListener('pointerdown', onDown);
  canvas.addEventListener('pointermove', onMove);
  canvas.addEventListener('pointerup', onUp);
  canvas.addEventListener('pointercancel', onUp);
  canvas.addEventListener('pointerleave', onLeave);
  canvas.addEventListener('click', onClick);
  canvas.addEventListener('dblclick', onDoubleClick);
  canvas.addEventListener('contextmenu', onContextMenu);
  const endWheel = followWheel(canvas, flame);
  return () => {
    endWheel();
    canvas.removeEventListener('pointerdown', onDown);
    canvas.removeEventListener('pointermove', onMove);
    canvas.removeEventListener('pointerup', onUp);
    canvas.removeEventListener('pointercancel', onUp);
    canvas.removeEventListener('pointerleave', onLeave);
    canvas.removeEventListener('click', onClick);
    canvas.removeEventListener('dblclick', onDoubleClick);
    canvas.removeEventListener('contextmenu', onContextMenu);
  };
}

/**
 * The wheel over a flame graph or what lies on it: scrolls, pans with Shift, zooms around the pointer with Ctrl (or Command).
 *
 * Passive: nothing around a graph scrolls, and the window has no zoom of its own, so there is nothing to prevent. A listener that may
 * prevent something is asked for each turn of the wheel by itself, one after the other: where frames take longer than a wheel turns they
 * queue up, and the graph runs after the hand by a quarter of a second. These are joined to one a frame.
 */
export function followWheel(element: HTMLElement, flame: FlameCanvas): () => void {
  const onWheel = (event: WheelEvent): void => {
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? linePx : 1;
    const [x, y] = [event.deltaX * scale, event.deltaY * scale];
    if (x === 0 && y === 0) return;
    const xPx = event.clientX - element.getBoundingClientRect().left;
    if (event.ctrlKey || event.metaKey) flame.zoomAround(Math.exp(-y * zoomPerPx), xPx);
    else if (event.shiftKey) flame.pan(x + y, 0);
    else flame.pan(x, y);
  };
  element.addEventListener('wheel', onWheel, { passive: true });
  return () => {
    element.removeEventListener('wheel', onWheel);
  };
}
