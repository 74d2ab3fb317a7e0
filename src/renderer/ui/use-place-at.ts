import { useLayoutEffect, type RefObject } from 'react';

/** How far what opens stays away from the edges of the window, CSS pixels. */
const edgePx = 8;

/** Where a length begins so that it lies within the window, as near as can be to where it is wanted. All CSS pixels. */
export function within(wantedPx: number, lengthPx: number, windowPx: number): number {
  return Math.max(edgePx, Math.min(wantedPx, windowPx - lengthPx - edgePx));
}

/** Puts something that opened at a point of the window there, or as near as it fits; again when it or the window has another size. */
export function usePlaceAt(box: RefObject<HTMLElement | null>, xPx: number, yPx: number): void {
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const place = (): void => {
      placeAt(element, xPx, yPx);
    };
    place();
    const observer = new ResizeObserver(place);
    observer.observe(element);
    window.addEventListener('resize', place);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', place);
    };
  }, [box, xPx, yPx]);
}

function placeAt(element: HTMLElement, xPx: number, yPx: number): void {
  element.style.left = `${within(xPx, element.offsetWidth, innerWidth)}px`;
  element.style.top = `${within(yPx, element.offsetHeight, innerHeight)}px`;
}
