import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatMapOf } from './heat-map.js';

const mapOf = (times: readonly number[], rows?: number): ReturnType<typeof heatMapOf> =>
  heatMapOf(Float64Array.from(times), new Float64Array(times.length).fill(1), rows);

describe('heatMapOf', () => {
  it('puts samples into the second and the part of it in which they were taken', () => {
    expect(mapOf([11_900, 10_100, 10_200], 2)).toEqual({
      startMs: 10_000,
      columnMs: 1000,
      columns: 2,
      rows: 2,
      counts: Uint32Array.of(2, 0, 0, 1),
    });
  });

  it('keeps what happens once a second in one row', () => {
    const { counts, columns, rows } = mapOf(
      Array.from({ length: 20 }, (_, second) => 1_772_625_600_740 + second * 1000),
    );
    expect(columns).toBe(20);
    for (let column = 0; column < columns; column++) {
      expect(Array.from(counts.subarray(column * rows, (column + 1) * rows)).indexOf(1)).toBe(37);
    }
  });

  it('leaves out samples without a time, and has no columns without any', () => {
    expect(mapOf([NaN, 5000]).counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(mapOf([NaN]).columns).toBe(0);
    expect(mapOf([]).columns).toBe(0);
  });

  it('counts rows that stand for several samples as often', () => {
    expect(heatMapOf(Float64Array.of(0, 400), Float64Array.of(3, 2), 2).counts).toEqual(Uint32Array.of(5, 0));
  });

  it('loses no sample and stays small, however long the recording was', () => {
    const time = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 9e12, noNaN: true }));
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 40 }), (times) => {
        const { counts, columns, rows, startMs, columnMs } = mapOf(times);
        expect(columns).toBeLessThanOrEqual(600);
        expect(counts).toHaveLength(columns * rows);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(times.length);
        expect(startMs).toBeLessThanOrEqual(Math.min(...times));
        expect(startMs + columns * columnMs).toBeGreaterThan(Math.max(...times));
      }),
    );
  });
});
