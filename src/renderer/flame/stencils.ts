import { Lettering, type Stencil, type Stencils } from './lettering.js';
import { namePlace, type Surface } from './painter.js';

/** Room beside a text for letters that lean over their place, pixels of the screen at scale 1. */
const marginPx = 3;

type Rgb = readonly [number, number, number];

/** A surface whose names are written with the font as it is now: made anew when that has come. */
export function withLettering(surface: Surface): Surface {
  const stencils = canvasStencils(surface.ratio);
  const lettering = stencils === undefined ? undefined : new Lettering(stencils, surface.image.width);
  return { ...surface, lettering };
}

/** Has the browser draw pieces of names on a small canvas and reads what they cover. */
function canvasStencils(ratio: number): Stencils | undefined {
  const { font, baseline, y, frameHeight } = namePlace(ratio);
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) return undefined;
  context.font = font;
  // An average, as each place is a multiple of it.
  const advance = context.measureText('0'.repeat(100)).width / 100;
  const left = Math.ceil(marginPx * ratio);
  const rgb = (colour: string): Rgb | undefined => {
    context.fillStyle = colour;
    // What can be seen through is told in other words.
    const [, red, green, blue] = /^#(..)(..)(..)$/.exec(context.fillStyle) ?? [];
    if (red === undefined || green === undefined || blue === undefined) return undefined;
    return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
  };
  return {
    advance,
    height: frameHeight,
    rgb,
    cut: (text, shift, colour): Stencil => {
      const width = Math.ceil(text.length * advance) + 2 * left + 1;
      // Sizing empties it and forgets how it draws.
      canvas.width = width;
      canvas.height = frameHeight;
      const ink = rgb(colour) ?? [0, 0, 0];
      // Letters are drawn by how light they are; on what is farthest from them most of it can be read.
      const ground = ink[0] + ink[1] + ink[2] < (3 * 255) / 2 ? 255 : 0;
      context.fillStyle = ground === 0 ? '#000' : '#fff';
      context.fillRect(0, 0, width, frameHeight);
      context.font = font;
      context.textBaseline = baseline;
      context.fillStyle = colour;
      context.fillText(text, left + shift, y);
      return { coverage: coverageOf(context.getImageData(0, 0, width, frameHeight).data, ink, ground), width, left };
    },
  };
}

/** A colour of the ink that is too near to the ground's tells little: the one that is farthest stands for it. */
const leastContrast = 48;

/** What of each pixel's red, green and blue is no longer the ground. */
export function coverageOf(data: Uint8ClampedArray, ink: Rgb, ground: number): Uint8Array {
  const contrast = ink.map((value) => value - ground);
  const farthest = contrast.reduce(
    (best, value, at) => (Math.abs(value) > Math.abs(contrast[best] ?? 0) ? at : best),
    0,
  );
  const readBy = contrast.map((value, at) => (Math.abs(value) < leastContrast ? farthest : at));
  const coverage = new Uint8Array((data.length / 4) * 3);
  for (let pixel = 0; pixel < data.length / 4; pixel++) {
    for (let at = 0; at < 3; at++) {
      const by = readBy[at] ?? farthest;
      const share = ((data[4 * pixel + by] ?? ground) - ground) / (contrast[by] ?? 1);
      coverage[3 * pixel + at] = Math.round(255 * Math.max(0, Math.min(1, share)));
    }
  }
  return coverage;
}
