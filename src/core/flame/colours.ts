import type { FrameKind } from './frame-kinds.js';
import { oklchToRgb, type Rgb } from './oklch.js';

/** "contrast" is for those who need more of it: dark as well, and text is at least 7:1. */
export type Theme = 'light' | 'dark' | 'contrast';

/** What a frame is painted with. The text is at least 4.5:1 against the fill. */
export interface FrameColour {
  readonly fill: Rgb;
  readonly text: Rgb;
}

/**
 * Lightness carries no meaning, so all frames have nearly the same: `lightness` and `lightness + step`, by name, tell
 * neighbours of one package apart. Text is dark in both themes because fills of middle lightness leave it the most room.
 */
const themes = {
  dark: { lightness: 0.66, step: 0.035, chroma: 0.085, text: oklchToRgb(0.16, 0.02, 260) },
  light: { lightness: 0.8, step: -0.03, chroma: 0.085, text: oklchToRgb(0.2, 0.02, 260) },
  contrast: { lightness: 0.84, step: -0.07, chroma: 0.1, text: oklchToRgb(0, 0, 0) },
} as const;

/** Hues stand this far apart: closer ones look the same side by side. */
const hueStep = 15;
const kernelHue = 300;
const unknownHue = 250;
const errorHue = 30;

/** "hues": a hue for each package. "blue-yellow": two hues that nearly all eyes tell apart, in four lightnesses each. */
export type FramePalette = 'hues' | 'blue-yellow';

const blueYellowHues = [255, 90] as const;
const blueYellowSteps = {
  dark: [0, 0.05, 0.1, 0.15],
  light: [-0.06, -0.02, 0.03, 0.08],
  contrast: [-0.1, -0.05, 0, 0.05],
} as const;

/** Stable across sessions and machines. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The hue of a package in degrees. */
export function packageHue(packageName: string): number {
  return (hashOf(packageName) % (360 / hueStep)) * hueStep;
}

const fills = new Map<string, Rgb>();

/** There are some fifty fills and as many frames as you like; a conversion takes microseconds. */
function fillOf(lightness: number, chroma: number, hue: number): Rgb {
  const key = `${lightness} ${chroma} ${hue}`;
  const known = fills.get(key);
  if (known !== undefined) return known;
  const made = oklchToRgb(lightness, chroma, hue);
  fills.set(key, made);
  return made;
}

/**
 * The colour of a frame: hue by package, one of two lightness steps by function name. What has no package, the kernel
 * and unwinding errors are nearly grey, so that colour is left to the code that people own.
 */
export function frameColour(
  theme: Theme,
  packageName: string,
  functionName: string,
  kind: FrameKind,
  palette: FramePalette = 'hues',
): FrameColour {
  const { lightness, step, text } = themes[theme];
  const shade = lightness + (hashOf(functionName) & 1) * step;
  if (kind === 'error') return { fill: fillOf(shade, 0.03, errorHue), text };
  if (kind === 'kernel') return { fill: fillOf(shade, 0.04, kernelHue), text };
  if (packageName === '') return { fill: fillOf(shade, 0.015, unknownHue), text };
  return { fill: groupFill(theme, packageName, shade, palette), text };
}

/** The fill of what frames are told apart by, whatever that is; for their legend. */
export function groupColour(theme: Theme, group: string, palette: FramePalette): Rgb {
  return groupFill(theme, group, themes[theme].lightness, palette);
}

function groupFill(theme: Theme, group: string, lightness: number, palette: FramePalette): Rgb {
  const { chroma } = themes[theme];
  if (palette === 'hues') return fillOf(lightness, chroma, packageHue(group));
  const hash = hashOf(group);
  const hue = blueYellowHues[hash & 1] ?? blueYellowHues[0];
  return fillOf(lightness + (blueYellowSteps[theme][(hash >>> 1) & 3] ?? 0), chroma, hue);
}

const quiet = {
  dark: { fill: oklchToRgb(0.34, 0.01, 260), text: oklchToRgb(0.86, 0.006, 260) },
  light: { fill: oklchToRgb(0.91, 0.006, 260), text: oklchToRgb(0.4, 0.012, 260) },
  contrast: { fill: oklchToRgb(0.36, 0, 0), text: oklchToRgb(1, 0, 0) },
} as const;

/** The root, and frames that a search or a filter puts into the background. */
export function quietColour(theme: Theme): FrameColour {
  return quiet[theme];
}
