import { describe, expect, it } from 'vitest';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { forcedPalette, type ForcedColours } from './forced-palette.js';
import { FlameModel } from './model.js';

const colours: ForcedColours = {
  bg: { css: 'canvas', word: 1 },
  text: { css: 'text', word: 2 },
  accent: { css: 'highlight', word: 3 },
  'on-accent': { css: 'highlight text', word: 4 },
  hatch: { css: 'grey', word: 5 },
};

describe('forcedPalette', () => {
  it('paints frames as text and their names as background', () => {
    const palette = forcedPalette(smallModel(), colours);
    expect([0, 1].map((node) => [palette.fill(node), palette.text(node)])).toEqual([
      [5, 'canvas'],
      [2, 'canvas'],
    ]);
  });

  it('tells more, less, new and gone apart', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 10, comparisonTotal: 10 });
    model.appendPiece({
      ...smallPiece,
      baseline: Float64Array.of(10, 4, 6, 0),
      comparison: Float64Array.of(10, 8, 0, 2),
    });
    const palette = forcedPalette(model, colours);
    expect([0, 1, 2, 3].map((node) => palette.fill(node))).toEqual([5, 3, 2, 3]);
    expect([0, 1, 2, 3].map((node) => palette.pattern?.(node)?.rising)).toEqual([undefined, undefined, false, true]);
    model.certainty = Uint8Array.of(1, 2, 1, 1);
    expect([0, 1, 2, 3].map((node) => palette.fill(node))).toEqual([5, 3, 5, 5]);
    expect([0, 1, 2, 3].map((node) => palette.mark?.(node))).toEqual([0, 1, 0, 0]);
  });
});
