import { heatColours, heatColoursBetween } from '../../../core/heat-map/heat-scale.js';
import type { Rgb } from '../../../core/flame/oklch.js';
import { readTokens } from '../../flame/theme-colours.js';
import type { ShownTheme } from '../../state/store.js';
import { themeOf } from '../../state/theme-control.js';

/** From few samples to many, in the theme that is shown. */
export function shownHeatColours(theme: ShownTheme): readonly string[] {
  if (theme !== 'forced') return heatColours(themeOf(theme) === 'light' ? 'light' : 'dark');
  const { bg, text } = readTokens(document.documentElement, ['bg', 'text']);
  return heatColoursBetween(rgbOf(bg.word), rgbOf(text.word));
}

/** Of a word of ImageData. */
function rgbOf(word: number): Rgb {
  return { red: word & 255, green: (word >>> 8) & 255, blue: (word >>> 16) & 255 };
}
