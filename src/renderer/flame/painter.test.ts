import { describe, expect, it } from 'vitest';
import { smallModel } from '../testing/small-model.js';
import { fitText, paintFlame, type FlameContext, type Surface } from './painter.js';
import type { Palette } from './palette.js';
import { rasterFlame, type Highlight, type Label, type RasterLayout } from './raster.js';

const background = 0xff000000;
const fills = [0xff111111, 0xffaaaaaa, 0xffbbbbbb, 0xffcccccc];
const palette = { fill: (node: number) => fills[node] ?? 0, text: () => '#123' };

const layout: RasterLayout = {
  width: 20,
  height: 9,
  left: 0,
  right: 20,
  top: 0,
  up: false,
  frameHeight: 2,
  pitch: 3,
  gap: 1,
  labelWidth: 6,
};

/** One letter a pixel: "." background, "r", "a", "b", "c" the nodes, "#" the bar of a match. */
function picture(pixels: Uint32Array, width: number): string[] {
  const letters = new Map([
    [background, '.'],
    [fills[0], 'r'],
    [fills[1], 'a'],
    [fills[2], 'b'],
    [fills[3], 'c'],
    [0xffffffff, '#'],
  ]);
  const lines: string[] = [];
  for (let at = 0; at < pixels.length; at += width) {
    lines.push(Array.from(pixels.subarray(at, at + width), (word) => letters.get(word) ?? '?').join(''));
  }
  return lines;
}

/** Draws over what was there before, as each frame of a motion does. */
function raster(
  pixels: Uint32Array,
  place: RasterLayout,
  view: { readonly from: number; readonly to: number },
  colours: Palette = palette,
  highlight: Highlight | null = null,
): Label[] {
  pixels.fill(0xffffff00);
  const labels: Label[] = [];
  rasterFlame(pixels, place, smallModel().graph, view, colours, background, highlight, (some) => {
    labels.push(...some);
  });
  return labels;
}

describe('rasterFlame', () => {
  it('draws rising lines over what is new and falling ones over what is gone', () => {
    const pixels = new Uint32Array(20 * 9);
    const high = { ...layout, frameHeight: 3, pitch: 3, gap: 1 };
    const patterned = {
      ...palette,
      pattern: (node: number) => (node === 1 || node === 2 ? { word: 0xffffffff, rising: node === 1 } : undefined),
    };
    raster(pixels, high, { from: 0, to: 10 }, patterned);
    expect(picture(pixels, 20).slice(3, 6)).toEqual([
      '#aaaaa#aaaa.#bbbbb#b',
      'aaaaa#aaaaa.b#bbbbb#',
      'aaaa#aaaaa#.bb#bbbbb',
    ]);
  });

  it('draws boxes with gaps, level by level', () => {
    const pixels = new Uint32Array(20 * 9);
    const labels = raster(pixels, layout, { from: 0, to: 10 });
    expect(picture(pixels, 20)).toEqual([
      'rrrrrrrrrrrrrrrrrrrr',
      'rrrrrrrrrrrrrrrrrrrr',
      '....................',
      'aaaaaaaaaaa.bbbbbbbb',
      'aaaaaaaaaaa.bbbbbbbb',
      '....................',
      'ccc.................',
      'ccc.................',
      '....................',
    ]);
    expect(labels.map(({ node, x, width }) => [node, x, width])).toEqual([
      [0, 0, 20],
      [1, 0, 11],
      [2, 12, 8],
    ]);
  });

  it('draws a zoom: callers reach over the edges, what is outside is left out', () => {
    const pixels = new Uint32Array(20 * 9);
    raster(pixels, layout, { from: 0, to: 6 });
    expect(picture(pixels, 20)[3]).toBe('aaaaaaaaaaaaaaaaaaaa');
    expect(picture(pixels, 20)[6]).toBe('cccccc..............');
  });

  it('scrolls by whole pixels', () => {
    const pixels = new Uint32Array(20 * 9);
    raster(pixels, { ...layout, top: -4 }, { from: 0, to: 10 });
    expect(picture(pixels, 20).slice(0, 3)).toEqual([
      'aaaaaaaaaaa.bbbbbbbb',
      '....................',
      'ccc.................',
    ]);
  });

  it.each([
    ['down, at the top', false, 0],
    ['down, scrolled into a gap', false, -2],
    ['down, begun below the edge', false, 4],
    ['down, scrolled beyond the last level', false, -40],
    ['up, from the bottom', true, 7],
    ['up, scrolled', true, 9],
    ['up, with room above', true, 14],
    ['up, scrolled beyond the last level', true, 60],
  ])('leaves nothing of the frame before: %s', (_, up, top) => {
    const pixels = new Uint32Array(20 * 16);
    raster(pixels, { ...layout, height: 16, up, top }, { from: 0, to: 10 });
    expect(picture(pixels, 20).join('')).not.toContain('?');
  });

  it('marks matches with a bar', () => {
    const pixels = new Uint32Array(20 * 9);
    const highlight = { matches: Uint8Array.of(0, 0, 1, 0), bar: 0xffffffff, barHeight: 1 };
    raster(pixels, layout, { from: 0, to: 10 }, palette, highlight);
    expect(picture(pixels, 20)[3]).toBe('aaaaaaaaaaa.bbbbbbbb');
    expect(picture(pixels, 20)[4]).toBe('aaaaaaaaaaa.########');
  });

  it('gives a pixel to what is narrower than one', () => {
    const pixels = new Uint32Array(20 * 9);
    raster(pixels, layout, { from: 0, to: 1000 });
    expect(picture(pixels, 20)[0]).toBe('r...................');
    expect(picture(pixels, 20)[3]).toBe('a...................');
  });
});

describe('paintFlame', () => {
  it('puts the pixels, then names, then outlines', () => {
    const calls: unknown[][] = [];
    const context: FlameContext = {
      putImageData: () => calls.push(['putImageData']),
      fillText: (...rest: unknown[]) => calls.push(['fillText', ...rest]),
      strokeRect: (...rest: unknown[]) => calls.push(['strokeRect', ...rest]),
      font: '',
      textBaseline: 'top',
      fillStyle: '',
      strokeStyle: '',
      lineWidth: 0,
    };
    const image = { width: 224, height: 80 } as ImageData;
    const surface: Surface = {
      context,
      image,
      pixels: new Uint32Array(224 * 80),
      widthPx: 224,
      heightPx: 80,
      ratio: 1,
    };
    const style = { background, selection: '#fff', hover: '#999', highlight: null, palette, up: false };
    paintFlame(surface, smallModel(['everything', 'serve', 'b', 'c']), { from: 0, to: 10, topPx: 0 }, style, -1, 1);
    expect(calls).toEqual([
      ['putImageData'],
      ['fillText', 'everything', 17, 13.5],
      ['fillText', 'serve', 17, 32.5],
      ['fillText', 'b', 137, 32.5],
      ['fillText', 'c', 17, 51.5],
      ['strokeRect', 12.75, 23.75, 118.5, 16.5],
    ]);
  });
});

describe('fitText', () => {
  it.each([
    ['handle_request', 20, 'handle_request'],
    ['handle_request', 8, 'handle_…'],
    ['handle', 3, ''],
    ['abc😀def', 5, 'abc…'],
  ])('fits %s into %d letters', (text, letters, fitted) => {
    expect(fitText(text, letters)).toBe(fitted);
  });
});
