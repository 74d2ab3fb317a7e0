import type { Settings } from '../../contract/settings.js';
import type { ShownTheme } from '../state/store.js';
import { themeOf } from '../state/theme-control.js';
import { forcedPalette, forcedQuiet, type ForcedColours } from './forced-palette.js';
import type { FlameModel } from './model.js';
import { diffPaletteOf, flamePalette, quietPaint, type Paint, type Palette } from './palette.js';
import type { TokenColour } from './theme-colours.js';

/** The tokens that a graph is drawn with. */
export const flameTokens = ['bg', 'text', 'hit', 'mute', 'accent', 'on-accent', 'hatch'] as const;
export type FlameTokens = Readonly<Record<(typeof flameTokens)[number], TokenColour>> & ForcedColours;

/** The colours of a graph in the theme that is shown. */
export function shownPalette(model: FlameModel, theme: ShownTheme, settings: Settings, tokens: FlameTokens): Palette {
  if (theme === 'forced') return forcedPalette(model, tokens);
  return model.isDiff ? diffPaletteOf(model, theme, settings.diffPalette) : flamePalette(model, theme, settings);
}

/** How what is context only is painted in that theme. */
export function shownQuiet(theme: ShownTheme, tokens: FlameTokens): Paint {
  return theme === 'forced' ? forcedQuiet(tokens) : quietPaint(themeOf(theme));
}

/** The outlines of the selected and the hovered frame: forced colours fill frames with the colour of text. */
export function shownOutlines(
  theme: ShownTheme,
  { bg, text, mute }: FlameTokens,
): { readonly selection: string; readonly hover: string } {
  return theme === 'forced' ? { selection: bg.css, hover: bg.css } : { selection: text.css, hover: mute.css };
}
