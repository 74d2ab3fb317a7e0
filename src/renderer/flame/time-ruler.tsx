import { useEffect, useState, type ReactElement } from 'react';
import type { FlameCanvas } from './flame-canvas.js';
import { timeTicks, type TimeTick } from './time-ticks.js';

const none: readonly TimeTick[] = [];

/** The times of a graph in time order, above it; it follows each pan and zoom. */
export function TimeRuler({ flame }: { readonly flame: FlameCanvas }): ReactElement {
  const [ticks, setTicks] = useState(none);
  useEffect(() => {
    let shown = '';
    return flame.follow((part) => {
      const axis = part?.model.header?.time;
      const next = part === null || axis === undefined ? none : timeTicks(axis, part.viewport, part.widthPx);
      const key = JSON.stringify(next);
      if (key === shown) return;
      shown = key;
      setTicks(next);
    });
  }, [flame]);
  return (
    <div className="time-ruler" aria-hidden="true">
      {ticks.map(({ leftPx, text }) => (
        <span key={text} style={{ left: leftPx }}>
          {text}
        </span>
      ))}
    </div>
  );
}
