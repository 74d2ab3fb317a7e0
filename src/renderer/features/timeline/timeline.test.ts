import { describe, expect, it } from 'vitest';
import { beginDrag, dragTo, nudgeRange } from './drag.js';
import { ceilingWords, drawTimeline, type TimelineContext } from './draw-timeline.js';
import { gapsOf, niceCeiling, timeAt, timeTicks, xOf, type TimeScale } from './scale.js';
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
  });
});

describe('drawTimeline', () => {
  it('draws each run of data as one curve, and both sides of a comparison', () => {
    const calls: string[] = [];
    const note =
      (name: string) =>
      (...rest: unknown[]): void => {
        calls.push(rest.length > 0 ? `${name} ${rest.join(' ')}` : name);
      };
    const context: TimelineContext = {
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
    };
    const colours = {
      background: '',
      grid: '',
      curve: '',
      wash: '',
      label: '',
      hatch: '',
      range: '',
      rangeWash: '',
      sideA: '',
      sideAWash: '',
      sideB: '',
      sideBWash: '',
    };
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
