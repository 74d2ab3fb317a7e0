/** Cuts a piece of text of one colour: what of each pixel it covers. */
export interface Stencil {
  /** Coverage of red, green and blue by turns, row by row, 0 to 255. */
  readonly coverage: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  /** Pixels of it that lie left of where the text begins. */
  readonly left: number;
}

/** Cuts stencils of a font and size, of rows as high as a frame. `shift` is how far right of a whole pixel the text begins. */
export interface Stencils {
  /** How far on each letter takes the next, pixels: all take the same. */
  readonly advance: number;
  /** Rows of each stencil. */
  readonly height: number;
  /** Red, green and blue of a CSS colour; undefined for one that can be seen through. */
  rgb(colour: string): readonly [number, number, number] | undefined;
  cut(text: string, shift: number, colour: string): Stencil;
}

/** What of a piece of text covers anything. */
interface Glyph {
  /** From where the text begins on the frame's first row, in words of the picture. */
  readonly offsets: Int32Array;
  /** By offset one number; three where the colours of a pixel are covered differently, as some screens want it. */
  readonly coverage: Uint8Array;
}

/** Where a letter stands between two pixels is told in quarters, as the text of the browser itself is. */
const shifts = 4;
/** Signs that stand together begin between quarters, each rounded by itself. */
const groupShifts = 64;
/** What is kept beside single letters: signs that stand together, of which some fonts make one. */
const mostGroups = 2000;

const ellipsis = 0x2026;
const firstLetter = 0x20;
const lastLetter = 0x7e;

/** Whether letters are known one by one: those of ASCII, and the sign of what is cut. Others may join, or go from right to left. */
const plain = /^[\u0020-\u007e\u2026]*$/;

/**
 * Writes names into a picture in memory. Each letter is drawn by the browser once and copied from then on: at each frame of a motion some
 * hundred names are drawn, which took it more time than all the rest. What stands there is what `fillText` would draw, but for
 * roundings of colours. Fonts with signs that join ("->") are drawn by groups of signs.
 *
 * Good for one font, one size and pictures of one width.
 */
export class Lettering {
  readonly #stencils: Stencils;
  readonly #pictureWidth: number;
  readonly #sheets = new Map<string, Sheet | null>();

  constructor(stencils: Stencils, pictureWidth: number) {
    this.#stencils = stencils;
    this.#pictureWidth = pictureWidth;
  }

  /**
   * Writes a text from x on, in rows from y on; answers false, and writes nothing, where letters are not known one by one.
   */
  write(pixels: Uint32Array, text: string, x: number, y: number, colour: string): boolean {
    if (!plain.test(text)) return false;
    let sheet = this.#sheets.get(colour);
    if (sheet === undefined) {
      const rgb = this.#stencils.rgb(colour);
      sheet = rgb === undefined ? null : new Sheet(this.#stencils, colour, rgb, this.#pictureWidth);
      this.#sheets.set(colour, sheet);
    }
    if (sheet === null) return false;
    const row = y * this.#pictureWidth;
    const inside = y >= 0 && row + this.#stencils.height * this.#pictureWidth <= pixels.length;
    const { advance } = this.#stencils;
    for (let at = 0; at < text.length;) {
      const end = endOfGroup(text, at);
      // As Skia rounds to the nearest quarter.
      const parts = end - at > 1 ? groupShifts : shifts;
      const begin = Math.floor((x + at * advance) * parts + 0.5);
      const pixel = Math.floor(begin / parts);
      const shift = begin - pixel * parts;
      const glyph = parts === shifts ? sheet.letter(text, at, shift) : sheet.group(text, at, end, shift);
      if (inside && !isStriped(glyph)) sheet.put(pixels, row + pixel, glyph);
      else sheet.blend(pixels, row + pixel, glyph);
      at = end;
    }
    return true;
  }
}

/** Behind a letter, or behind signs that may be drawn as one. */
function endOfGroup(text: string, from: number): number {
  if (standsAlone(text.charCodeAt(from))) return from + 1;
  let end = from + 1;
  while (end < text.length && !standsAlone(text.charCodeAt(end))) end++;
  return end;
}

/** Letters, digits, spaces and the ellipsis. */
function standsAlone(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === firstLetter ||
    code === ellipsis
  );
}

/** Letters of one colour. */
class Sheet {
  readonly #stencils: Stencils;
  readonly #colour: string;
  readonly #pictureWidth: number;
  /** Of the colour, each in the place that it has in a word. */
  readonly #redBlue: number;
  readonly #green: number;
  /** By letter and shift. */
  readonly #letters: (Glyph | undefined)[] = [];
  readonly #groups = new Map<string, Glyph>();

