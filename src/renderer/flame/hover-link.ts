import { pathOfNode } from '../../core/flame/navigate.js';
import type { FrameKey } from '../../contract/operations.js';
import type { Context } from '../state/context.js';
import { hoveredElsewhere, hoverFunction } from '../state/hovered-function.js';
import type { FlameModel } from './model.js';

/** What is to be marked because it is below the pointer of another view. */
export interface HoverMarks {
  /** Of a graph that this one is looked at together with: the path of the frame; null: none. */
  readonly onPath: (path: readonly string[] | null) => void;
  /** Another function than before, or none: see `functionIn`. */
  readonly onFunction: () => void;
}

/** Tells the views beside a graph what is below its pointer, and the graph what is below theirs. */
export class HoverLink {
  readonly #context: Context;
  readonly #ends: readonly (() => void)[];
  #toldPath: readonly string[] | null = null;
  #known:
    { readonly model: FlameModel; readonly names: number; readonly key: FrameKey; readonly index: number } | undefined;

  constructor(context: Context, { onPath, onFunction }: HoverMarks) {
    this.#context = context;
    const { hovered, hoveredFunction } = context;
    let shown: FrameKey | null = null;
    this.#ends = [
      hovered?.subscribe(() => {
        const path = hovered.get();
        if (path !== this.#toldPath) onPath(path);
      }) ?? (() => undefined),
      hoveredFunction.subscribe(() => {
        const key = hoveredElsewhere(context, this);
        if (key === shown) return;
        shown = key;
        onFunction();
      }),
    ];
  }

  /** Says what is below the pointer; the root and -1 are nothing. */
  tell(model: FlameModel | null, node: number): void {
    const something = model !== null && node > 0;
    hoverFunction(this.#context, this, something ? model.keyOf(node) : null);
    const { hovered } = this.#context;
    if (hovered === undefined) return;
    this.#toldPath = something ? pathOfNode(model.graph, node, model.nameOf) : null;
    hovered.set(this.#toldPath);
  }

  /** The function that is below the pointer of another view, by its number in the model; -1: none. */
  functionIn(model: FlameModel): number {
    const key = hoveredElsewhere(this.#context, this);
    if (key === null) return -1;
    const known = this.#known;
    const names = model.names.length;
    if (known?.model === model && known.names === names && known.key === key) return known.index;
    const index = model.indexOf(key);
    this.#known = { model, names, key, index };
    return index;
  }

  dispose(): void {
    hoverFunction(this.#context, this, null);
    for (const end of this.#ends) end();
  }
}
