import { childrenOf, levelRange } from '../../core/flame/navigate.js';
import type { FlameModel } from './model.js';

/** What a key does on the flame graph. */
export type FlameCommand =
  | { readonly kind: 'select'; readonly node: number }
  | { readonly kind: 'zoom'; readonly node: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'copy'; readonly text: string };

/** Keys as in a tree: up to the caller, down to the widest callee, left and right on the level. */
export function flameCommand(key: string, model: FlameModel, selected: number, zoomNode: number): FlameCommand | null {
  const { graph } = model;
  if (graph.count === 0) return null;
  const at = selected < 0 ? zoomNode : selected;
  switch (key) {
    case 'ArrowUp':
      return { kind: 'select', node: graph.parent[at] ?? 0 };
    case 'ArrowDown': {
      const { first, end } = childrenOf(graph, at);
      return first < end ? { kind: 'select', node: first } : null;
    }
    case 'ArrowLeft':
    case 'ArrowRight': {
      const { first, end } = levelRange(graph, graph.depth[at] ?? 0);
      const node = at + (key === 'ArrowLeft' ? -1 : 1);
      return node >= first && node < end ? { kind: 'select', node } : null;
    }
    case 'Enter':
      return { kind: 'zoom', node: at };
    case 'Backspace':
      return zoomNode === 0 ? null : { kind: 'zoom', node: graph.parent[zoomNode] ?? 0 };
    case 'Escape':
    case 'Home':
      return { kind: 'reset' };
    case 'c':
      return { kind: 'copy', text: model.nameOf(model.functionOf(at)) };
    default:
      return null;
  }
}
