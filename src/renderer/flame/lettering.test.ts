import { describe, expect, it } from 'vitest';
import { Lettering, type Stencils } from './lettering.js';
import { coverageOf } from './stencils.js';

const white = 0xffffffff;
const black = 0xff000000;

/** Letters are a column of two pixels; one that stands between two is half in each. Signs are as wide as there are of them. */
function columns(told: string[] = []): Stencils {
  return {
    advance: 2.5,
    height: 2,
    rgb: (colour) => (colour === 'glass' ? undefined : [0, 0, 0]),
    cut: (text, shift) => {
      told.push(`${text}+${shift}`);
      const width = text.length + 2;
      const coverage = new Uint8Array(3 * width * 2);
      for (const row of [0, 1]) {
        const at = 3 * (row * width + 1);
        const inFirst = Math.round(255 * (1 - shift));
        coverage.fill(inFirst, at, at + 3);
        if (shift > 0) coverage.fill(255 - inFirst, at + 3, at + 6);
        else if (text.length > 1) coverage.fill(255, at + 3, at + 3 * text.length);
      }
      return { coverage, width, left: 1 };
    },
  };
}

/** Rows of a picture: "#" the ink, "." the ground, "+" what is mixed. */
function rows(pixels: Uint32Array, width: number): string[] {
  return Array.from({ length: pixels.length / width }, (_, row) =>
    Array.from(pixels.subarray(row * width, (row + 1) * width), (word) =>
      word === black ? '#' : word === white ? '.' : '+',
    ).join(''),
  );
}

function picture(): Uint32Array {
  return new Uint32Array(10 * 3).fill(white);
}

describe('lettering', () => {
  it('writes letters where they belong, between pixels too, each drawn once', () => {
    const told: string[] = [];
    const lettering = new Lettering(columns(told), 10);
    const pixels = picture();
    expect(lettering.write(pixels, 'aaa', 1, 1, 'ink')).toBe(true);
    expect(rows(pixels, 10)).toEqual(['..........', '.#.++.#...', '.#.++.#...']);
    expect(told).toEqual(['a+0', 'a+0.5']);
    lettering.write(pixels, 'aaa', 1, 0, 'ink');
    expect(told.length).toBe(2);
  });

  it('takes signs that stand together as one, as fonts may', () => {
    const told: string[] = [];
    new Lettering(columns(told), 10).write(picture(), 'a->b…', 0, 0, 'ink');
    expect(told).toEqual(['a+0', '->+0.5', 'b+0.5', '…+0']);
  });

  it('leaves to others what it does not know letter by letter, and ink that can be seen through', () => {
    const lettering = new Lettering(columns(), 10);
    const pixels = picture();
    expect(lettering.write(pixels, 'größe', 0, 0, 'ink')).toBe(false);
    expect(lettering.write(pixels, 'a', 0, 0, 'glass')).toBe(false);
    expect(rows(pixels, 10)[0]).toBe('..........');
  });

  it('writes what of a frame can be seen at the edges', () => {
    const lettering = new Lettering(columns(), 10);
    const pixels = picture();
    lettering.write(pixels, 'a', 1, -1, 'ink');
    lettering.write(pixels, 'a', 5, 2, 'ink');
    expect(rows(pixels, 10)).toEqual(['.#........', '..........', '.....#....']);
  });

  it('mixes with what is there', () => {
    const lettering = new Lettering(columns(), 10);
    const pixels = picture().fill(0xff0000fe, 0, 10);
    lettering.write(pixels, 'a', 1.5, 0, 'ink');
    expect(pixels[1]).toBe(0xff00007f);
    expect(pixels[11]).toBe(0xff7f7f7f);
  });
});

describe('what a stencil covers', () => {
  it('is read from how far each colour is from the ground', () => {
    const data = Uint8ClampedArray.of(255, 255, 255, 255, 0, 0, 0, 255, 255, 127, 0, 255);
    expect([...coverageOf(data, [0, 0, 0], 255)]).toEqual([0, 0, 0, 255, 255, 255, 0, 128, 255]);
  });

  it('is read from another colour where the ink has as much of one as the ground', () => {
    const data = Uint8ClampedArray.of(100, 0, 0, 255);
    expect([...coverageOf(data, [200, 0, 0], 0)]).toEqual([128, 128, 128]);
  });
});
