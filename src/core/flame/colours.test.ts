import { describe, expect, it } from 'vitest';
import { frameColour, packageHue, quietColour, type Theme } from './colours.js';
import {
  diffColour,
  diffPresence,
  diffStep,
  diffSteps,
  patternColour,
  relativeChange,
  type DiffPalette,
} from './diff-colours.js';
import { frameKinds } from './frame-kinds.js';
import { contrastRatio, oklchToRgb, toHex, toImageDataWord } from './oklch.js';

const themes: readonly Theme[] = ['light', 'dark', 'contrast'];
/** What text has at least. */
const leastContrast = (theme: Theme): number => (theme === 'contrast' ? 7 : 4.5);
const palettes: readonly DiffPalette[] = ['blue-red', 'violet-yellow'];

/** One package name a hue, so that all hues are seen. */
const packages = [
  ...new Map(Array.from({ length: 2000 }, (_, n) => [packageHue(`package${n}`), `package${n}`])).values(),
];

describe('oklch', () => {
  it('agrees with what browsers make of a colour', () => {
    expect(toHex(oklchToRgb(1, 0, 0))).toBe('#ffffff');
    expect(toHex(oklchToRgb(0, 0, 0))).toBe('#000000');
    expect(toHex(oklchToRgb(0.62796, 0.25768, 29.234))).toBe('#ff0000');
    expect(toHex(oklchToRgb(0.86644, 0.29483, 142.495))).toBe('#00ff00');
    expect(toHex(oklchToRgb(0.45201, 0.31321, 264.052))).toBe('#0000ff');
  });

  it('packs for little-endian image data', () => {
    expect(toImageDataWord({ red: 1, green: 2, blue: 3 })).toBe(0xff030201);
  });
});

describe('frame colours', () => {
  it('are readable at every hue, kind and theme', () => {
    expect(packages).toHaveLength(24);
    for (const theme of themes) {
      for (const kind of frameKinds) {
        for (const packageName of ['', ...packages]) {
          for (const functionName of ['a', 'b', 'c', 'd']) {
            const { fill, text } = frameColour(theme, packageName, functionName, kind);
            expect(contrastRatio(fill, text)).toBeGreaterThanOrEqual(leastContrast(theme));
          }
        }
      }
      const quiet = quietColour(theme);
      expect(contrastRatio(quiet.fill, quiet.text)).toBeGreaterThanOrEqual(leastContrast(theme));
    }
  });

  it('have two lightness steps within a package and stay the same', () => {
    const fills = new Set(
      ['load', 'dumps', 'encode', 'decode', 'scan'].map((name) =>
        toHex(frameColour('dark', 'json', name, 'python').fill),
      ),
    );
    expect(fills.size).toBe(2);
    expect(toHex(frameColour('dark', 'json', 'loads', 'python').fill)).toMatchInlineSnapshot(`"#86a973"`);
  });
});

describe('diff colours', () => {
  it('leave text on a pattern as readable as beside it', () => {
    for (const theme of themes) {
      for (const palette of ['blue-red', 'violet-yellow'] as const) {
        for (let step = -diffSteps; step <= diffSteps; step++) {
          const colour = diffColour(theme, palette, step);
          const pattern = patternColour(colour);
          expect(contrastRatio(pattern, colour.text)).toBeGreaterThanOrEqual(contrastRatio(colour.fill, colour.text));
          // And the pattern is seen at all.
          expect(contrastRatio(pattern, colour.fill)).toBeGreaterThan(1.15);
        }
      }
    }
  });

  it('are readable at every step, palette and theme', () => {
    for (const theme of themes) {
      for (const palette of palettes) {
        for (let step = -diffSteps; step <= diffSteps; step++) {
          const { fill, text } = diffColour(theme, palette, step);
          expect(contrastRatio(fill, text)).toBeGreaterThanOrEqual(leastContrast(theme));
        }
      }
    }
  });

  it('lead from noise over more to new, and over less to gone', () => {
    expect(diffStep(100, 101, 1000)).toBe(0);
    expect(diffStep(0.1, 0.5, 1000)).toBe(0);
    expect(diffStep(100, 120, 1000)).toBe(1);
    expect(diffStep(100, 400, 1000)).toBe(3);
    expect(diffStep(0, 400, 1000)).toBe(4);
    expect(diffStep(400, 0, 1000)).toBe(-4);
    expect(diffStep(0, 0, 1000)).toBe(0);
    expect(relativeChange(200, 100)).toBe(-0.5);
    expect([diffPresence(0, 1), diffPresence(1, 0), diffPresence(1, 1), diffPresence(0, 0)]).toEqual([
      'new',
      'gone',
      'both',
      'neither',
    ]);
  });

  it('differ in lightness too in the second palette', () => {
    const luma = (step: number): number => {
      const { red, green, blue } = diffColour('light', 'violet-yellow', step).fill;
      return 0.3 * red + 0.59 * green + 0.11 * blue;
    };
    expect(luma(4)).toBeGreaterThan(luma(-4) + 20);
  });
});
