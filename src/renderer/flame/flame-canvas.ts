import { hitTest, nodeAtPath, pathOfNode } from '../../core/flame/navigate.js';
import type { Context } from '../state/context.js';
import type { FlameModel } from './model.js';
import { labelFont, paintFlame, type Surface } from './painter.js';
import { diffPaletteOf, flamePalette, withQuietCallers, type Palette } from './palette.js';
import { readTokens, type TokenColour } from './theme-colours.js';
import {
  clampTop,
  easeViewport,
  framePitchPx,
  levelAt,
  partOf,
  positionAt,
  sidePaddingPx,
  viewportOf,
  wholePart,
  type Viewport,
} from './viewport.js';

/** What is below the pointer, in CSS pixels of the canvas. */
export interface Hover {
  readonly node: number;
  readonly xPx: number;
  readonly yPx: number;
}

const tokenNames = ['bg', 'text', 'hit', 'mute'] as const;
const nowhere: Viewport = { from: 0, to: 1, topPx: 0 };

/**
 * A flame graph on a canvas: draws when the model, the viewport or a setting changes, once a screen frame at most, and
 * moves the viewport. The canvas is as large as its box in device pixels, never larger.
 */
export class FlameCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: Context;
  readonly #onHover: (hover: Hover | null) => void;
  readonly #ends: (() => void)[] = [];
  #surface: Surface | undefined;
  #viewport = nowhere;
  #goal = nowhere;
  #zoomNode = 0;
  /** The part of the zoomed frame that is shown. */
  #part = wholePart;
  #hovered = -1;
  #selected = -1;
  #frame = 0;
  #animation: { readonly start: Viewport; readonly beginMs: number; readonly durationMs: number } | undefined;
  #tokens: Record<(typeof tokenNames)[number], TokenColour> | undefined;
  #palette: { readonly model: FlameModel; readonly key: string; readonly palette: Palette } | undefined;
  #drawnModel: FlameModel | null = null;

  constructor(canvas: HTMLCanvasElement, context: Context, onHover: (hover: Hover | null) => void) {
    this.#canvas = canvas;
    this.#context = context;
    this.#onHover = onHover;
    const { store, flame, found } = context;
    const observer = new ResizeObserver(() => {
      this.#resize();
    });
    observer.observe(canvas.parentElement ?? canvas);
    this.#ends.push(
      () => {
        observer.disconnect();
      },
      flame.subscribe(() => {
        this.#onModel();
      }),
      found.subscribe(() => {
        this.#schedule();
      }),
      store.subscribe((state, before) => {
        if (state.shownTheme !== before.shownTheme) this.#tokens = undefined;
        if (state.zoomPath !== before.zoomPath) {
          this.#part = wholePart;
          this.#followZoom(true);
        }
        if (state.selectedPath !== before.selectedPath) {
          this.#followSelection();
          if (this.#selected > 0) this.#reveal(this.#selected);
        }
        if (state.viewPhase !== before.viewPhase) this.#publish(this.model);
        const repainted = state.shownTheme !== before.shownTheme || state.settings !== before.settings;
        if (repainted || state.viewPhase !== before.viewPhase) this.#schedule();
      }),
    );
    // Canvas text neither waits for a font nor is drawn again when it comes.
    void document.fonts.load(labelFont).then(() => {
      this.#schedule();
    });
    this.#resize();
    this.#onModel();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    for (const end of this.#ends) end();
  }

  get model(): FlameModel | null {
    return this.#context.flame.get();
  }

  get selected(): number {
    return this.#selected;
  }

  get zoomNode(): number {
    return this.#zoomNode;
  }

  /** The node at a point of the canvas, or -1. */
  nodeAt(xPx: number, yPx: number): number {
    const { model } = this;
    if (model === null || this.#surface === undefined) return -1;
    const level = levelAt(this.#viewport, yPx, this.#surface.heightPx, this.#up);
    if (level < 0 || level >= model.graph.depthCount) return -1;
    return hitTest(model.graph, level, positionAt(this.#viewport, xPx, this.#surface.widthPx));
  }

  hover(xPx: number, yPx: number): void {
    const node = this.nodeAt(xPx, yPx);
    this.#onHover(node < 0 ? null : { node, xPx, yPx });
    if (node === this.#hovered) return;
    this.#hovered = node;
    this.#schedule();
  }

  leave(): void {
    this.#onHover(null);
    this.#hovered = -1;
    this.#schedule();
  }

  /** Selects a node; the root and -1 select nothing. */
  select(node: number): void {
    const { model } = this;
    if (model === null) return;
    const selectedPath = node <= 0 ? [] : pathOfNode(model.graph, node, model.nameOf);
    this.#context.store.setState({ selectedPath });
    // Of siblings with one name the path finds the widest; what was pressed is known.
    this.#selected = node <= 0 ? -1 : node;
    if (node > 0) this.#reveal(node);
    this.#schedule();
  }

  /** Zooms to a node; the root is the whole. */
  zoom(node: number): void {
    const { model } = this;
    if (model === null || node < 0) return;
    this.#context.store.setState({ zoomPath: pathOfNode(model.graph, node, model.nameOf) });
  }

  /** Zooms to the whole and lets go of the selection. */
  showWhole(): void {
    this.#part = wholePart;
    this.#context.store.setState({ zoomPath: [], selectedPath: [] });
    this.#followZoom(true);
  }

  /** Where a node's box begins on the canvas, CSS pixels, for what opens beside it. */
  placeOf(node: number): { readonly xPx: number; readonly yPx: number } {
    const { model } = this;
    if (model === null || this.#surface === undefined) return { xPx: 0, yPx: 0 };
    const { widthPx, heightPx } = this.#surface;
    const { from, to, topPx } = this.#goal;
    const x = (((model.graph.x0[node] ?? 0) - from) / (to - from)) * (widthPx - 2 * sidePaddingPx) + sidePaddingPx;
    const y = ((model.graph.depth[node] ?? 0) + 1) * framePitchPx - topPx;
    return { xPx: Math.max(sidePaddingPx, Math.min(widthPx / 2, x)), yPx: this.#up ? heightPx - y : y };
  }

  /** Zooms by a factor around a CSS pixel of the canvas; without one around the middle. Goes on to the last sample. */
  zoomAround(factor: number, xPx?: number): void {
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    const { from, to } = this.#goal;
    const { widthPx } = this.#surface;
    const at = positionAt(this.#goal, xPx ?? widthPx / 2, widthPx);
    this.#showPart(at - (at - from) / factor, at + (to - at) / factor);
  }

  /** Moves what is shown by CSS pixels. */
  pan(deltaXPx: number, deltaYPx: number): void {
    if (this.#surface === undefined) return;
    const { from, to } = this.#goal;
    const by = (deltaXPx / Math.max(1, this.#surface.widthPx - 2 * sidePaddingPx)) * (to - from);
    if (by !== 0) this.#showPart(from + by, to + by);
    if (deltaYPx !== 0) this.scroll(deltaYPx);
  }

  #showPart(from: number, to: number): void {
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    this.#part = partOf(model.graph, this.#zoomNode, from, to);
    const { topPx } = this.#goal;
    this.#goal = { ...viewportOf(model.graph, this.#zoomNode, this.#surface.heightPx, this.#part), topPx };
    this.#viewport = this.#goal;
    this.#animation = undefined;
    this.#onHover(null);
    this.#schedule();
  }

  get #up(): boolean {
    return this.#context.store.getState().settings.orientation === 'flame';
  }

  /** Scrolls by CSS pixels, down. */
  scroll(deltaDownPx: number): void {
    const deltaPx = this.#up ? -deltaDownPx : deltaDownPx;
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    const topPx = clampTop(model.graph, this.#goal.topPx + deltaPx, this.#surface.heightPx);
    if (topPx === this.#goal.topPx) return;
    this.#goal = { ...this.#goal, topPx };
    if (this.#animation === undefined) this.#viewport = this.#goal;
    this.#onHover(null);
    this.#schedule();
  }

  /** Scrolls, and pans or zooms out, until a node can be seen. */
  #reveal(node: number): void {
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    const { graph } = model;
    const [x0, x1] = [graph.x0[node] ?? 0, graph.x1[node] ?? 0];
    const { from, to } = this.#goal;
    const isCaller = (graph.depth[node] ?? 0) < (graph.depth[this.#zoomNode] ?? 0);
    if (!isCaller && (x1 <= from || x0 >= to)) {
      const span = Math.max(to - from, x1 - x0);
      const middle = (x0 + x1) / 2;
      this.#showPart(middle - span / 2, middle + span / 2);
    }
    const top = (graph.depth[node] ?? 0) * framePitchPx;
    const { heightPx } = this.#surface;
    const by =
      top < this.#goal.topPx
        ? top - this.#goal.topPx - framePitchPx
        : Math.max(0, top + 2 * framePitchPx - this.#goal.topPx - heightPx);
    if (by !== 0) this.scroll(this.#up ? -by : by);
  }

  #onModel(): void {
    const { model } = this;
    const another = model !== this.#drawnModel;
    this.#drawnModel = model;
    if (another) {
      this.#hovered = -1;
      this.#onHover(null);
    }
    this.#followZoom(false);
    this.#followSelection();
    this.#schedule();
  }

  #followSelection(): void {
    const { model } = this;
    const { selectedPath } = this.#context.store.getState();
    this.#selected = -1;
    if (model !== null && selectedPath.length > 0) {
      const found = nodeAtPath(model.graph, selectedPath, model.nameOf);
      if (found.matched === selectedPath.length) this.#selected = found.node;
    }
    this.#schedule();
  }

  /** Brings the viewport to the zoomed frame: in motion when the user moves, at once when the data changed. */
  #followZoom(inMotion: boolean): void {
    const { model } = this;
    if (model === null || model.graph.count === 0 || this.#surface === undefined) return;
    const { zoomPath } = this.#context.store.getState();
    this.#zoomNode = nodeAtPath(model.graph, zoomPath, model.nameOf).node;
    const { heightPx } = this.#surface;
    const goal = viewportOf(model.graph, this.#zoomNode, heightPx, this.#part);
    if (inMotion) {
      this.#goal = goal;
      this.#animation = { start: this.#viewport, beginMs: performance.now(), durationMs: zoomDurationMs(this.#canvas) };
    } else {
      // New data under an unmoved view: the scroll position stays.
      this.#goal = { ...goal, topPx: clampTop(model.graph, this.#goal.topPx, heightPx) };
      this.#viewport = this.#goal;
      this.#animation = undefined;
    }
    this.#schedule();
  }

  #resize(): void {
    const box = this.#canvas.parentElement ?? this.#canvas;
    const ratio = devicePixelRatio;
    const widthPx = box.clientWidth;
    const heightPx = box.clientHeight;
    if (widthPx === 0 || heightPx === 0) return;
    const width = Math.round(widthPx * ratio);
    const height = Math.round(heightPx * ratio);
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (context === null) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.style.width = `${widthPx}px`;
    this.#canvas.style.height = `${heightPx}px`;
    const image = new ImageData(width, height);
    this.#surface = {
      context,
      image,
      pixels: new Uint32Array(image.data.buffer),
      widthPx,
      heightPx,
      ratio,
    };
    // Below the pointer is something else now.
    this.leave();
    this.#followZoom(false);
    this.#draw(performance.now());
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame((nowMs) => {
      this.#frame = 0;
      this.#draw(nowMs);
    });
  }

  #draw(nowMs: number): void {
    const surface = this.#surface;
    if (surface === undefined) return;
    const { model } = this;
    this.#tokens ??= readTokens(document.documentElement, tokenNames);
    const { bg, text, hit, mute } = this.#tokens;
    this.#publish(model);
    if (model === null || model.graph.count === 0) {
      surface.pixels.fill(bg.word);
      surface.context.putImageData(surface.image, 0, 0);
      return;
    }
    if (this.#animation !== undefined) {
      const { start, beginMs, durationMs } = this.#animation;
      const t = durationMs === 0 ? 1 : (nowMs - beginMs) / durationMs;
      this.#viewport = easeViewport(start, this.#goal, Math.max(0, t));
      if (t >= 1) this.#animation = undefined;
      else this.#schedule();
    }
    const found = this.#context.found.get();
    const highlight =
      found === null ? null : { matches: found.matches, bar: hit.word, barHeight: Math.round(2.5 * surface.ratio) };
    const { shownTheme } = this.#context.store.getState();
    const palette = withQuietCallers(this.#paletteOf(model), model, this.#zoomNode, shownTheme);
    const style = { background: bg.word, selection: text.css, hover: mute.css, highlight, palette, up: this.#up };
    paintFlame(surface, model, this.#viewport, style, this.#hovered, this.#selected);
  }

  #paletteOf(model: FlameModel): Palette {
    const { shownTheme, settings } = this.#context.store.getState();
    const key = `${shownTheme} ${settings.diffPalette} ${settings.colourBy} ${settings.framePalette}`;
    const known = this.#palette;
    if (known?.model === model && known.key === key) return known.palette;
    const palette = model.isDiff
      ? diffPaletteOf(model, shownTheme, settings.diffPalette)
      : flamePalette(model, shownTheme, settings);
    this.#palette = { model, key, palette };
    return palette;
  }

  /** What a test or a script can ask of the canvas. */
  #publish(model: FlameModel | null): void {
    const { dataset } = this.#canvas;
    const { viewPhase } = this.#context.store.getState();
    // While the next one is loading, what is drawn is still the last.
    dataset['next'] = viewPhase === 'loading' ? 'loading' : 'none';
    dataset['total'] = String(model?.total ?? 0);
    dataset['nodes'] = String(model?.graph.count ?? 0);
    dataset['state'] = stateOf(model, viewPhase);
    // Whether all that the screen can show has arrived.
    dataset['shown'] = model?.complete === true ? 'yes' : 'no';
  }
}

function stateOf(model: FlameModel | null, phase: string): 'ready' | 'loading' | 'empty' {
  if (model === null) return phase === 'loading' ? 'loading' : 'empty';
  if (!model.complete) return 'loading';
  return model.total > 0 ? 'ready' : 'empty';
}

/** From the motion token, which is 0 when the machine asks for less motion. */
function zoomDurationMs(element: Element): number {
  return Number(getComputedStyle(element).getPropertyValue('--zoom-ms')) || 0;
}
