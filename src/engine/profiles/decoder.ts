import type { Result } from '../../contract/result.js';
import { alignTrees, type AlignedSide, type AlignedTrees } from '../../core/compare/align-trees.js';
import { robustReference, type Reference } from '../../core/compare/robust-reference.js';
import type { FlameLayout, LayoutInput, LayoutPart } from '../../core/flame/layout.js';
import { layoutInSteps } from '../../core/flame/layout.js';
import { layoutRowsInSteps, type FlameRows } from '../../core/flame/rows.js';
import { rewriteInSteps, type Rewrite, type Rewritten } from '../../core/operations/rewrite.js';
import {
  callNodesInSteps,
  type CallNodes,
  type CallNodesOutcome,
  type CallTree,
  type ProfileCallNodes,
} from '../../core/profile/call-tree.js';
import { sumUp, type NodeValues, type ValuesInput } from '../../core/profile/sum-up.js';
import type { Locations, Profile, Samples, Stacks } from '../../core/profile/profile.js';
import { callPathLimit, decodeInTypeScript, type DecodedProfile } from './decode.js';
import { inTurns } from './in-turns.js';
import type { Watch } from './watch.js';

/**
 * What turns bytes into profiles and trees into graphs: the native addon, or TypeScript. Both answer alike. A watch's signal ends the
 * work with an exception, the signal's reason: TypeScript decodes, builds call nodes, lays out and rewrites in turns with others; values, and
 * two trees as one, it does at once, in a tenth of a second of a million nodes and a second.
 */
export interface ProfileDecoder {
  /** Which of the two, and if it is not the addon, why: every path that was tried. */
  readonly description: string;
  decode(bytes: Uint8Array, watch?: Watch): Promise<Result<DecodedProfile>>;
  layout(tree: LayoutInput, watch?: Watch, part?: LayoutPart): Promise<FlameLayout>;
  /** The whole of a tree whose rows are known: what `layout` answers. Columns may be those of the rows. */
  layoutRows(rows: FlameRows, tree: LayoutInput, watch?: Watch): Promise<FlameLayout>;
  /** Call nodes anew, from locations whose lines stand for other frames than functions. */
  callNodes(stacks: Stacks, locations: Locations, watch?: Watch): Promise<CallNodesOutcome>;
  /** Puts values onto call nodes. */
  values(input: ValuesInput): Promise<NodeValues>;
  /** Two call trees as one. */
  align(comparison: AlignedSide, baseline: AlignedSide, functionCount: number): Promise<AlignedTrees>;
  /** What of the merged tree's own values did not move; see robustReference. A sample is worth so much on each side. */
  reference(
    baseline: Float64Array,
    comparison: Float64Array,
    parent: Uint32Array,
    worths: readonly [number, number],
  ): Promise<Reference | undefined>;
  /** One operation on call nodes. */
  rewrite(nodes: CallNodes, rewrite: Rewrite, watch?: Watch): Promise<Rewritten>;
}

/** The decoder that needs no addon. `reason` is told with every profile. */
export function typeScriptDecoder(reason: string): ProfileDecoder {
  const description = reason === '' ? 'TypeScript' : `TypeScript, because ${reason}`;
  return {
    description,
    decode: (bytes, watch) => decodeInTypeScript(bytes, description, watch),
    layout: (tree, watch, part) => inTurns(layoutInSteps(tree, part), watch, { step: 'laying-out' }),
    layoutRows: (rows, tree, watch) => inTurns(layoutRowsInSteps(rows, tree), watch, { step: 'laying-out' }),
    callNodes: (stacks, locations, watch) => inTurns(callNodesInSteps({ stacks, locations }, callPathLimit), watch),
    values: (input) => Promise.resolve(sumUp(input)),
    align: (comparison, baseline, functionCount) => Promise.resolve(alignTrees(comparison, baseline, functionCount)),
    reference: (...given) => Promise.resolve(robustReference(...given)),
    rewrite: (nodes, rewrite, watch) => inTurns(rewriteInSteps(nodes, rewrite), watch, { step: 'rewriting' }),
  };
}

/** The call tree of one sample type of a profile. */
export async function decodedTree(
  decoder: ProfileDecoder,
  { samples }: Pick<Profile, 'samples'>,
  nodes: ProfileCallNodes,
  valueIndex: number,
): Promise<CallTree> {
  return treeOfValues(decoder, samples, nodes, samples.values[valueIndex] ?? new Float64Array(samples.stack.length));
}

/** The call tree of other values of a profile's samples, one a sample. */
export async function treeOfValues(
  decoder: ProfileDecoder,
  samples: Pick<Samples, 'stack'>,
  { nodeCount, functionIndex, parent, subtreeEnd, depth, nodeOfStack }: ProfileCallNodes,
  values: Float64Array,
): Promise<CallTree> {
  const summed = await decoder.values({ values, to: samples.stack, via: nodeOfStack, parent });
  return { nodeCount, functionIndex, parent, subtreeEnd, depth, ...summed };
}
