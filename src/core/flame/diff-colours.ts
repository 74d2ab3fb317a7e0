import type { FrameColour, Theme } from './colours.js';
import { contrastRatio, oklchToRgb, type Rgb } from './oklch.js';

/**
 * "blue-red": blue less, red more. "violet-yellow": for eyes that red and blue do not serve; there more is also
 * lighter and less is darker, so that lightness alone tells the direction.
 */
export type DiffPalette = 'blue-red' | 'violet-yellow';

/** Whether a frame is on both sides of a diff. New and gone get a pattern beside their colour. */
export type DiffPresence = 'both' | 'new' | 'gone' | 'neither';

/** Steps of colour on each side of grey. */
export const diffSteps = 4;

/** Changes below this share of the frame itself, or of the root, are drawn as noise. */
const relativeNoise = 0.05;
const absoluteNoise = 0.001;

/** Which sides of a diff have a frame. */
export function diffPresence(baseline: number, comparison: number): DiffPresence {
  if (baseline > 0) return comparison > 0 ? 'both' : 'gone';
  return comparison > 0 ? 'new' : 'neither';
}

/** How much more the comparison has, as a share of the larger side: -1 (gone) to 1 (new), 0 for no change. */
export function relativeChange(baseline: number, comparison: number): number {
  const larger = Math.max(baseline, comparison);
  return larger > 0 ? (comparison - baseline) / larger : 0;
}

/**
 * The colour step of a frame: 0 is noise, 1 to diffSteps more, -1 to -diffSteps less. `rootTotal` is the root's width. This is
 * a measure of sizes only; certainty takes several windows a side, see core/compare.
 */
export function diffStep(baseline: number, comparison: number, rootTotal: number): number {
  const change = relativeChange(baseline, comparison);
  if (Math.abs(change) < relativeNoise || Math.abs(comparison - baseline) < absoluteNoise * rootTotal) return 0;
  return Math.sign(change) * Math.min(diffSteps, Math.ceil(Math.abs(change) * diffSteps));
}

/** The colour step of a change that is certain: never noise, however small it is. */
export function certainStep(baseline: number, comparison: number): number {
  const change = relativeChange(baseline, comparison);
  return Math.sign(change) * Math.max(1, Math.min(diffSteps, Math.ceil(Math.abs(change) * diffSteps)));
}

/** The line on what changed for certain: it stands out from every step and from the background. */
export function markColour(theme: Theme): Rgb {
  return theme === 'light' ? oklchToRgb(0.2, 0.01, 260) : oklchToRgb(0.97, 0, 0);
}

const hues = { 'blue-red': { less: 250, more: 27 }, 'violet-yellow': { less: 300, more: 95 } } as const;
const noise = {
  dark: oklchToRgb(0.46, 0.008, 260),
  light: oklchToRgb(0.88, 0.006, 260),
  contrast: oklchToRgb(0.4, 0, 0),
} as const;
const middles = { dark: 0.65, light: 0.77, contrast: 0.78 } as const;
const darkText = oklchToRgb(0.16, 0.02, 260);
const lightText = oklchToRgb(0.99, 0, 0);

function withText(fill: Rgb): FrameColour {
  const text = contrastRatio(fill, darkText) >= contrastRatio(fill, lightText) ? darkText : lightText;
  return { fill, text };
}

/** The colour of a step of `diffStep`. */
export function diffColour(theme: Theme, palette: DiffPalette, step: number): FrameColour {
  if (step === 0) return withText(noise[theme]);
  const strength = Math.min(diffSteps, Math.abs(step)) / diffSteps;
  const hue = step > 0 ? hues[palette].more : hues[palette].less;
  const chroma = 0.045 + strength * 0.12;
  // Less has little room to darken before its text is hard to read, so more does most of the lightening.
  const tilt = palette === 'violet-yellow' ? strength * (step > 0 ? 0.12 : -0.02) : 0;
  return withText(oklchToRgb(middles[theme] + tilt, chroma, hue));
}

/**
 * The colour of the pattern on new and gone frames: the fill, moved away from the text, so that text on a line of the
 * pattern reads at least as well as beside it.
 */
export function patternColour({ fill, text }: FrameColour): Rgb {
  const towards = contrastRatio(text, black) > contrastRatio(text, white) ? black : white;
  const mix = (channel: 'red' | 'green' | 'blue'): number =>
    Math.round(fill[channel] + (towards[channel] - fill[channel]) * patternStrength);
  return { red: mix('red'), green: mix('green'), blue: mix('blue') };
}

const black: Rgb = { red: 0, green: 0, blue: 0 };
const white: Rgb = { red: 255, green: 255, blue: 255 };
const patternStrength = 0.55;
