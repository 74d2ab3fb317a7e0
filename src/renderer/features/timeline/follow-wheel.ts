import { timeAt, type TimeScale } from './scale.js';
import type { ShownTime } from './use-shown-time.js';

/** How much a notch of the wheel (100 pixels) zooms; as on the flame graph. */
const zoomPerPx = 0.0022;
const linePx = 19;

/**
 * The wheel over a timeline: with Ctrl (or Command) it zooms around the pointer, with Shift or sideways it moves the time. Not by React,
 * whose wheel listeners are passive. Returns what ends it.
 */
export function followWheel(
  element: HTMLElement,
  scale: TimeScale,
  zoom: ShownTime['zoom'],
  pan: ShownTime['pan'],
): () => void {
  const onWheel = (event: WheelEvent): void => {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? linePx : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    const sideways = event.shiftKey ? x + y : x;
    if (event.ctrlKey || event.metaKey) {
      if (y !== 0) zoom(Math.exp(y * zoomPerPx), timeAt(scale, event.offsetX));
    } else if (sideways !== 0) pan(timeAt(scale, sideways) - timeAt(scale, 0));
    else return;
    event.preventDefault();
  };
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    element.removeEventListener('wheel', onWheel);
  };
}
