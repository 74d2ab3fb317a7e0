import { describe, expect, it } from 'vitest';
import type { Courses } from '../../../contract/links.js';
import { courseAt, shownCourses } from './courses.js';
import { beginDrag, dragTo, nudgeRange } from './drag.js';
import { ceilingWords, drawTimeline, type TimelineColours, type TimelineContext } from './draw-timeline.js';
import { gapsOf, niceCeiling, timeAt, timeTicks, xOf, type TimeScale } from './scale.js';
import { leastSpanMs, panTime, zoomTime } from '../../state/time-range.js';
import { timeKey } from './time-keys.js';
import { pointWords } from './timeline-words.js';

const minute = 60_000;
const extent = { startMs: 0, endMs: 10 * minute };
const scale: TimeScale = { extent, left: 0, right: 600 };

describe('scale', () => {
  it('goes to pixels and back', () => {
    expect(xOf(scale, 5 * minute)).toBe(300);
    expect(timeAt(scale, 300)).toBe(5 * minute);
  });

  it('puts few round ticks', () => {
    expect(timeTicks(extent, 6)).toEqual([0, 2, 4, 6, 8, 10].map((each) => each * minute));
    for (const hours of [0.1, 1, 7, 40, 400, 5000]) {
      const ticks = timeTicks({ startMs: 0, endMs: hours * 60 * minute }, 8);
      expect(ticks.length).toBeGreaterThan(0);
    }
  });

  it.each([
    [0, 1],
    [0.3, 0.5],
    [1.2, 2],
    [5, 5],
    [7, 10],
    [120, 200],
  ])('has a ceiling above %d: %d', (value, ceiling) => {
    expect(niceCeiling(value)).toBeCloseTo(ceiling);
  });

  it('finds gaps between data only', () => {
    const { NaN: none } = Number;
    const values = Float64Array.of(none, 1, 1, none, none, 2, none);
    expect(gapsOf(values, 1000, 10)).toEqual([{ startMs: 1030, endMs: 1050 }]);
    expect(gapsOf(Float64Array.of(none, none), 0, 10)).toEqual([]);
  });
});

describe('drag', () => {
  const step = 15_000;
  it('draws a range in whole buckets, either way', () => {
    const drag = beginDrag(scale, 100, false, null, null);
    expect(drag.side).toBe('range');
    expect(dragTo(drag, scale, 102, step)).toBeNull();
    expect(dragTo(drag, scale, 200, step)).toEqual({ startMs: 105_000, endMs: 195_000 });
    expect(dragTo(drag, scale, 50, step)).toEqual({ startMs: 45_000, endMs: 105_000 });
    expect(dragTo(drag, scale, 5000, step)).toEqual({ startMs: 105_000, endMs: 600_000 });
  });

  it('draws B with Shift, also at an edge of A', () => {
    const range = { startMs: 2 * minute, endMs: 4 * minute };
    expect(beginDrag(scale, 120, true, range, null)).toMatchObject({ side: 'comparison', edge: false });
  });

  it('moves an edge that is taken', () => {
    const range = { startMs: 2 * minute, endMs: 4 * minute };
    const drag = beginDrag(scale, 239, false, range, null);
    expect(drag).toMatchObject({ side: 'range', anchorMs: 2 * minute, edge: true });
    expect(dragTo(drag, scale, 300, step)).toEqual({ startMs: 2 * minute, endMs: 5 * minute });
  });

  it('moves and resizes by keys, inside the timeline', () => {
    const range = { startMs: 0, endMs: 2 * minute };
    expect(nudgeRange(range, -1, false, extent, step)).toEqual(range);
    expect(nudgeRange(range, 1, false, extent, step)).toEqual({ startMs: step, endMs: 2 * minute + step });
    expect(nudgeRange(range, 1, true, extent, step)).toEqual({ startMs: 0, endMs: 2 * minute + step });
    expect(nudgeRange({ startMs: 0, endMs: step }, -1, true, extent, step)).toEqual({ startMs: 0, endMs: step });
  });
});

