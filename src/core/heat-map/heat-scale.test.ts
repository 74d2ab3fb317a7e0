import { describe, expect, it } from 'vitest';
import { heatColours, heatColoursBetween, heatStep, heatSteps } from './heat-scale.js';

const light = (hex: string): number =>
  0.3 * Number.parseInt(hex.slice(1, 3), 16) +
  0.59 * Number.parseInt(hex.slice(3, 5), 16) +
  0.11 * Number.parseInt(hex.slice(5, 7), 16);

describe('the scale of a heat map', () => {
  it('goes one way in lightness, away from the background', () => {
    const dark = heatColours('dark').map(light);
    expect(dark).toHaveLength(heatSteps);
    expect(dark.every((each, step) => step === 0 || each > (dark[step - 1] ?? 0))).toBe(true);
    const bright = heatColours('light').map(light);
    expect(bright.every((each, step) => step === 0 || each < (bright[step - 1] ?? 0))).toBe(true);
  });

  it('goes from the one of two colours to the other where the system forces those', () => {
    const black = { red: 0, green: 0, blue: 0 };
    const yellow = { red: 255, green: 255, blue: 0 };
    const scale = heatColoursBetween(black, yellow);
    expect(scale).toHaveLength(heatSteps);
    expect([scale[0], scale.at(-1)]).toEqual(['#404000', '#ffff00']);
    expect(heatColoursBetween(yellow, black).at(-1)).toBe('#000000');
  });

  it('gives one sample the first step and the most the last', () => {
    expect(heatStep(1, 9)).toBe(0);
    expect(heatStep(9, 9)).toBe(heatSteps - 1);
    expect(heatStep(1, 1)).toBe(heatSteps - 1);
  });
});
