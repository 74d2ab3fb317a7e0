import type { Profile } from '../../profile/profile.js';
import { totalsOf } from '../../profile/call-tree.js';
import { nameOfFunction, treeOf } from '../../profile/testing/pictures.js';
import { moveValues } from '../apply.js';
import { rewriteNodes } from '../rewrite.js';

/** Totals of an inverted tree by path, with callers narrower than `narrowest` left to the frames below them. */
export function invertWithin(profile: Profile, narrowest: number): Map<string, number> {
  const tree = treeOf(profile);
  const frameCount = profile.functions.name.length;
  const { nodes, map } = rewriteNodes(tree, { kind: 'invert', weight: tree.self, narrowest, frameCount });
  const total = totalsOf(nodes.parent, moveValues(tree.self, map, nodes.nodeCount));
  const path: string[] = [];
  const totals = new Map<string, number>();
  for (let node = 0; node < nodes.nodeCount; node++) {
    const depth = nodes.depth[node] ?? 0;
    if (depth > 0) path[depth - 1] = nameOfFunction(profile, nodes.functionIndex[node] ?? 0);
    path.length = depth;
    totals.set(path.join(';'), total[node] ?? 0);
  }
  return totals;
}
