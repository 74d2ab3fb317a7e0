import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactElement,
} from 'react';
import { useApp, useControls, useWorkbench } from '../../app/workbench.js';
import { readTokens } from '../../flame/theme-colours.js';
import { formatRange } from '../../format/times.js';
import { useCell } from '../../state/cell.js';
import { chooseComparison, choosePreset, chooseRange, currentExtent } from '../../state/selection-control.js';
import { changeSettings } from '../../state/settings-control.js';
import { presetLabels, presets, stepFor, type TimeRange } from '../../state/time-range.js';
import { Segments } from '../../ui/fields.js';
import { useFigures, type FigurePlace } from '../guidance/find-figures.js';
import { courseAt, shownCourses } from './courses.js';
import { beginDrag, dragTo, nudgeRange, overEdge, type Drag } from './drag.js';
import { drawTimeline, valueAt, type TimelineColours } from './draw-timeline.js';
import { followWheel } from './follow-wheel.js';
import { timeAt, xOf, type TimeScale } from './scale.js';
import { timeKey } from './time-keys.js';
import { TurnoverMarks, TurnoverProposal } from './turnover-marks.js';
import { figuresOfTime, timeOfKeys } from './timeline-figures.js';
import { pointWords } from './timeline-words.js';
import { useBoxSize } from './use-box-size.js';
import { useShownTime } from './use-shown-time.js';

const paddingPx = 12;
const tokenNames = [
  'bg',
  'line',
  'accent',
  'accent-wash',
  'curve-wash',
  'band-1',
  'band-2',
  'mute',
  'text-2',
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
    courses: {
      bands: [tokens['band-1'].css, tokens['band-2'].css],
      line: tokens.mute.css,
      label: tokens['text-2'].css,
      hovered: tokens.accent.css,
      hoveredWash: tokens['accent-wash'].css,
    },
    hatch: tokens.hatch.css,
    range: tokens.accent.css,
    rangeWash: tokens['accent-wash'].css,
    sideA: tokens['side-a'].css,
    sideAWash: tokens['side-a-wash'].css,
    sideB: tokens['side-b'].css,
    sideBWash: tokens['side-b-wash'].css,
  };
}

const shapes = ['stacked', 'lines'] as const;
const shapeLabels = { stacked: 'Stacked', lines: 'Lines' } as const;

/**
 * CPU use by time, of all services by service. A drag chooses the range, with Shift the second one, and arrow keys move it; the middle
 * button, the wheel, and W, A, S and D move what is shown.
 */
