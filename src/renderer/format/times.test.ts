import { describe, expect, it } from 'vitest';
import { formatMoment, formatRange, formatSpan, fromLocalField, toLocalField } from './times.js';

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
