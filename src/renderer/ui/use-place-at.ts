import { useLayoutEffect, type RefObject } from 'react';

const edgePx = 8;

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
  const left = Math.max(edgePx, Math.min(xPx, innerWidth - element.offsetWidth - edgePx));
  const top = Math.max(edgePx, Math.min(yPx, innerHeight - element.offsetHeight - edgePx));
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
}