describe('words', () => {
  it('says what is below the pointer', () => {
    const timeline = { startMs: 0, stepMs: minute, values: Float64Array.of(1.416, Number.NaN), unit: 'cores' };
    expect(pointWords(timeline, 1000, 0)).toMatch(/:00:01, 1\.42 cores$/);
    expect(pointWords(timeline, minute + 1000, 0)).toMatch(/no data$/);
    expect(ceilingWords(2, 'cores')).toBe('2 cores');
    expect(ceilingWords(1, 'cores')).toBe('1 core');
    expect(ceilingWords(0.05, 'cores')).toBe('0.05 cores');
    expect(ceilingWords(1, 'active threads')).toBe('1 active thread');
    expect(ceilingWords(5e8, 'bytes/s')).toMatch(/^500\sMB\/s$/);
    expect(pointWords({ ...timeline, unit: 'active threads' }, 1000, 0)).toMatch(/, 1\.42 active threads$/);
  });
});

/** A context that keeps its calls. */
function recorded(): { readonly calls: string[]; readonly context: TimelineContext } {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (...rest: unknown[]): void => {
      calls.push(rest.length > 0 ? `${name} ${rest.join(' ')}` : name);
    };
  return {
    calls,
    context: {
      setTransform: note('setTransform'),
      fillRect: note('fillRect'),
      fillText: note('fillText'),
      beginPath: note('beginPath'),
      moveTo: note('moveTo'),
      lineTo: note('lineTo'),
      closePath: note('closePath'),
      stroke: note('stroke'),
      fill: note('fill'),
      save: note('save'),
      restore: note('restore'),
      rect: note('rect'),
      clip: note('clip'),
      font: '',
      textAlign: 'left',
      textBaseline: 'top',
      fillStyle: '',
      strokeStyle: '',
      lineWidth: 0,
      lineJoin: 'round',
    },
  };
}

const colours: TimelineColours = {
  background: '',
  grid: '',
  curve: '',
  wash: '',
  label: '',
  courses: { bands: ['', ''], line: '', label: '', hovered: '', hoveredWash: '' },
  hatch: '',
  range: '',
  rangeWash: '',
  sideA: '',
  sideAWash: '',
  sideB: '',
  sideBWash: '',
};

describe('drawTimeline', () => {
  it('draws each run of data as one curve, and both sides of a comparison', () => {
    const { calls, context } = recorded();
    const values = new Float64Array(10).fill(1);
    values.fill(Number.NaN, 4, 6);
    drawTimeline(
      context,
      {
        widthPx: 600,
        heightPx: 120,
        ratio: 2,
        scale,
        timeline: { startMs: 0, stepMs: minute, values, unit: 'cores' },
        range: { startMs: 0, endMs: minute },
        comparison: { startMs: 2 * minute, endMs: 3 * minute },
        courses: null,
        hovered: -1,
        pointerX: null,
      },
      colours,
    );
    expect(calls[0]).toBe('setTransform 2 0 0 2 0 0');
    // A gap's hatch and two runs of data.
    expect(calls.filter((each) => each === 'stroke')).toHaveLength(3);
    expect(calls.filter((each) => each === 'fill')).toHaveLength(2);
    expect(calls).toContain('rect 240 34 120 66');
    expect(calls).toContain('fillText A 4 43.5');
    expect(calls).toContain('fillText B 124 43.5');
    expect(calls).toContain('fillText 1 core 2 29');
  });
});

/** Two services, the larger one with a hole at the end. */
const byService: Courses = {
  startMs: 0,
  stepMs: minute,
  unit: 'cores',
  services: [
    { name: 'web', values: Float64Array.of(1, 1, 2, Number.NaN) },
    { name: 'celery', values: Float64Array.of(0.5, 1, 0.5, 0.5) },
  ],
  otherCount: 3,
  others: Float64Array.of(0.1, 0.1, 0.1, 0.1),
};

