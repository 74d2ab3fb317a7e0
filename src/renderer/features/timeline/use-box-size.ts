import { useEffect, useState, type RefObject } from 'react';

/** Size of a box in CSS pixels. */
export interface BoxSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Follows the size of an element; zero before it is there. */
export function useBoxSize(box: RefObject<HTMLElement | null>): BoxSize {
  const [size, setSize] = useState<BoxSize>({ widthPx: 0, heightPx: 0 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      setSize({ widthPx: element.clientWidth, heightPx: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [box]);
  return size;
}
