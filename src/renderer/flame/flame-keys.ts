import { childrenOf, levelRange } from '../../core/flame/navigate.js';
import type { FlameModel } from './model.js';

/** What a key does on the flame graph. */
export type FlameCommand =
  | { readonly kind: 'select'; readonly node: number }
  | { readonly kind: 'zoom'; readonly node: number }
  /** By a factor, around the middle. */
  | { readonly kind: 'magnify'; readonly factor: number }
  /** By steps, to the right and down. */
  | { readonly kind: 'pan'; readonly right: number; readonly down: number }
  /** By a view, down. */
  | { readonly kind: 'page'; readonly down: 1 | -1 }
  | { readonly kind: 'menu'; readonly node: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'copy'; readonly text: string };

/** What there is to know of a press. */
export interface FlameKey {
  readonly key: string;
  readonly shiftKey: boolean;
  /** Whether keys that are letters or signs do anything. */
  readonly singleKeys: boolean;
  /** The root is at the bottom, so that up is to the callees. */
  readonly up: boolean;
}

const magnification = 1.5;

/** Keys as in a tree: to the caller, to the widest callee, left and right on the level; letters and signs move what is shown. */
export function flameCommand(
  press: FlameKey,
  model: FlameModel,
  selected: number,
  zoomNode: number,
): FlameCommand | null {
  const { graph } = model;
  if (graph.count === 0) return null;
  const at = selected < 0 ? zoomNode : selected;
  const { key, shiftKey, up } = press;
  if (key === 'ContextMenu' || (key === 'F10' && shiftKey)) return { kind: 'menu', node: at };
  switch (key) {
    case 'ArrowUp':
    case 'ArrowDown': {
      const node = (key === 'ArrowDown') === up ? (graph.parent[at] ?? 0) : widestCallee(model, at);
      return node === at && node !== 0 ? null : { kind: 'select', node };
    }
    case 'ArrowLeft':
    case 'ArrowRight': {
      const { first, end } = levelRange(graph, graph.depth[at] ?? 0);
      const node = at + (key === 'ArrowLeft' ? -1 : 1);
      return node >= first && node < end ? { kind: 'select', node } : null;
    }
    case 'PageDown':
      return { kind: 'page', down: 1 };
    case 'PageUp':
      return { kind: 'page', down: -1 };
    case 'Enter':
      return { kind: 'zoom', node: at };
    case 'Backspace':
      return zoomNode === 0 ? null : { kind: 'zoom', node: graph.parent[zoomNode] ?? 0 };
    case 'Escape':
    case 'Home':
      return { kind: 'reset' };
    default:
      return press.singleKeys && key.length === 1 ? letterCommand(key.toLowerCase(), model, at) : null;
  }
}

function widestCallee({ graph }: FlameModel, node: number): number {
  const { first, end } = childrenOf(graph, node);
  return first < end ? first : node;
}

function letterCommand(key: string, model: FlameModel, at: number): FlameCommand | null {
  switch (key) {
    case 'w':
      return { kind: 'pan', right: 0, down: -1 };
    case 's':
      return { kind: 'pan', right: 0, down: 1 };
    case 'a':
      return { kind: 'pan', right: -1, down: 0 };
    case 'd':
      return { kind: 'pan', right: 1, down: 0 };
    case '+':
    case '=':
      return { kind: 'magnify', factor: magnification };
    case '-':
      return { kind: 'magnify', factor: 1 / magnification };
    case '0':
      return { kind: 'reset' };
    case 'c':
      return { kind: 'copy', text: model.nameOf(model.functionOf(at)) };
    default:
      return null;
  }
}
