import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
} from 'react';
import { useApp, useControls } from '../../app/workbench.js';
import { readTokens } from '../../flame/theme-colours.js';
import { formatRange } from '../../format/times.js';
import { useCell } from '../../state/cell.js';
import { chooseComparison, choosePreset, chooseRange, currentExtent } from '../../state/selection-control.js';
import { extentOf, presetLabels, presets, stepFor, type TimeRange } from '../../state/time-range.js';
import { Segments } from '../../ui/fields.js';
import { beginDrag, dragTo, nudgeRange, overEdge, type Drag } from './drag.js';
import { drawTimeline, type TimelineColours } from './draw-timeline.js';
import { timeAt, type TimeScale } from './scale.js';
import { TurnoverMarks, TurnoverProposal } from './turnover-marks.js';
import { pointWords } from './timeline-words.js';
import { useBoxSize } from './use-box-size.js';

const paddingPx = 12;
const tokenNames = [
  'bg',
  'line',
  'accent',
  'accent-wash',
  'curve-wash',
  'mute',
  'hatch',
  'side-a',
  'side-a-wash',
  'side-b',
  'side-b-wash',
] as const;

function readColours(): TimelineColours {
  const tokens = readTokens(document.documentElement, tokenNames);
  return {
    background: tokens.bg.css,
    grid: tokens.line.css,
    curve: tokens.accent.css,
    wash: tokens['curve-wash'].css,
    label: tokens.mute.css,
    hatch: tokens.hatch.css,
    range: tokens.accent.css,
    rangeWash: tokens['accent-wash'].css,
    sideA: tokens['side-a'].css,
    sideAWash: tokens['side-a-wash'].css,
    sideB: tokens['side-b'].css,
    sideBWash: tokens['side-b-wash'].css,
  };
}

/** CPU use by time. A drag chooses the range, with Shift the second one; arrow keys move it. */
export function TimelineView(): ReactElement {
  const controls = useControls();
  const data = useCell(controls.timeline);
  const preset = useApp((state) => state.preset);
  const extentEndMs = useApp((state) => state.extentEndMs);
  const earliestMs = useApp((state) => state.earliestMs);
  const range = useApp((state) => state.range);
  const comparison = useApp((state) => state.comparison);
  const theme = useApp((state) => state.shownTheme);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const size = useBoxSize(box);
  const [pointerX, setPointerX] = useState<number | null>(null);
  const [preview, setPreview] = useState<{ side: Drag['side']; range: TimeRange } | null>(null);
  const [edge, setEdge] = useState(false);
  // Chromium takes the Shift of a Shift-drag for work with the keyboard and would show its focus ring.
  const [byPointer, setByPointer] = useState(false);
  const drag = useRef<Drag | null>(null);

  const extent = useMemo(() => extentOf(preset, extentEndMs, earliestMs), [preset, extentEndMs, earliestMs]);
  const stepMs = stepFor(extent);
  const scale = useMemo<TimeScale>(
    () => ({ extent, left: paddingPx, right: Math.max(paddingPx + 1, size.widthPx - paddingPx) }),
    [extent, size.widthPx],
  );
  const shownRange = preview?.side === 'range' ? preview.range : range;
  const shownComparison = preview?.side === 'comparison' ? preview.range : comparison;

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (element === null || context === null || context === undefined || size.widthPx === 0) return;
    element.width = Math.round(size.widthPx * devicePixelRatio);
    element.height = Math.round(size.heightPx * devicePixelRatio);
    drawTimeline(
      context,
      {
        ...size,
        ratio: devicePixelRatio,
        scale,
        timeline: data?.timeline ?? null,
        range: shownRange,
        comparison: shownComparison,
        pointerX,
      },
      readColours(),
    );
  }, [size, scale, data, shownRange, shownComparison, pointerX, theme]);

  const onBlur = useCallback(() => {
    setByPointer(false);
  }, []);
  const onDown = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setByPointer(true);
      drag.current = beginDrag(scale, event.nativeEvent.offsetX, event.shiftKey, range, comparison);
    },
    [scale, range, comparison],
  );
  const onMove = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      const x = Math.max(scale.left, Math.min(scale.right, event.nativeEvent.offsetX));
      setPointerX(x);
      setEdge(overEdge(scale, x, [range, comparison]));
      if (drag.current === null) return;
      const dragged = dragTo(drag.current, scale, x, stepMs);
      setPreview(dragged === null ? null : { side: drag.current.side, range: dragged });
    },
    [scale, stepMs, range, comparison],
  );
  const onUp = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      const current = drag.current;
      drag.current = null;
      setPreview(null);
      if (current === null) return;
      const dragged = dragTo(current, scale, event.nativeEvent.offsetX, stepMs);
      if (dragged === null) {
        // A click beside what is chosen lets it go.
        if (controls.store.getState().range !== null) chooseRange(controls, null);
      } else if (current.side === 'comparison') chooseComparison(controls, dragged);
      else chooseRange(controls, dragged);
    },
    [controls, scale, stepMs],
  );
  const onLeave = useCallback(() => {
    setPointerX(null);
  }, []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      const state = controls.store.getState();
      if (event.key === 'Escape' && state.range !== null) {
        event.stopPropagation();
        chooseRange(controls, null);
        return;
      }
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      event.preventDefault();
      setByPointer(false);
      const whole = currentExtent(state);
      // Without a range the keys begin with the last quarter: where one looks first.
      const before = state.range ?? { startMs: whole.endMs - (whole.endMs - whole.startMs) / 4, endMs: whole.endMs };
      chooseRange(controls, nudgeRange(before, event.key === 'ArrowLeft' ? -1 : 1, event.shiftKey, whole, stepMs));
    },
    [controls, stepMs],
  );
  const onPreset = useCallback(
    (next: (typeof presets)[number]) => {
      choosePreset(controls, next);
    },
    [controls],
  );

  const timeline = data?.timeline ?? null;
  const words = pointerX === null ? '' : pointWords(timeline, timeAt(scale, pointerX), extent.endMs);
  return (
    <section
      className={byPointer ? 'timeline by-pointer' : 'timeline'}
      role="group"
      aria-label={`Timeline, ${formatRange(extent.startMs, extent.endMs, extent.endMs)}`}
      tabIndex={0}
      data-hint="timeline"
      onKeyDown={onKeyDown}
      onBlur={onBlur}
    >
      <div className="timeline-box" ref={box}>
        <canvas
          ref={canvas}
          className={edge ? 'edge' : undefined}
          aria-hidden="true"
          data-points={timeline?.values.length ?? 0}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerLeave={onLeave}
        />
      </div>
      <TurnoverMarks scale={scale} />
      <div className="timeline-head">
        {words === '' ? <TurnoverProposal /> : null}
        <span className="timeline-words">{words}</span>
        <Segments label="Time span" values={presets} labels={presetLabels} value={preset} onChoose={onPreset} />
      </div>
    </section>
  );
}
