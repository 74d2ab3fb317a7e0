import type { CallNodes, CallTree } from '../../profile/call-tree.js';
import type { Profile } from '../../profile/profile.js';
import { buildCallNodes, callTreeOf } from '../../profile/call-tree.js';
import { functionPlaces } from '../../flame/view-functions.js';
import { sumUp } from '../../profile/sum-up.js';
import { toText } from '../../profile/testing/pictures.js';
import { applyOperations, type Operated, type OperatedOutcome, type Rewriter } from '../apply.js';
import { frameTable } from '../frames.js';
import { lineFrames } from '../grouping.js';
import type { Operation } from '../operation.js';
import { rewriteNodes } from '../rewrite.js';

/** The reference as a rewriter. */
export const reference: Rewriter = (nodes, rewrite) => Promise.resolve(rewriteNodes(nodes, rewrite));

/** A tree after operations, and its frames. */
export interface OperatedTree extends Operated {
  readonly tree: CallTree;
}

/** Applies operations to a profile's first sample type. */
export async function operate(
  profile: Profile,
  operations: readonly Operation[],
  rewriter: Rewriter = reference,
): Promise<{ readonly ok: true; readonly value: OperatedTree } | Extract<OperatedOutcome, { ok: false }>> {
  const functions = frameTable(profile.functions.name.length, functionPlaces(profile, toText));
  const lines = operations.some((operation) => operation.kind === 'group' && operation.by === 'line')
    ? lineFrames(functions, profile.locations)
    : undefined;
  const locations = lines === undefined ? profile.locations : { ...profile.locations, lineFunction: lines.lineFrame };
  const built = buildCallNodes({ ...profile, locations }, 1_000_000);
  if (!built.ok) throw new Error('a fixture has too many nodes');
  const base = callTreeOf(profile, built.nodes, 0);
  const nodes: CallNodes = base;
  const outcome = await applyOperations(
    { nodes, frames: lines?.frames ?? functions, weight: base.self },
    operations,
    rewriter,
  );
  if (!outcome.ok) return outcome;
  const operated = outcome.value;
  const { nodes: made, map } = operated;
  const values = map === undefined ? base : sumUp({ values: base.self, to: map, parent: made.parent });
  return { ok: true, value: { ...operated, tree: { ...made, self: values.self, total: values.total } } };
}

/** Stacks with their own value, by their names joined with ";", in tree order. */
export function stacksOf({ tree, frames }: OperatedTree): Map<string, number> {
  const path: string[] = [];
  const stacks = new Map<string, number>();
  for (let node = 0; node < tree.nodeCount; node++) {
    const depth = tree.depth[node] ?? 0;
    if (depth > 0) path[depth - 1] = frames.frameAt(tree.functionIndex[node] ?? 0).name;
    path.length = depth;
    const self = tree.self[node] ?? 0;
    if (self > 0) stacks.set(path.join(';'), self);
  }
  return stacks;
}
