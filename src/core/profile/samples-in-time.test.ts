import { describe, expect, it } from 'vitest';
import { labelAmong, samplesInTime } from './samples-in-time.js';
import type { Labels } from './profile.js';

/** Labels 1 and 2 name threads, 3 and 4 are times; the sets {1}, {1, 3}, {1, 4}, {2}, {2, 3}, {3}. */
const labels: Labels = {
  key: Uint32Array.of(0, 1, 1, 2, 2),
  text: new Uint32Array(5),
  number: new BigInt64Array(5),
  unit: new Uint32Array(5),
  setPrefix: Uint32Array.of(0, 0, 1, 1, 0, 4, 0),
  setLabel: Uint32Array.of(0, 1, 3, 4, 2, 3, 3),
};
const thread = labelAmong(labels, Uint8Array.of(0, 1, 1, 0, 0));
const timeMs = Float64Array.of(NaN, NaN, 30, 10, NaN, 30, 30);

/** Rows of the sets, of one sample whose stack is node 9; each row holds its own number, from 1 on. */
function rowsOf(set: readonly number[], through?: Uint8Array): ReturnType<typeof samplesInTime> {
  const profile = {
    samples: { stack: Uint32Array.of(1), values: [Float64Array.of(100)] },
    labelled: {
      sample: new Uint32Array(set.length),
      set: Uint32Array.from(set),
      values: [Float64Array.from(set, (_, row) => row + 1)],
    },
  };
  return samplesInTime(profile, 0, Uint32Array.of(0, 9), { timeMs, thread, through });
}

describe('samples in time', () => {
  it('know the one of their labels that is asked for', () => {
    expect(thread).toEqual(Uint32Array.of(0, 1, 1, 1, 2, 2, 0));
  });

  it('rise by their time, whatever the order of the file; those without one are left out', () => {
    expect(rowsOf([2, 1, 3])).toEqual({
      node: Uint32Array.of(9, 9),
      timeMs: Float64Array.of(10, 30),
      value: Float64Array.of(3, 1),
      oneThread: true,
    });
  });

  it('of one moment stay in their order', () => {
    expect(rowsOf([3, 2, 5]).value).toEqual(Float64Array.of(1, 2, 3));
    expect(rowsOf([5, 2, 3]).value).toEqual(Float64Array.of(3, 1, 2));
  });

  it('are of one thread only where all say the same', () => {
    expect(rowsOf([2, 5]).oneThread).toBe(false);
    expect(rowsOf([2, 6]).oneThread).toBe(false);
    expect(rowsOf([6]).oneThread).toBe(false);
    expect(rowsOf([]).oneThread).toBe(false);
  });

  it('are those that are let through', () => {
    const only = Uint8Array.of(0, 1, 1, 1, 0, 0, 0);
    expect(rowsOf([2, 5, 3], only)).toMatchObject({ value: Float64Array.of(3, 1), oneThread: true });
  });
});
