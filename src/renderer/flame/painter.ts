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
}

const fontPx = 11.5;
const family = '"JetBrains Mono Variable", monospace';

/** The font of the names, as canvas and font loading want it. */
export const labelFont = `${fontPx}px ${family}`;
/** JetBrains Mono is 0.6 em wide; measuring each label would cost more than drawing it. */
const letterEm = 0.6;
const labelPaddingPx = 5;
const leastLabelPx = 34;

/** Draws a view: boxes from pixels, then names, then the outlines of the hovered and the selected frame. */
export function paintFlame(
  surface: Surface,
  model: FlameModel,
  viewport: Viewport,
  style: PaintStyle,
  hovered: number,
  selected: number,
): void {
  const { context, image, pixels, ratio } = surface;
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
    frameHeight: device(framePitchPx) - device(1),
    pitch: device(framePitchPx),
    gap: device(1),
    labelWidth: device(leastLabelPx),
  };
  const labels = rasterFlame(pixels, layout, graph, viewport, style.palette, style.background, style.highlight);
  context.putImageData(image, 0, 0);
  drawLabels(context, labels, model, style.palette, layout.frameHeight, ratio);
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
}

function drawLabels(
  context: FlameContext,
  labels: readonly Label[],
  model: FlameModel,
  palette: Palette,
  frameHeight: number,
  ratio: number,
): void {
  context.font = `${fontPx * ratio}px ${family}`;
  context.textBaseline = 'middle';
  const letter = fontPx * letterEm * ratio;
  const padding = labelPaddingPx * ratio;
  let colour = '';
  for (const { node, x, y, width } of labels) {
    const text = fitText(model.label(node), Math.floor((width - 1.6 * padding) / letter));
    if (text === '') continue;
    const next = palette.text(node);
    if (next !== colour) context.fillStyle = colour = next;
    context.fillText(text, x + padding, y + frameHeight / 2 + 0.5 * ratio);
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
