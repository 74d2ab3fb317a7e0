import { expect, it } from 'vitest';
import { WatchSeries, type WatchWindow } from './series.js';

function window(number: number): WatchWindow {
  return { startMs: number * 1000, endMs: number * 1000 + 1000, count: (number * 7) % 5, exposure: 10 + (number % 3) };
}

it('keeps the last windows under their numbers, with the sums of any range', () => {
  const series = new WatchSeries(100);
  for (let number = 0; number < 1000; number++) {
    series.add(window(number));
    expect(series.end).toBe(number + 1);
  }
  expect(series.end - series.first).toBeGreaterThanOrEqual(100);
  expect(series.at(series.first - 1)).toBeUndefined();
  const [from, to] = [series.end - 60, series.end - 10];
  const range = Array.from({ length: to - from }, (_, index) => window(from + index));
  const sum = (of: (each: WatchWindow) => number): number => range.reduce((total, each) => total + of(each), 0);
  const rate = sum(({ count }) => count) / sum(({ exposure }) => exposure);
  const sums = series.sums(from, to);
  expect(sums).toMatchObject({
    windows: 50,
    count: sum(({ count }) => count),
    exposure: sum(({ exposure }) => exposure),
  });
  expect(sums.residual).toBeCloseTo(
    sum(({ count, exposure }) => (count - rate * exposure) ** 2),
    6,
  );
});
