import { describe, expect, it } from 'vitest';
import { frameColour, quietColour } from '../../core/flame/colours.js';
import { toHex, toImageDataWord } from '../../core/flame/oklch.js';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import { FlameModel } from './model.js';
import { diffPaletteOf, flamePalette, groupOf } from './palette.js';

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
      libraries: [],
      library: new Uint32Array(4),
      lines: new Uint32Array(8),
    });
    late.appendPiece(smallPiece);
    expect(palette.fill(2)).toBe(flamePalette(whole, 'light').fill(2));
  });
});

describe('what frames are coloured by', () => {
  it('is the library of a frame, also where its source file is known', () => {
    const model = new FlameModel('v');
    model.begin(smallHeader);
    model.appendNames({
      viewId: 'v',
      first: 0,
      names: ['all', 'deflate', 'main', 'handle'],
      files: ['', '/src/zlib/deflate.c', '/src/main.c', '/app/web.py'],
      packages: ['', '', '', ''],
      kinds: new Uint8Array(4),
      libraries: [{ path: '/usr/lib/libz.so.1', buildId: 'ab' }],
      library: Uint32Array.of(0, 1, 0, 0),
      lines: new Uint32Array(8),
    });
    model.appendPiece(smallPiece);
    expect([1, 2].map((index) => groupOf(model, index, 'library'))).toEqual(['/usr/lib/libz.so.1', '']);
    expect(groupOf(model, 1, 'file')).toBe('/src/zlib/deflate.c');
    const paletteOf = (colourBy: 'file' | 'library') => flamePalette(model, 'dark', { colourBy, framePalette: 'hues' });
    const node = [1, 2, 3].find((each) => model.functionOf(each) === 1) ?? 0;
    const colour = frameColour('dark', '/usr/lib/libz.so.1', 'deflate', 'unknown');
    expect(paletteOf('library').fill(node)).toBe(toImageDataWord(colour.fill));
    expect(paletteOf('file').fill(node)).not.toBe(paletteOf('library').fill(node));
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
