import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { robustReference as reference, type Reference } from './robust-reference.js';

function robustReference(...given: Parameters<typeof reference>): Reference {
  const found = reference(...given);
  if (found === undefined) throw new Error('nothing is on both sides');
  return found;
}

const of = (values: readonly number[]): Float64Array => Float64Array.from(values);
const counts = fc.array(fc.integer({ min: 20, max: 5000 }), { minLength: 5, maxLength: 60 });

describe('the robust reference', () => {
  it('is its example', () => {
    expect(robustReference(of([10, 10, 10]), of([20, 20, 60])).factor).toBeCloseTo(2, 9);
  });

  it('is the load, whatever a minority of the weight did', () => {
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 1.9, noNaN: true }),
        (a, load, change) => {
          const b = a.map((value) => value * load);
          // The smallest third moves: gone, nearly twice as much, or anything between.
          const order = a.map((_, index) => index).sort((x, y) => (a[x] ?? 0) - (a[y] ?? 0));
          for (const index of order.slice(0, Math.floor(a.length / 3))) b[index] = (b[index] ?? 0) * change;
          expect(robustReference(of(a), of(b)).factor).toBeCloseTo(load, 6);
        },
      ),
    );
  });

  it('is turned by a swap of the sides', () => {
    fc.assert(
      fc.property(counts, fc.infiniteStream(fc.double({ min: 0.1, max: 10, noNaN: true })), (a, moves) => {
        const b = a.map((value) => value * (moves.next().value ?? 1));
        const there = robustReference(of(a), of(b)).factor;
        expect(robustReference(of(b), of(a)).factor * there).toBeCloseTo(1, 6);
      }),
    );
  });

  it('adds up what is small with its neighbours, and is not there when nothing is on both sides', () => {
    const few = Array.from({ length: 40 }, () => 1);
    const many = Array.from({ length: 40 }, () => 3);
    expect(robustReference(of(few), of(many), new Uint32Array(40)).factor).toBeCloseTo(3, 9);
    expect(reference(of([50, 0]), of([0, 50]))).toBeUndefined();
    expect(reference(of([]), of([]))).toBeUndefined();
  });

  it('adds nothing of a new caller to what both sides have', () => {
    // 0 calls 1 and, on the comparison's side, 2 as well; each calls fifty others with a few samples.
    const parent = Uint32Array.from([
      0,
      0,
      0,
      ...Array.from({ length: 50 }, () => 1),
      ...Array.from({ length: 50 }, () => 2),
    ]);
    const samples = (ofSecond: number): Float64Array =>
      of([0, 0, 0, ...Array.from({ length: 50 }, () => 4), ...Array.from({ length: 50 }, () => ofSecond)]);
    expect(robustReference(samples(0), samples(4), parent).factor).toBeCloseTo(1, 9);
    // Also where it is too little to be added up: 3 has six callees with 4 samples each, which is not told of 0.
    const few = Uint32Array.from([...parent, 0, ...Array.from({ length: 6 }, () => 103)]);
    const grown = (ofThird: number): Float64Array =>
      of([...samples(0), 0, ...Array.from({ length: 6 }, () => ofThird)]);
    expect(robustReference(grown(0), grown(4), few).factor).toBeCloseTo(1, 9);
  });

  it('errs less the more there is', () => {
    const little = robustReference(of([100, 100]), of([100, 100])).error;
    expect(robustReference(of([10_000, 10_000]), of([10_000, 10_000])).error).toBeCloseTo(little / 10, 9);
  });
});
