import { rowsOf, widthsOfAll, type FlameRows } from '../../core/flame/rows.js';
import type { FlameLayout, LayoutInput } from '../../core/flame/layout.js';
import type { ProfileDecoder } from './decoder.js';
import type { Watch } from './watch.js';

/** By the subtreeEnd column of a tree, which trees of one shape share: its rows, or that it was laid out without some of its nodes. */
const keptRows = new WeakMap<Uint32Array, FlameRows | 'seen'>();

/**
 * Lays out all of a tree. What depends on its shape alone is found with its first layout and kept as long as the tree is (20 bytes a
 * node), so that other values of the same call nodes, of another sample type, a range of windows or another scale, are only placed.
 * Where the first values leave nodes out, the rows of all are made when other values come. A watch's signal ends it with its reason.
 */
export async function layOutWhole(decoder: ProfileDecoder, tree: LayoutInput, watch?: Watch): Promise<FlameLayout> {
  const kept = keptRows.get(tree.subtreeEnd);
  if (kept !== undefined && kept !== 'seen') return decoder.layoutRows(kept, tree, watch);
  if (kept === undefined) {
    const laidOut = await decoder.layout(tree, watch);
    keptRows.set(tree.subtreeEnd, rowsOf(laidOut, tree.nodeCount) ?? 'seen');
    return laidOut;
  }
  const rows = rowsOf(await decoder.layout({ ...tree, total: widthsOfAll(tree) }, watch), tree.nodeCount);
  if (rows === undefined) return decoder.layout(tree, watch); // widths without end leave no room for all
  keptRows.set(tree.subtreeEnd, rows);
  return decoder.layoutRows(rows, tree, watch);
}
