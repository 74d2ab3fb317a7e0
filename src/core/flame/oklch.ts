/** A colour of a screen, 0 to 255 each. */
export interface Rgb {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/**
 * OKLCH to sRGB. Equal lightness (0 to 1) looks equally light at every hue (degrees), which is why the palette is made
 * in it. A colour that no screen can show loses chroma until one can; hue and lightness stay.
 * Matrices: Björn Ottosson, "A perceptual color space for image processing", 2020.
 */
export function oklchToRgb(lightness: number, chroma: number, hue: number): Rgb {
  let shown = chroma;
  for (let step = 0; step < 24 && !inGamut(linearRgb(lightness, shown, hue)); step++) shown *= 0.94;
  const [red, green, blue] = linearRgb(lightness, shown, hue);
  return { red: encodeChannel(red), green: encodeChannel(green), blue: encodeChannel(blue) };
}

type Linear = readonly [number, number, number];

function linearRgb(lightness: number, chroma: number, hue: number): Linear {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

function inGamut(colour: Linear): boolean {
  return colour.every((channel) => channel >= -0.0005 && channel <= 1.0005);
}

function encodeChannel(linear: number): number {
  const clamped = Math.min(1, Math.max(0, linear));
  const encoded = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255);
}

function luminance({ red, green, blue }: Rgb): number {
  const decode = (channel: number): number => {
    const encoded = channel / 255;
    return encoded <= 0.04045 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * decode(red) + 0.7152 * decode(green) + 0.0722 * decode(blue);
}

/** Contrast of two colours as WCAG 2 counts it: 1 (none) to 21. */
export function contrastRatio(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** "#rrggbb" for style sheets and canvas. */
export function toHex({ red, green, blue }: Rgb): string {
  return `#${((1 << 24) | (red << 16) | (green << 8) | blue).toString(16).slice(1)}`;
}

/** "rgb(r, g, b)" of a word of ImageData. */
export function toCss(word: number): string {
  return `rgb(${word & 255}, ${(word >>> 8) & 255}, ${(word >>> 16) & 255})`;
}

/** Opaque, as a 32-bit word of little-endian ImageData: 0xAABBGGRR, unsigned. */
export function toImageDataWord({ red, green, blue }: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
