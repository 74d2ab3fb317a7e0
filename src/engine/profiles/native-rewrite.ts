import type { Rewrite, Rewritten } from '../../core/operations/rewrite.js';
import type { CallNodes } from '../../core/profile/call-tree.js';
import { watchNatively, type WorkControl } from './native-watch.js';
import type { Watch } from './watch.js';

/** How the addon does a rewrite: what a kind does not need is empty. */
export type NativeRewrite = (
  functionIndex: Uint32Array,
  parent: Uint32Array,
  subtreeEnd: Uint32Array,
  depth: Uint32Array,
  kind: number,
  marks: Uint8Array,
  ofFrame: Uint32Array,
  weight: Float64Array,
  narrowest: number,
  frame: number,
  control: WorkControl,
) => Promise<
  | (Omit<CallNodes, 'nodeCount'> & { readonly map: Uint32Array })
  | { readonly problem: 'out-of-memory' | 'unsound-tree' | 'cancelled' }
>;

/** By RewriteKind of src/native/rewrite.h. */
const rewriteCodes = [
  'keep',
  'drop',
  'focus',
  'hide',
  'merge',
  'collapse',
  'direct-recursion',
  'whole-recursion',
  'group',
  'invert',
] as const satisfies readonly Rewrite['kind'][];

/** Does one operation on a thread of the addon. */
export async function rewriteNatively(
  addon: { readonly rewrite: NativeRewrite },
  nodes: CallNodes,
  rewrite: Rewrite,
  watch?: Watch,
): Promise<Rewritten> {
  const answer = await watchNatively(watch, 'rewriting', (control) =>
    addon.rewrite(
      nodes.functionIndex,
      nodes.parent,
      nodes.subtreeEnd,
      nodes.depth,
      rewriteCodes.indexOf(rewrite.kind),
      'marks' in rewrite ? rewrite.marks : new Uint8Array(0),
      ofFrame(rewrite),
      rewrite.kind === 'invert' ? rewrite.weight : new Float64Array(0),
      rewrite.kind === 'invert' ? rewrite.narrowest : 0,
      frameOf(rewrite),
      control,
    ),
  );
  if ('problem' in answer) throw new Error(`rewrite: ${answer.problem}`);
  const { functionIndex, parent, subtreeEnd, depth, map } = answer;
  return { nodes: { nodeCount: parent.length, functionIndex, parent, subtreeEnd, depth }, map };
}

function ofFrame(rewrite: Rewrite): Uint32Array {
  if (rewrite.kind === 'group') return rewrite.frameOf;
  return 'functionOf' in rewrite ? rewrite.functionOf : new Uint32Array(0);
}

function frameOf(rewrite: Rewrite): number {
  if (rewrite.kind === 'collapse') return rewrite.frame;
  return rewrite.kind === 'invert' ? rewrite.frameCount : 0;
}
