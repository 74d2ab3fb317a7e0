import { describe, expect, it } from 'vitest';
import { frameColour, quietColour } from '../../core/flame/colours.js';
import { toHex, toImageDataWord } from '../../core/flame/oklch.js';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { diffPaletteOf, flamePalette } from './palette.js';

describe('flamePalette', () => {
  it('paints functions as they are coloured, and the root quietly', () => {
    const model = smallModel();
    const palette = flamePalette(model, 'dark');
    const index = model.functionOf(1);
    const colour = frameColour('dark', model.packages[index] ?? '', model.names[index] ?? '', 'unknown');
    expect(palette.fill(1)).toBe(toImageDataWord(colour.fill));
    expect(palette.fill(1)).toBe(palette.fill(1));
    expect(palette.text(1)).toBe(toHex(colour.text));
    expect(palette.fill(0)).toBe(toImageDataWord(quietColour('dark').fill));
  });

  it('knows functions whose names come after it was made', () => {
    const late = new FlameModel('v');
    late.begin(smallHeader);
    const palette = flamePalette(late, 'light');
    const whole = smallModel();
    late.appendNames({
      viewId: 'v',
      first: 0,
      names: whole.names,
      files: whole.files,
      packages: whole.packages,
      kinds: whole.kinds,
    });
    late.appendPiece(smallPiece);
    expect(palette.fill(2)).toBe(flamePalette(whole, 'light').fill(2));
  });
});

describe('diffPaletteOf', () => {
  it('puts a pattern on what is on one side only, of both palettes', () => {
    const model = new FlameModel('v');
    model.begin({ ...smallHeader, baselineTotal: 10, comparisonTotal: 10 });
    const baseline = Float64Array.of(10, 6, 4, 0);
    const comparison = Float64Array.of(10, 10, 0, 2);
    model.appendPiece({ ...smallPiece, baseline, comparison });
    for (const name of ['blue-red', 'violet-yellow'] as const) {
      const palette = diffPaletteOf(model, 'light', name);
      expect([0, 1, 2, 3].map((node) => palette.pattern?.(node)?.rising)).toEqual([undefined, undefined, false, true]);
      expect(palette.pattern?.(3)?.word).not.toBe(palette.fill(3));
    }
    expect(diffPaletteOf(model, 'light', 'blue-red').fill(3)).not.toBe(
      diffPaletteOf(model, 'light', 'violet-yellow').fill(3),
    );
  });
});
