import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { currentExtent, showTime } from '../../state/selection-control.js';
import { sourceTime } from '../../state/source-time.js';
import { panTime, zoomTime, type TimeRange } from '../../state/time-range.js';

/** After this the timeline has come to rest, and what it shows is asked for. */
const restMs = 250;

/** The time that a timeline shows, and what moves it. */
export interface ShownTime {
  /** What is drawn: it follows each move at once. */
  readonly extent: TimeRange;
  /** Makes the time `factor` as long around a moment. */
  readonly zoom: (factor: number, aroundMs: number) => void;
  readonly pan: (byMs: number) => void;
  /** Lets a move that was not asked for yet go: something else was chosen. */
  readonly forget: () => void;
}

/** Moves the time of the timeline: drawn at once from what is there, asked for once it has come to rest. */
export function useShownTime(): ShownTime {
  const controls = useControls();
  const startMs = useApp((state) => currentExtent(state).startMs);
  const endMs = useApp((state) => currentExtent(state).endMs);
  const [moved, setMoved] = useState<TimeRange | null>(null);
  const latest = useRef<TimeRange | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  const move = useCallback(
    (next: (from: TimeRange, nowMs: number) => TimeRange) => {
      const state = controls.store.getState();
      const nowMs = Math.max(sourceTime(controls, state.targetId, state.source), state.extentEndMs);
      const time = next(latest.current ?? currentExtent(state), nowMs);
      latest.current = time;
      setMoved(time);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        latest.current = null;
        showTime(controls, time);
        setMoved(null);
      }, restMs);
    },
    [controls],
  );
  const zoom = useCallback(
    (factor: number, aroundMs: number) => {
      move((from, nowMs) => zoomTime(from, factor, aroundMs, nowMs));
    },
    [move],
  );
  const pan = useCallback(
    (byMs: number) => {
      move((from, nowMs) => panTime(from, byMs, nowMs));
    },
    [move],
  );
  const forget = useCallback(() => {
    clearTimeout(timer.current);
    latest.current = null;
    setMoved(null);
  }, []);
  const extent = useMemo(() => moved ?? { startMs, endMs }, [moved, startMs, endMs]);
  return { extent, zoom, pan, forget };
}