  constructor(
    stencils: Stencils,
    colour: string,
    [red, green, blue]: readonly [number, number, number],
    pictureWidth: number,
  ) {
    this.#stencils = stencils;
    this.#colour = colour;
    this.#pictureWidth = pictureWidth;
    this.#redBlue = red | (blue << 16);
    this.#green = green;
  }

  letter(text: string, at: number, shift: number): Glyph {
    const code = text.charCodeAt(at);
    const place = (code === ellipsis ? lastLetter + 1 : code) * shifts + shift;
    return (this.#letters[place] ??= this.#cut(text.charAt(at), shift / shifts));
  }

  group(text: string, from: number, end: number, shift: number): Glyph {
    const group = text.slice(from, end);
    const key = `${shift} ${group}`;
    let known = this.#groups.get(key);
    if (known === undefined) {
      if (this.#groups.size >= mostGroups) this.#groups.clear();
      this.#groups.set(key, (known = this.#cut(group, shift / groupShifts)));
    }
    return known;
  }

  #cut(text: string, shift: number): Glyph {
    const { coverage, width, left } = this.#stencils.cut(text, shift, this.#colour);
    const offsets: number[] = [];
    const all: number[] = [];
    let grey = true;
    for (let at = 0; at < coverage.length; at += 3) {
      const [red = 0, green = 0, blue = 0] = coverage.subarray(at, at + 3);
      if (red === 0 && green === 0 && blue === 0) continue;
      if (red !== green || red !== blue) grey = false;
      const row = Math.floor(at / 3 / width);
      offsets.push(row * this.#pictureWidth + (at / 3 - row * width) - left);
      all.push(red, green, blue);
    }
    return {
      offsets: Int32Array.from(offsets),
      coverage: Uint8Array.from(grey ? all.filter((_, at) => at % 3 === 0) : all),
    };
  }

  /** A letter that lies inside of the picture, and covers the colours of a pixel alike. */
  put(pixels: Uint32Array, begin: number, { offsets, coverage }: Glyph): void {
    const redBlue = this.#redBlue;
    const green = this.#green;
    for (let at = 0; at < offsets.length; at++) {
      const pixel = begin + (offsets[at] ?? 0);
      const covered = coverage[at] ?? 0;
      const below = pixels[pixel] ?? 0;
      // Red and blue at once: 16 bits of a word are room for the product of two bytes.
      const two = (Math.imul(below & 0xff00ff, 255 - covered) + Math.imul(redBlue, covered)) | 0;
      const one = ((below >>> 8) & 0xff) * (255 - covered) + green * covered;
      pixels[pixel] = 0xff000000 | dividedBy255(two) | ((one + 0x80 + (one >>> 8)) & 0xff00);
    }
  }

  /** On any ground, also where the frame reaches over the edge of the picture. */
  blend(pixels: Uint32Array, begin: number, glyph: Glyph): void {
    const { offsets, coverage } = glyph;
    const colours = isStriped(glyph) ? 3 : 1;
    for (let at = 0; at < offsets.length; at++) {
      const pixel = begin + (offsets[at] ?? 0);
      if (pixel < 0 || pixel >= pixels.length) continue;
      const red = coverage[at * colours] ?? 0;
      const green = colours === 1 ? red : (coverage[at * colours + 1] ?? 0);
      const blue = colours === 1 ? red : (coverage[at * colours + 2] ?? 0);
      pixels[pixel] = this.#mix(pixels[pixel] ?? 0, red, green, blue);
    }
  }

  #mix(below: number, coveredRed: number, coveredGreen: number, coveredBlue: number): number {
    const red = mixed(below & 0xff, this.#redBlue & 0xff, coveredRed);
    const green = mixed((below >> 8) & 0xff, this.#green, coveredGreen);
    const blue = mixed((below >> 16) & 0xff, this.#redBlue >> 16, coveredBlue);
    return (red | (green << 8) | (blue << 16) | 0xff000000) >>> 0;
  }
}

function mixed(below: number, above: number, covered: number): number {
  return Math.round((below * (255 - covered) + above * covered) / 255);
}

/** The upper bytes of two products of bytes, each in 16 bits, rounded: Blinn, "Three Wrongs Make a Right", 1995. */
function dividedBy255(two: number): number {
  return ((two + 0x800080 + ((two >>> 8) & 0xff00ff)) >>> 8) & 0xff00ff;
}

function isStriped({ offsets, coverage }: Glyph): boolean {
  return coverage.length !== offsets.length;
}
