import { afterAll, describe, expect, it } from 'vitest';
import { setTimeZone } from '../format/times.js';
import { frameTimeWords, timeTicks } from './time-ticks.js';

setTimeZone('utc');
afterAll(() => {
  setTimeZone('local'); // other files share the process
});
const axis = { startMs: Date.parse('2026-03-04T12:00:00.300Z'), perMs: 1e6 };

describe('times along a graph', () => {
  it('are round ones, as far apart as their words need', () => {
    expect(timeTicks(axis, { from: 0, to: 4e9, topPx: 0 }, 424)).toEqual([
      { leftPx: 70, text: '12:00:01' },
      { leftPx: 170, text: '12:00:02' },
      { leftPx: 270, text: '12:00:03' },
      { leftPx: 370, text: '12:00:04' },
    ]);
    expect(timeTicks(axis, { from: 0, to: 20e6, topPx: 0 }, 424)).toEqual([
      { leftPx: 0, text: '12:00:00.300' },
      { leftPx: 100, text: '12:00:00.305' },
      { leftPx: 200, text: '12:00:00.310' },
      { leftPx: 300, text: '12:00:00.315' },
    ]);
  });

  it('are none where there is no time, and few of many days', () => {
    expect(timeTicks({ ...axis, perMs: 0 }, { from: 0, to: 10, topPx: 0 }, 424)).toEqual([]);
    expect(timeTicks(axis, { from: 0, to: 10, topPx: 0 }, 10)).toEqual([]);
    expect(timeTicks(axis, { from: 0, to: 30 * 86_400e9, topPx: 0 }, 1024).length).toBeLessThan(12);
  });

  it('say when a frame was', () => {
    expect(frameTimeWords(axis, 0, 250e6)).toBe('12:00:00.300 to 12:00:00.550');
    expect(frameTimeWords({ ...axis, perMs: 0 }, 0, 1)).toBe('');
  });
});
