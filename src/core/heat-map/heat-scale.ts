import { oklchToRgb, toHex, type Rgb } from '../flame/oklch.js';

/** Steps of the scale: more cannot be told apart. */
export const heatSteps = 24;

/** Lightness, chroma and hue at the ends: from near the background to what stands out most against it. */
const ends = {
  dark: { few: [0.4, 0.07, 40], many: [0.93, 0.11, 92] },
  light: { few: [0.93, 0.045, 85], many: [0.38, 0.13, 32] },
} as const;

/** The colours of one sequential scale, from few samples to many: lightness tells the number, also to who sees no hue. */
export function heatColours(theme: 'light' | 'dark'): readonly string[] {
  const { few, many } = ends[theme];
  return Array.from({ length: heatSteps }, (_, step) => {
    const share = step / (heatSteps - 1);
    const at = (index: 0 | 1 | 2): number => few[index] + share * (many[index] - few[index]);
    // In the middle a scale is most colourful.
    return toHex(oklchToRgb(at(0), at(1) + 0.05 * Math.sin(Math.PI * share), at(2)));
  });
}

/** The step of a number of samples above 0, of the most that a cell has. */
export function heatStep(samples: number, most: number): number {
  return most <= 1 ? heatSteps - 1 : Math.round(((samples - 1) / (most - 1)) * (heatSteps - 1));
}

/** The colours of one scale between two, for where nothing but those may be used: a quarter of the way for few samples, all of it for many. */
export function heatColoursBetween(ground: Rgb, ink: Rgb): readonly string[] {
  return Array.from({ length: heatSteps }, (_, step) => {
    const share = 0.25 + (0.75 * step) / (heatSteps - 1);
    const mix = (from: number, to: number): number => Math.round(from + share * (to - from));
    return toHex({
      red: mix(ground.red, ink.red),
      green: mix(ground.green, ink.green),
      blue: mix(ground.blue, ink.blue),
    });
  });
}
