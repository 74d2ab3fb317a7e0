import { useEffect, useRef, type ReactElement } from 'react';
import { nowhere, overviewNodes } from '../../core/flame/overview.js';
import { useControls } from '../app/workbench.js';
import type { Context } from '../state/context.js';
import type { FlameCanvas, ShownPart } from './flame-canvas.js';
import type { FlameModel } from './model.js';
import type { Palette } from './palette.js';
import { readTokens } from './theme-colours.js';
import { framePitchPx, sidePaddingPx, topPaddingPx } from './viewport.js';

/** Height of the picture of the whole, CSS pixels. */
export const minimapPx = 40;
/** While pieces arrive, the picture is made anew this often at most: they are what the frames are for. */
const growingEveryMs = 500;
/** So much of the box is always there to take hold of. */
const leastBoxPx = 4;

/** Whether a graph does not fit the view, so that a picture of the whole helps: deeper than it, or of more frames than it has room for. */
export function wantsMinimap(depth: number, nodeCount: number, heightPx: number): boolean {
  return heightPx > 3 * minimapPx && (depth * framePitchPx + 2 * topPaddingPx > heightPx || nodeCount > 2000);
}

/** The whole graph in a strip, with a box around what the view below shows. A press or a drag moves the view. */
export function Minimap({ flame }: { readonly flame: FlameCanvas }): ReactElement {
  const context = useControls();
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (canvas.current === null || box.current === null) return undefined;
    const map = new MinimapDrawing(canvas.current, box.current, flame, context);
    return () => {
      map.dispose();
    };
  }, [flame, context]);
  return (
    <div className="flame-minimap" aria-hidden="true">
      <canvas ref={canvas} />
      <div className="flame-minimap-box" ref={box} />
    </div>
  );
}

/** Draws the strip when the graph, its colours or the size change, and moves the box with each frame of the view. */
class MinimapDrawing {
  readonly #canvas: HTMLCanvasElement;
  readonly #box: HTMLElement;
  readonly #flame: FlameCanvas;
  readonly #context: Context;
  readonly #ends: (() => void)[];
  #part: ShownPart | null = null;
  #drawn = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #widthPx = 0;

