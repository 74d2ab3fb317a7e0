import { f64At, u32At, u8At } from '../profile/columns.js';
import type { FlameGraph } from './flame-graph.js';

/** What a search found. */
export interface SearchResult {
  /** Frames that match. */
  readonly frames: number;
  /** Functions that match and have a frame. */
  readonly functions: number;
  /** Width that lies in or under a matching frame; what lies under two of them counts once. Unit of the graph. */
  readonly total: number;
  /** `total` as a share of the whole, 0 for an empty graph. */
  readonly share: number;
  /** By function index: 1 where it matches. What the painter highlights. */
  readonly matches: Uint8Array;
}

/**
 * Counts the frames of matching functions and adds up what they cover. Over the nodes that have arrived. `whole`: what was measured in all,
 * where that is less than the width of the root, which goes over the gaps of a time order.
 */
export function searchFlame(
  graph: FlameGraph,
  matches: Uint8Array,
  whole = graph.count > 0 ? f64At(graph.x1, 0) - f64At(graph.x0, 0) : 0,
): SearchResult {
  const covered = new Uint8Array(graph.count);
  const seen = new Uint8Array(matches.length);
  let frames = 0;
  let functions = 0;
  let total = 0;
  for (let node = 0; node < graph.count; node++) {
    const callee = u32At(graph.functionIndex, node);
    const above = node === 0 ? 0 : u8At(covered, u32At(graph.parent, node));
    if (matches[callee] !== 1) {
      covered[node] = above;
      continue;
    }
    covered[node] = 1;
    frames++;
    if (above === 0) total += node === 0 ? whole : f64At(graph.x1, node) - f64At(graph.x0, node);
    if (u8At(seen, callee) === 0) functions++;
    seen[callee] = 1;
  }
  return { frames, functions, total, share: whole > 0 ? total / whole : 0, matches };
}
