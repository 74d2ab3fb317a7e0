import type { Lettering } from './lettering.js';
import type { FlameModel } from './model.js';
import type { Palette } from './palette.js';
import { rasterFlame, type Highlight, type Label } from './raster.js';
import { framePitchPx, sidePaddingPx, topPaddingPx, type Viewport } from './viewport.js';

/** The part of a 2D context that is drawn with; tests record its calls. */
export type FlameContext = Pick<
  CanvasRenderingContext2D,
  'putImageData' | 'fillText' | 'strokeRect' | 'font' | 'textBaseline' | 'fillStyle' | 'strokeStyle' | 'lineWidth'
>;

/** What is drawn on top of the boxes, and how. Colours are CSS, words are ImageData's. */
export interface PaintStyle {
  readonly background: number;
  readonly selection: string;
  readonly hover: string;
  readonly highlight: Highlight | null;
  readonly palette: Palette;
  /** The root is at the bottom. */
  readonly up: boolean;
}

/** A canvas to draw on: its size in CSS pixels and device pixels per CSS pixel. */
export interface Surface {
  readonly context: FlameContext;
  readonly image: ImageData;
  readonly pixels: Uint32Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ratio: number;
  /** What writes names into the pixels; without it, and where it does not know a name's letters, the context does. */
  readonly lettering?: Lettering | undefined;
}

const fontPx = 11.5;
const family = '"JetBrains Mono Variable", monospace';

/** The font of the names, as canvas and font loading want it. */
export const labelFont = `${fontPx}px ${family}`;
/** JetBrains Mono is 0.6 em wide; measuring each label would cost more than drawing it. */
const letterEm = 0.6;
const labelPaddingPx = 5;
const leastLabelPx = 34;

/** How names stand in a frame, device pixels from its corner. */
export function namePlace(ratio: number): {
  readonly font: string;
  readonly baseline: CanvasTextBaseline;
  readonly x: number;
  readonly y: number;
  readonly frameHeight: number;
} {
  const frameHeight = Math.round(framePitchPx * ratio) - Math.round(ratio);
  return {
    font: `${fontPx * ratio}px ${family}`,
    baseline: 'middle',
    x: labelPaddingPx * ratio,
    y: frameHeight / 2 + 0.5 * ratio,
    frameHeight,
  };
}

/** Draws a view: boxes from pixels, then names, then the outlines of the hovered and the selected frame. Answers how many names there are. */
export function paintFlame(
  surface: Surface,
  model: FlameModel,
  viewport: Viewport,
  style: PaintStyle,
  hovered: number,
  selected: number,
): number {
  const { context, image, pixels, ratio, lettering } = surface;
  const { graph } = model;
  const device = (css: number): number => Math.round(css * ratio);
  const layout = {
    width: image.width,
    height: image.height,
    left: device(sidePaddingPx),
    right: image.width - device(sidePaddingPx),
    top: style.up
      ? image.height - device(topPaddingPx) - (device(framePitchPx) - device(1)) + device(viewport.topPx)
      : device(topPaddingPx) - device(viewport.topPx),
    up: style.up,
    frameHeight: namePlace(ratio).frameHeight,
    pitch: device(framePitchPx),
    gap: device(1),
    labelWidth: device(leastLabelPx),
  };
  const { x: inset } = namePlace(ratio);
  const unwritten: Name[] = [];
  let count = 0;
  rasterFlame(pixels, layout, graph, viewport, style.palette, style.background, style.highlight, (labels) => {
    for (const name of namesOf(labels, model, style.palette, ratio)) {
      count++;
      if (lettering?.write(pixels, name.text, name.x + inset, name.y, name.colour) !== true) unwritten.push(name);
    }
  });
  context.putImageData(image, 0, 0);
  drawNames(context, unwritten, ratio);
  for (const [node, colour, line] of [
    [hovered, style.hover, 1],
    [selected, style.selection, 1.5],
  ] as const) {
    if (node < 0 || node >= graph.count) continue;
    outline(
      context,
      layout,
      graph.x0[node] ?? 0,
      graph.x1[node] ?? 0,
      graph.depth[node] ?? 0,
      viewport,
      colour,
      line * ratio,
    );
  }
  return count;
}

/** A name as it is drawn, and its frame's corner. */
interface Name {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly colour: string;
}

/** Names cut to what their frames have room for. */
function namesOf(labels: readonly Label[], model: FlameModel, palette: Palette, ratio: number): Name[] {
  const letter = fontPx * letterEm * ratio;
  const padding = labelPaddingPx * ratio;
  const names: Name[] = [];
  for (const { node, x, y, width } of labels) {
    const text = fitText(model.label(node), Math.floor((width - 1.6 * padding) / letter));
    if (text !== '') names.push({ text, x, y, colour: palette.text(node) });
  }
  return names;
}

function drawNames(context: FlameContext, names: readonly Name[], ratio: number): void {
  if (names.length === 0) return;
  const place = namePlace(ratio);
  context.font = place.font;
  context.textBaseline = place.baseline;
  let last = '';
  for (const { text, x, y, colour } of names) {
    if (colour !== last) context.fillStyle = last = colour;
    context.fillText(text, x + place.x, y + place.y);
  }
}

/** The text in at most `letters` letters; what is cut ends in an ellipsis, and less than three letters of it say nothing. */
export function fitText(text: string, letters: number): string {
  if (text.length <= letters) return text;
  if (letters < 4) return '';
  // Not between the halves of a surrogate pair.
  const cut = text.slice(0, letters - 1);
  const last = cut.charCodeAt(cut.length - 1);
  return `${last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut}…`;
}

function outline(
  context: FlameContext,
  layout: { left: number; right: number; top: number; up: boolean; pitch: number; frameHeight: number },
  x0: number,
  x1: number,
  level: number,
  viewport: Viewport,
  colour: string,
  lineWidth: number,
): void {
  const scale = (layout.right - layout.left) / (viewport.to - viewport.from);
  const left = Math.max(layout.left, Math.round(layout.left + (x0 - viewport.from) * scale));
  const right = Math.min(layout.right, Math.round(layout.left + (x1 - viewport.from) * scale));
  if (right < layout.left || left > layout.right) return;
  const inset = lineWidth / 2;
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  const y = layout.top + (layout.up ? -level : level) * layout.pitch;
  const width = Math.max(lineWidth, right - left - 2 * inset);
  context.strokeRect(left + inset, y + inset, width, layout.frameHeight - 2 * inset);
}