  constructor(canvas: HTMLCanvasElement, box: HTMLElement, flame: FlameCanvas, context: Context) {
    this.#canvas = canvas;
    this.#box = box;
    this.#flame = flame;
    this.#context = context;
    const observer = new ResizeObserver(() => {
      this.#widthPx = canvas.parentElement?.clientWidth ?? 0;
      this.#soon();
      this.#moveBox();
    });
    observer.observe(canvas.parentElement ?? canvas);
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#goTo(event);
    };
    const onMove = (event: PointerEvent): void => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#goTo(event);
    };
    canvas.addEventListener('pointerdown', onDown);
    canvas.addEventListener('pointermove', onMove);
    this.#ends = [
      () => {
        observer.disconnect();
        canvas.removeEventListener('pointerdown', onDown);
        canvas.removeEventListener('pointermove', onMove);
      },
      flame.follow((part) => {
        this.#part = part;
        this.#moveBox();
        this.#soon();
      }),
      context.found.subscribe(() => {
        this.#soon();
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
  }

  /** What the picture depends on. */
  #key(): string {
    const { shownTheme, settings } = this.#context.store.getState();
    const { colourBy, framePalette, diffPalette } = settings;
    const { model, up } = this.#part ?? {};
    return JSON.stringify([
      model?.viewId,
      model?.graph.count,
      model?.certainty === null,
      up,
      this.#widthPx,
      devicePixelRatio,
      [shownTheme, colourBy, framePalette, diffPalette],
      this.#context.found.version(),
    ]);
  }

  #soon(): void {
    if (this.#timer !== undefined || this.#key() === this.#drawn) return;
    const delayMs = this.#part?.model.complete === false && this.#drawn !== '' ? growingEveryMs : 0;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, delayMs);
  }

  #draw(): void {
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (context === null || this.#part === null || this.#widthPx === 0) return;
    this.#drawn = this.#key();
    const { model, up, colours: palette } = this.#part;
    const width = Math.max(1, Math.round((this.#widthPx - 2 * sidePaddingPx) * devicePixelRatio));
    const height = Math.round(minimapPx * devicePixelRatio);
    this.#canvas.width = width;
    this.#canvas.height = height;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const { pane, hit } = readTokens(document.documentElement, ['pane', 'hit']);
    const matches = this.#context.found.get()?.matches;
    paintOverview(pixels, width, height, { model, palette, up, matches, background: pane.word, hit: hit.word });
    context.putImageData(image, 0, 0);
  }

  #moveBox(): void {
    if (this.#part === null || this.#widthPx === 0) return;
    const { model, viewport, heightPx, up } = this.#part;
    const widthPx = this.#widthPx - 2 * sidePaddingPx;
    const [left, right] = [viewport.from, viewport.to].map((x) => (x / Math.max(1e-300, rootWidth(model))) * widthPx);
    const contentPx = contentHeightPx(model);
    const mapPx = mapHeightPx(model);
    const topPx = (viewport.topPx / contentPx) * mapPx;
    const shownPx = Math.min(1, heightPx / contentPx) * mapPx;
    const boxPx = Math.max(leastBoxPx, (right ?? 0) - (left ?? 0));
    const boxLeft = Math.max(0, Math.min(widthPx - boxPx, ((left ?? 0) + (right ?? 0) - boxPx) / 2));
    const boxHeight = Math.max(leastBoxPx, shownPx);
    const fromTop = Math.min(minimapPx - boxHeight, up ? minimapPx - topPx - boxHeight : topPx);
    const { style, dataset } = this.#box;
    style.transform = `translate(${boxLeft.toFixed(1)}px, ${Math.max(0, fromTop).toFixed(1)}px)`;
    style.width = `${boxPx.toFixed(1)}px`;
    style.height = `${boxHeight.toFixed(1)}px`;
    dataset['whole'] = boxPx >= widthPx - 1 && boxHeight >= mapPx - 1 ? 'yes' : 'no';
  }

  #goTo({ offsetX, offsetY }: PointerEvent): void {
    if (this.#part === null) return;
    const { model, up } = this.#part;
    const share = Math.max(0, Math.min(1, offsetX / Math.max(1, this.#canvas.clientWidth)));
    const fromRootPx = up ? minimapPx - offsetY : offsetY;
    const down = Math.max(0, Math.min(1, fromRootPx / mapHeightPx(model)));
    this.#flame.showAround(share * rootWidth(model), down * contentHeightPx(model));
  }
}

/** All that is drawn, gaps of a time order with it. */
function rootWidth({ graph }: FlameModel): number {
  return graph.x1[0] ?? 0;
}

function contentHeightPx({ graph }: FlameModel): number {
  return graph.depthCount * framePitchPx + 2 * topPaddingPx;
}

/** What the picture itself takes of the strip: a shallow graph leaves room, its levels are no higher than this. */
function mapHeightPx({ graph }: FlameModel): number {
  return Math.min(minimapPx, graph.depthCount * mostLevelPx);
}

const mostLevelPx = 4;

interface OverviewPaint {
  readonly model: FlameModel;
  readonly palette: Palette;
  readonly up: boolean;
  /** By function index; undefined: nothing is searched for. */
  readonly matches: Uint8Array | undefined;
  readonly background: number;
  readonly hit: number;
}

/** Writes the whole graph into pixels. */
function paintOverview(pixels: Uint32Array, width: number, height: number, paint: OverviewPaint): void {
  const { model, palette, up, matches, background, hit } = paint;
  const rows = Math.min(height, Math.round(mapHeightPx(model) * devicePixelRatio));
  const nodes = overviewNodes(model.graph, width, rows);
  pixels.fill(background);
  for (let row = 0; row < rows; row++) {
    const line = (up ? height - 1 - row : row) * width;
    for (let column = 0; column < width; column++) {
      const node = nodes[row * width + column] ?? nowhere;
      if (node === nowhere) continue;
      const matched = matches?.[model.functionOf(node)] === 1;
      pixels[line + column] = matched ? hit : palette.fill(node);
    }
  }
}
