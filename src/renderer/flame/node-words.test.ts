import { describe, expect, it } from 'vitest';
import { noCertainty } from '../testing/no-certainty.js';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { nodeNumbers, samplesOf } from './node-words.js';

const plain = (model: FlameModel, node: number): string[] =>
  nodeNumbers(model, node).map(({ label, value, share }) => `${label} ${value} ${share}`.replaceAll('\u00a0', ' '));

describe('nodeNumbers', () => {
  it('says total and self with their shares', () => {
    expect(plain(smallModel(), 1)).toEqual(['total 6 60.0 %', 'self 4 40.0 %']);
  });

  it('says the share of the caller, which the root has not', () => {
    const shares = (node: number): string[] => nodeNumbers(smallModel(), node).map(({ ofCaller }) => ofCaller);
    expect(shares(3)).toEqual(['33.3\u00a0%', '33.3\u00a0%']);
    expect(shares(0)).toEqual(['', '']);
  });

  it('says both sides of a diff and the change, also of what is new or gone', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 10, comparisonTotal: 10 });
    model.appendPiece({
      ...smallPiece,
      baseline: Float64Array.of(10, 8, 2, 0),
      comparison: Float64Array.of(10, 4, 6, 4),
      baselineSelf: Float64Array.of(0, 8, 2, 0),
      comparisonSelf: Float64Array.of(0, 0, 6, 4),
    });
    expect(plain(model, 1)).toEqual([
      ...['A 8 80.0 %', 'B 4 40.0 %', 'change −4 −50.0 %'],
      ...['self A 8 80.0 %', 'self B 0 0.0 %', 'self change −8 gone'],
    ]);
    expect(plain(model, 3)).toEqual([
      ...['A 0 0.0 %', 'B 4 40.0 %', 'change +4 new'],
      ...['self A 0 0.0 %', 'self B 4 40.0 %', 'self change +4 new'],
    ]);
    expect(plain(model, 0).at(-1)).toBe('self change 0 ');
    expect(nodeNumbers(model, 1)[2]?.tone).toBe('less');
    const ofCaller = (node: number): string[] => nodeNumbers(model, node).map((line) => line.ofCaller);
    expect(ofCaller(3)).toEqual(['0.0\u00a0%', '100.0\u00a0%', '', '0.0\u00a0%', '100.0\u00a0%', '']);
    expect(ofCaller(0)).toEqual(['', '', '', '', '', '']);
  });

  it('counts the samples of both sides of a diff as they were measured', () => {
    const model = new FlameModel('v');
    const scaling = { by: 'absolute', factor: 0.5, error: 0 } as const;
    const sides = { baselineTotal: 40, comparisonTotal: 10, scaling, samplePeriods: [2, 1] } as const;
    model.begin({ ...smallHeader, ...sides });
    const values = { baseline: Float64Array.of(20, 16, 4, 0), comparison: Float64Array.of(10, 4, 6, 4) };
    model.appendPiece({ ...smallPiece, ...values });
    expect(plain(model, 1).slice(-2)).toEqual(['samples A 16 ', 'samples B 4 ']);
  });

  it('says how certain a change is where windows were judged', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 10, comparisonTotal: 10 });
    model.appendPiece({
      ...smallPiece,
      baseline: Float64Array.of(10, 8, 2, 0),
      comparison: Float64Array.of(10, 4, 6, 4),
    });
    const judged = {
      ...noCertainty,
      nodes: Uint8Array.of(1, 2, 1, 0),
      nodeMargins: { node: Uint32Array.of(0, 1, 2), margin: Float64Array.of(3, 2, 5) },
    };
    model.judge(judged);
    expect([1, 2, 3].map((node) => plain(model, node)[3])).toEqual([
      '95 % −75.0 % to −25.0 % certain',
      '95 % −50.0 % to +450.0 % not certain',
      '95 %  too few samples to judge',
    ]);
    model.judge({ ...judged, abstained: 'few-windows' });
    expect(plain(model, 1).filter((said) => said.startsWith('95 %'))).toEqual([]);
  });

  it('takes what scaling leaves between equal sides for no change', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 1e9, comparisonTotal: 1e9 });
    const equal = Float64Array.of(1e9, 5e8, 5e8, 5e8);
    model.appendPiece({ ...smallPiece, baseline: equal.map((value) => value * (1 + 1e-14)), comparison: equal });
    expect(plain(model, 0)[2]).toBe('change 0 0.0 %');
    expect(nodeNumbers(model, 0)[2]?.tone).toBeUndefined();
  });
});

describe('samplesOf', () => {
  it('is the number of samples where each counts the same', () => {
    expect(samplesOf(480_000_000, 10_000_000)).toBe(48);
    expect(samplesOf(0, 10_000_000)).toBe(0);
    // 97 Hz is no whole number of nanoseconds, and py-spy rounds the sums.
    expect(samplesOf(Math.round((1000 * 1e9) / 97), Math.round(1e9 / 97))).toBe(1000);
  });

  it('is not told where it is not certain', () => {
    expect(samplesOf(480_000_000, 0)).toBeUndefined();
    expect(samplesOf(485_000_000, 10_000_000)).toBeUndefined();
  });
});
