import { afterEach, describe, expect, it } from 'vitest';
import {
  formatInstant,
  formatMoment,
  formatNearMoment,
  formatRange,
  formatSpan,
  fromLocalField,
  setTimeZone,
  spansWords,
  toLocalField,
  zoneOffsetMs,
} from './times.js';

const at = (day: number, hour: number, minute: number, second = 0): number =>
  new Date(2026, 10, day, hour, minute, second).getTime();
const now = at(22, 15, 0);
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('times', () => {
  it('says the date only when it is not today', () => {
    expect(formatMoment(at(22, 14, 2), now)).toBe('14:02');
    expect(formatMoment(at(18, 14, 2), now)).toBe('18 Nov 14:02');
    expect(formatMoment(new Date(2025, 0, 3, 4, 5).getTime(), now)).toBe('3 Jan 2025 04:05');
  });

  it('says instants and spans to the millisecond', () => {
    expect(formatInstant(at(22, 14, 2, 3) + 40)).toBe('14:02:03.040');
    expect(formatInstant(at(22, 14, 2, 3) + 999.9996)).toBe('14:02:04.000');
    const span = (from: number, to: number): { fromMs: number; toMs: number } => ({
      fromMs: at(22, 14, 2, 3) + from,
      toMs: at(22, 14, 2, 3) + to,
    });
    expect(spansWords([span(0, 20)])).toBe('14:02:03.000 to 14:02:03.020');
    expect(spansWords([span(0, 20), span(1000, 1020)])).toBe('2 spans of 14:02:03.000 to 14:02:04.020');
  });

  it('says ranges with seconds when they are short', () => {
    expect(formatRange(at(22, 14, 2), at(22, 14, 17), now)).toBe('14:02 to 14:17');
    expect(formatRange(at(22, 14, 2, 15), at(22, 14, 3), now)).toBe('14:02:15 to 14:03:00');
    expect(formatRange(at(21, 23, 50), at(22, 0, 10), now)).toBe('21 Nov 23:50 to 00:10');
  });

  it.each([
    [45_000, '45 s'],
    [270_000, '4.5 min'],
    [600_000, '10 min'],
    [900_000, '15 min'],
    [3_600_000, '60 min'],
    [8_400_000, '2 h 20 min'],
    [259_200_000, '3 d'],
  ])('says the span %d as %s', (durationMs, text) => {
    expect(plain(formatSpan(durationMs))).toBe(text);
  });

  it('reads back what it writes into a field', () => {
    const time = at(22, 14, 2, 9);
    expect(fromLocalField(toLocalField(time))).toBe(time);
    expect(fromLocalField('')).toBeUndefined();
    expect(fromLocalField('yesterday')).toBeUndefined();
  });
});

describe('times in UTC', () => {
  afterEach(() => {
    setTimeZone('local');
  });
  const utc = (day: number, hour: number, minute: number): number => Date.UTC(2026, 10, day, hour, minute);

  it('are said by the clock and the calendar of UTC, wherever the computer is', () => {
    setTimeZone('utc');
    expect(formatMoment(utc(22, 14, 2), utc(22, 23, 59))).toBe('14:02');
    expect(formatMoment(utc(21, 23, 59), utc(22, 0, 1))).toBe('21 Nov 23:59');
    expect(formatRange(utc(22, 14, 2), utc(22, 14, 17), utc(22, 15, 0))).toBe('14:02 to 14:17');
    expect(formatNearMoment(utc(30, 1, 0), utc(29, 23, 0))).toBe('tomorrow 01:00');
    expect(formatNearMoment(utc(1, 1, 0), utc(2, 0, 0))).toBe('yesterday 01:00');
    expect(zoneOffsetMs(utc(22, 14, 2))).toBe(0);
  });

  it('are read as they are written', () => {
    setTimeZone('utc');
    expect(toLocalField(utc(22, 4, 2))).toBe('2026-11-22T04:02:00');
    expect(fromLocalField('2026-11-22T04:02:00')).toBe(utc(22, 4, 2));
    expect(fromLocalField('')).toBeUndefined();
  });
});