export function TimelineView(): ReactElement {
  const controls = useControls();
  const { scrub } = useWorkbench();
  const data = useCell(controls.timeline);
  const preset = useApp((state) => (state.spanMs === null ? state.preset : undefined));
  const shape = useApp((state) => state.settings.timelineShape);
  const range = useApp((state) => state.range);
  const comparison = useApp((state) => state.comparison);
  useApp((state) => state.shownTheme); // drawn anew in other colours
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const size = useBoxSize(box);
  const [pointer, setPointer] = useState<{ readonly x: number; readonly y: number } | null>(null);
  const [preview, setPreview] = useState<{ side: Drag['side']; range: TimeRange } | null>(null);
  const [edge, setEdge] = useState(false);
  // Chromium takes the Shift of a Shift-drag for work with the keyboard and would show its focus ring.
  const [byPointer, setByPointer] = useState(false);
  const section = useRef<HTMLElement>(null);
  const drag = useRef<Drag | null>(null);
  /** Where the middle button holds the time. */
  const held = useRef<number | null>(null);

  const { extent, zoom, pan, forget } = useShownTime();
  const courses = useMemo(() => shownCourses(data?.courses ?? null, shape), [data, shape]);
  const stepMs = stepFor(extent);
  const scale = useMemo<TimeScale>(
    () => ({ extent, left: paddingPx, right: Math.max(paddingPx + 1, size.widthPx - paddingPx) }),
    [extent, size.widthPx],
  );
  const shownRange = preview?.side === 'range' ? preview.range : range;
  const shownComparison = preview?.side === 'comparison' ? preview.range : comparison;
  const scene = {
    ...size,
    ratio: devicePixelRatio,
    scale,
    timeline: data?.timeline ?? null,
    courses,
    range: shownRange,
    comparison: shownComparison,
    pointerX: pointer?.x ?? null,
  };
  const hovered =
    courses === null || pointer === null || preview !== null
      ? -1
      : courseAt(courses, timeAt(scale, pointer.x), valueAt(scene, pointer.y));

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (element === null || context === null || context === undefined || size.widthPx === 0) return;
    element.width = Math.round(size.widthPx * devicePixelRatio);
    element.height = Math.round(size.heightPx * devicePixelRatio);
    drawTimeline(context, { ...scene, hovered }, readColours());
  });
  useEffect(() => {
    const element = canvas.current;
    return element === null ? undefined : followWheel(element, scale, zoom, pan);
  }, [scale, zoom, pan]);

  const onBlur = useCallback(() => {
    setByPointer(false);
  }, []);
  const onDown = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      if (event.button > 1) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setByPointer(true);
      if (event.button === 1) {
        held.current = event.nativeEvent.offsetX;
        return;
      }
      drag.current = beginDrag(scale, event.nativeEvent.offsetX, event.shiftKey, range, comparison);
    },
    [scale, range, comparison],
  );
  const onMove = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      const x = Math.max(scale.left, Math.min(scale.right, event.nativeEvent.offsetX));
      setPointer({ x, y: event.nativeEvent.offsetY });
      if (held.current !== null) {
        pan(timeAt(scale, held.current) - timeAt(scale, event.nativeEvent.offsetX));
        held.current = event.nativeEvent.offsetX;
        return;
      }
      setEdge(overEdge(scale, x, [range, comparison]));
      if (drag.current === null) return;
      const dragged = dragTo(drag.current, scale, x, stepMs);
      setPreview(dragged === null ? null : { side: drag.current.side, range: dragged });
      if (dragged !== null && drag.current.side === 'range' && comparison === null) scrub.follow(dragged);
    },
    [scale, stepMs, range, comparison, scrub, pan],
  );
  const onUp = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      held.current = null;
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
      scrub.end();
    },
    [controls, scale, stepMs, scrub],
  );
  const onEnter = useCallback(() => {
    scrub.prepare();
  }, [scrub]);
  const onLeave = useCallback(() => {
    setPointer(null);
  }, []);
  const onMouseDown = useCallback((event: MouseEvent) => {
    // The middle button would begin to scroll by itself on some systems.
    if (event.button === 1) event.preventDefault();
  }, []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      const state = controls.store.getState();
      if (event.key === 'Escape' && state.range !== null) {
        event.stopPropagation();
        chooseRange(controls, null);
        return;
      }
      const move =
        state.settings.singleKeys && !event.ctrlKey && !event.metaKey && !event.altKey ? timeKey(event.key) : undefined;
      if (move !== undefined) {
        event.preventDefault();
        const middle = state.range ?? shownExtent(extent, state.live);
        const around = pointer === null ? (middle.startMs + middle.endMs) / 2 : timeAt(scale, pointer.x);
        if (move.kind === 'zoom') zoom(move.factor, around);
        else pan(move.share * (extent.endMs - extent.startMs));
        return;
      }
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      event.preventDefault();
      setByPointer(false);
      const whole = currentExtent(state);
      // Without a range the keys begin with the last quarter: where one looks first.
      const before = state.range ?? { startMs: whole.endMs - (whole.endMs - whole.startMs) / 4, endMs: whole.endMs };
      const next = nudgeRange(before, event.key === 'ArrowLeft' ? -1 : 1, event.shiftKey, whole, stepMs);
      chooseRange(controls, next, event.repeat);
    },
    [controls, stepMs, extent, scale, pointer, zoom, pan],
  );
  const onShape = useCallback(
    (timelineShape: (typeof shapes)[number]) => {
      changeSettings(controls, { timelineShape });
    },
    [controls],
  );
  const onPreset = useCallback(
    (next: (typeof presets)[number]) => {
      forget();
      choosePreset(controls, next);
    },
    [controls, forget],
  );

  const figuresAt = useCallback(
    ({ target, point }: FigurePlace) => {
      const bounds = canvas.current?.getBoundingClientRect();
      const shown = data?.timeline;
      if (shown === undefined || bounds === undefined) return null;
      const state = controls.store.getState();
      if (point !== undefined) {
        if (target !== canvas.current) return null;
        const timeMs = timeAt(scale, point.xPx - bounds.left);
        const height = valueAt({ timeline: shown, courses, heightPx: size.heightPx }, point.yPx - bounds.top);
        const course = courses === null ? -1 : courseAt(courses, timeMs, height);
        return figuresOfTime(state, shown, courses, timeMs, course < 0 ? [] : [course], course);
      }
      const timeMs = timeOfKeys(state, shown);
      if (timeMs === undefined) return null;
      const all = Array.from(courses?.courses.keys() ?? []);
      const set = figuresOfTime(state, shown, courses, timeMs, all, -1);
      return set && { ...set, at: { xPx: bounds.left + xOf(scale, timeMs), yPx: bounds.bottom } };
    },
    [controls, data, courses, scale, size.heightPx],
  );
  useFigures(section, figuresAt);

  const timeline = data?.timeline ?? null;
  const words =
    pointer === null ? '' : pointWords(timeline, timeAt(scale, pointer.x), extent.endMs, courses?.courses[hovered]);
  return (
    <section
      ref={section}
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
          data-services={courses?.courses.length ?? 0}
          onMouseDown={onMouseDown}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerEnter={onEnter}
          onPointerLeave={onLeave}
        />
      </div>
      <TurnoverMarks scale={scale} />
      <div className="timeline-head">
        {words === '' ? <TurnoverProposal /> : null}
        <span className="timeline-words">{words}</span>
        {courses === null ? null : (
          <Segments label="Services as" values={shapes} labels={shapeLabels} value={shape} onChoose={onShape} />
        )}
        <Segments label="Time span" values={presets} labels={presetLabels} value={preset} onChoose={onPreset} />
      </div>
    </section>
  );
}

/** Around what W and S zoom without a range and a pointer: following the newest around that, else around the middle. */
function shownExtent({ startMs, endMs }: TimeRange, live: boolean): TimeRange {
  return live ? { startMs: endMs, endMs } : { startMs, endMs };
}
