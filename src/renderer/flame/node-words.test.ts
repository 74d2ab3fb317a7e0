import { describe, expect, it } from 'vitest';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { nodeNumbers } from './node-words.js';

const plain = (model: FlameModel, node: number): string[] =>
  nodeNumbers(model, node).map(({ label, value, share }) => `${label} ${value} ${share}`.replaceAll('\u00a0', ' '));

describe('nodeNumbers', () => {
  it('says total and self with their shares', () => {
    expect(plain(smallModel(), 1)).toEqual(['total 6 60.0 %', 'self 4 40.0 %']);
  });

  it('says both sides of a diff and the change, also of what is new or gone', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 10, comparisonTotal: 10 });
    model.appendPiece({
      ...smallPiece,
      baseline: Float64Array.of(10, 8, 2, 0),
      comparison: Float64Array.of(10, 4, 6, 4),
    });
    expect(plain(model, 1)).toEqual(['A 8 80.0 %', 'B 4 40.0 %', 'change −4 −50.0 %']);
    expect(plain(model, 3)).toEqual(['A 0 0.0 %', 'B 4 40.0 %', 'change +4 new']);
    expect(nodeNumbers(model, 1)[2]?.tone).toBe('less');
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