describe('services', () => {
  it('stand one on the other, or each for itself', () => {
    const stacked = shownCourses(byService, 'stacked');
    expect(stacked?.courses.map(({ name, top }) => `${name} ${top[2] ?? ''}`)).toEqual([
      'web 2',
      'celery 2.5',
      '3 more services 2.6',
    ]);
    expect(stacked?.highest).toBeCloseTo(2.6);
    expect(shownCourses(byService, 'lines')?.highest).toBe(2);
    expect(shownCourses({ ...byService, services: byService.services.slice(0, 1) }, 'stacked')).toBeNull();
  });

  it('are found below the pointer', () => {
    const stacked = shownCourses(byService, 'stacked');
    const lines = shownCourses(byService, 'lines');
    if (stacked === null || lines === null) throw new Error('two services are several');
    const at = (value: number): number => courseAt(stacked, 30_000, value);
    expect([at(0.5), at(1.2), at(1.55), at(3)]).toEqual([0, 1, 2, -1]);
    expect([courseAt(lines, 30_000, 0.95), courseAt(lines, 30_000, 0.45), courseAt(lines, 30_000, 0.75)]).toEqual([
      0, 1, -1,
    ]);
    // Before and behind the data.
    expect(courseAt(stacked, -1, 0.5)).toBe(-1);
    expect(courseAt(stacked, 9 * minute, 0.5)).toBe(-1);
  });

  it('are drawn as bands with their names, below the curve of all', () => {
    const { calls, context } = recorded();
    const values = Float64Array.of(1.6, 2.1, 2.6, 0.6);
    drawTimeline(
      context,
      {
        widthPx: 600,
        heightPx: 120,
        ratio: 1,
        scale,
        timeline: { startMs: 0, stepMs: minute, values, unit: 'cores' },
        courses: shownCourses(byService, 'stacked'),
        hovered: 1,
        range: null,
        comparison: null,
        pointerX: null,
      },
      colours,
    );
    // Three bands; the edge of the one below the pointer, and the curve.
    expect(calls.filter((each) => each === 'fill')).toHaveLength(3);
    expect(calls.filter((each) => each === 'stroke')).toHaveLength(2);
    expect(calls.some((each) => each.startsWith('fillText web '))).toBe(true);
    expect(calls.some((each) => each.startsWith('fillText 3 more services '))).toBe(false);
  });

  it('are named with what they have of it', () => {
    const timeline = { startMs: 0, stepMs: minute, values: Float64Array.of(1.6), unit: 'cores' };
    expect(pointWords(timeline, 1000, 0, byService.services[0])).toMatch(/, 1\.60 cores, of them web 1\.00 core$/);
  });
});

describe('the time that is shown', () => {
  const hour = 60 * minute;
  const now = 100 * hour;
  it('is zoomed around a moment, which stays where it is', () => {
    const zoomed = zoomTime({ startMs: 10 * hour, endMs: 20 * hour }, 0.5, 12 * hour, now);
    expect(zoomed).toEqual({ startMs: 11 * hour, endMs: 16 * hour });
    expect(zoomTime({ startMs: 90 * hour, endMs: now }, 0.5, now, now)).toEqual({ startMs: 95 * hour, endMs: now });
  });

  it('ends now at the latest, and is never too short', () => {
    expect(panTime({ startMs: 98 * hour, endMs: 99 * hour }, 5 * hour, now)).toEqual({
      startMs: 99 * hour,
      endMs: now,
    });
    expect(panTime({ startMs: 98 * hour, endMs: 99 * hour }, -hour, now)).toEqual({
      startMs: 97 * hour,
      endMs: 98 * hour,
    });
    const close = zoomTime({ startMs: 10 * hour, endMs: 11 * hour }, 1e-6, 10.5 * hour, now);
    expect(close.endMs - close.startMs).toBe(leastSpanMs);
  });

  it('is moved by W, A, S and D', () => {
    expect(['w', 'S', 'a', 'd', 'x'].map(timeKey)).toMatchObject([
      { kind: 'zoom' },
      { kind: 'zoom' },
      { kind: 'pan', share: -0.25 },
      { kind: 'pan', share: 0.25 },
      undefined,
    ]);
  });
});
