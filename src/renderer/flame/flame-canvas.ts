import { hitTest } from '../../core/flame/navigate.js';
import type { Context } from '../state/context.js';
import { withoutStep } from '../state/history-control.js';
import { deepestAtPath, frameAtPath, keepPath } from './find-frames.js';
import { publish } from './flame-dataset.js';
import { HoverLink } from './hover-link.js';
import type { FlameModel } from './model.js';
import { labelFont, paintFlame, type Surface } from './painter.js';
import { withMarked, withQuietCallers, type Palette } from './palette.js';
import { flameTokens, shownOutlines, shownPalette, shownQuiet, type FlameTokens } from './shown-palette.js';
import { mostSticky, topBelowSticky } from './sticky.js';
import { withLettering } from './stencils.js';
import { readTokens } from './theme-colours.js';
import {
  clampTop,
  easeViewport,
  framePitchPx,
  levelAt,
  partOf,
  positionAt,
  sameViewport,
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

/** What of which graph is on the canvas. */
export interface ShownPart {
  readonly model: FlameModel;
  readonly viewport: Viewport;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The root is at the bottom. */
  readonly up: boolean;
  /** As it is drawn: the callers of the zoomed frame are quiet. */
  readonly palette: Palette;
  /** The colours of all frames. */
  readonly colours: Palette;
  /** -1: none. */
  readonly selected: number;
  readonly zoomNode: number;
}

const nowhere: Viewport = { from: 0, to: 1, topPx: 0 };

/**
 * A flame graph on a canvas: draws when the model, the viewport or a setting changes, once a screen frame at most, and
 * moves the viewport. The canvas is as large as its box in device pixels, never larger.
 */
export class FlameCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: Context;
  readonly #onHover: (hover: Hover | null) => void;
  readonly #onRenumbered: () => void;
  readonly #link: HoverLink;
  readonly #ends: (() => void)[] = [];
  readonly #followers = new Set<(part: ShownPart | null) => void>();
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
  #tokens: FlameTokens | undefined;
  #palette: { readonly model: FlameModel; readonly key: string; readonly palette: Palette } | undefined;
  #drawnModel: FlameModel | null = null;
  #drawnStage: FlameModel['stage'] = 'whole';

  /** `onRenumbered`: node indices that somebody kept mean nothing any more. */
  constructor(
    canvas: HTMLCanvasElement,
    context: Context,
    onHover: (hover: Hover | null) => void,
    onRenumbered: () => void,
  ) {
    this.#canvas = canvas;
    this.#context = context;
    this.#onHover = onHover;
    this.#onRenumbered = onRenumbered;
    const { store, flame, found } = context;
    this.#link = new HoverLink(context, {
      onPath: (path) => {
        this.#followHover(path);
      },
      onFunction: () => {
        this.#schedule();
      },
    });
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
        // The picture is the same while the next one is made, and drawing it would take the processors from that.
        if (state.viewPhase !== before.viewPhase) this.#publish(this.model);
        if (state.shownTheme !== before.shownTheme || state.settings !== before.settings) this.#schedule();
      }),
    );
    // Canvas text neither waits for a font nor is drawn again when it comes.
    void document.fonts.load(labelFont).then(() => {
      this.#surface = this.#surface && withLettering(this.#surface);
      this.#schedule();
    });
    this.#resize();
    this.#onModel();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#link.dispose();
    for (const end of this.#ends) end();
  }

  get model(): FlameModel | null {
    return this.#context.flame.get();
  }

  /** Tells after each drawing what is shown. Returns what ends it. */
  follow(tell: (part: ShownPart | null) => void): () => void {
    this.#followers.add(tell);
    this.#schedule();
    return () => {
      this.#followers.delete(tell);
    };
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
    this.#link.tell(this.model, node);
    this.#schedule();
  }

  leave(): void {
    this.#onHover(null);
    this.#hovered = -1;
    this.#link.tell(null, -1);
    this.#schedule();
  }

  /** Marks the frame that is below the pointer of a graph beside this one. */
  #followHover(path: readonly string[] | null): void {
    const { model } = this;
    if (model === null) return;
    this.#hovered = path === null ? -1 : frameAtPath(model, path);
    this.#schedule();
  }

  /** Selects a node; the root and -1 select nothing. `goesOn`: on the way, with a key that is held down. */
  select(node: number, goesOn = false): void {
    const { model } = this;
    if (model === null) return;
    const selectedPath = keepPath(model, node);
    this.#context.store.setState((state) => (goesOn ? withoutStep(state, { selectedPath }) : { selectedPath }));
  }

  /** Zooms to a node; the root is the whole. */
  zoom(node: number): void {
    const { model } = this;
    if (model === null || node < 0) return;
    this.#context.store.setState({ zoomPath: keepPath(model, node) });
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

  /** Brings a position along the graph to the middle, as wide as before, and a line of it, CSS pixels from its root, to the middle. */
  showAround(position: number, linePx: number): void {
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    const span = this.#goal.to - this.#goal.from;
    this.#showPart(position - span / 2, position + span / 2);
    this.#scrollTo(linePx - this.#surface.heightPx / 2);
  }

  /** Scrolls to where the graph begins. */
  scrollToRoot(): void {
    this.#scrollTo(0);
  }

  /** Scrolls by a view, less a frame that stays to find one's way. */
  scrollPage(down: 1 | -1): void {
    if (this.#surface === undefined) return;
    const pagePx = this.#surface.heightPx - (mostSticky + 1) * framePitchPx;
    this.scroll(down * Math.max(framePitchPx, pagePx));
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
    this.#scrollTo(this.#goal.topPx + (this.#up ? -deltaDownPx : deltaDownPx));
  }

  #scrollTo(wantedPx: number): void {
    const { model } = this;
    if (model === null || this.#surface === undefined) return;
    const topPx = clampTop(model.graph, wantedPx, this.#surface.heightPx);
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
    const level = graph.depth[node] ?? 0;
    const lowest = (level + 2) * framePitchPx - this.#surface.heightPx;
    const highest = topBelowSticky(level);
    if (this.#goal.topPx > highest) this.#scrollTo(highest);
    else if (this.#goal.topPx < lowest) this.#scrollTo(lowest);
  }

  #onModel(): void {
    const { model } = this;
    // Node indices of what was drawn before mean nothing now.
    const another = model !== this.#drawnModel || model?.stage !== this.#drawnStage;
    this.#drawnModel = model;
    this.#drawnStage = model?.stage ?? 'whole';
    if (another) {
      this.#hovered = -1;
      this.#onHover(null);
      this.#onRenumbered();
    }
    this.#followZoom(false);
    this.#followSelection();
    // What the phase said with the model before was not true of this one.
    this.#publish(model);
    this.#schedule();
  }

  #followSelection(): void {
    const { model } = this;
    const { selectedPath } = this.#context.store.getState();
    this.#selected = model === null ? -1 : frameAtPath(model, selectedPath);
    this.#schedule();
  }

  /** Brings the viewport to the zoomed frame: in motion when the user moves, at once when the data changed. */
  #followZoom(inMotion: boolean): void {
    const { model } = this;
    if (model === null || model.graph.count === 0 || this.#surface === undefined) return;
    const { zoomPath } = this.#context.store.getState();
    this.#zoomNode = deepestAtPath(model, zoomPath);
    const { heightPx } = this.#surface;
    const goal = viewportOf(model.graph, this.#zoomNode, heightPx, this.#part);
    if (inMotion && sameViewport(goal, this.#viewport)) {
      // An operation lets go of a zoom that may not be there: pictures that are all alike would take a processor from it.
      this.#goal = goal;
      this.#animation = undefined;
    } else if (inMotion) {
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
    // What is drawn goes to the screen by itself, not through the page's own picture: where software draws, that picture would be painted
    // again in tiles for each frame (25 in place of 12 ms of CPU a frame at scale 2, of which 15 and 9 in this thread).
    const context = this.#canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (context === null) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.style.width = `${widthPx}px`;
    this.#canvas.style.height = `${heightPx}px`;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    this.#surface = withLettering({ context, image, pixels, widthPx, heightPx, ratio });
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
    this.#context.shownPart.set({ widthPx: surface.image.width, ...this.#part });
    const tokens = (this.#tokens ??= readTokens(document.documentElement, flameTokens));
    const { bg, hit, accent } = tokens;
    this.#publish(model);
    if (model === null || model.graph.count === 0) {
      surface.pixels.fill(bg.word);
      surface.context.putImageData(surface.image, 0, 0);
      for (const tell of this.#followers) tell(null);
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
    const colours = this.#paletteOf(model, tokens);
    const quiet = withQuietCallers(colours, model, this.#zoomNode, shownQuiet(shownTheme, tokens));
    const elsewhere = this.#link.functionIn(model);
    const palette = elsewhere < 0 ? quiet : withMarked(quiet, model, elsewhere, accent.word);
    const outlines = shownOutlines(shownTheme, tokens);
    const style = { background: bg.word, ...outlines, highlight, palette, up: this.#up };
    const names = paintFlame(surface, model, this.#viewport, style, this.#hovered, this.#selected);
    this.#canvas.dataset['names'] = String(names);
    const { widthPx, heightPx } = surface;
    for (const tell of this.#followers) {
      tell({
        model,
        viewport: this.#viewport,
        widthPx,
        heightPx,
        up: this.#up,
        palette,
        colours,
        selected: this.#selected,
        zoomNode: this.#zoomNode,
      });
    }
  }

  #paletteOf(model: FlameModel, tokens: FlameTokens): Palette {
    const { shownTheme, settings } = this.#context.store.getState();
    const key = `${shownTheme} ${settings.diffPalette} ${settings.colourBy} ${settings.framePalette}`;
    const known = this.#palette;
    if (known?.model === model && known.key === key) return known.palette;
    const palette = shownPalette(model, shownTheme, settings, tokens);
    this.#palette = { model, key, palette };
    return palette;
  }

  #publish(model: FlameModel | null): void {
    const marked = model === null ? '' : model.nameOf(this.#link.functionIn(model));
    publish(this.#canvas, model, this.#context.store.getState().viewPhase, marked);
  }
}

/** From the motion token, which is 0 when the machine asks for less motion. */
function zoomDurationMs(element: Element): number {
  return Number(getComputedStyle(element).getPropertyValue('--zoom-ms')) || 0;
}
