import type { Result } from '../../contract/result.js';
import type { FlameLayout, LayoutInput } from '../../core/flame/layout.js';
import { layoutFlame } from '../../core/flame/layout.js';
import { rewriteNodes, type Rewrite, type Rewritten } from '../../core/operations/rewrite.js';
import {
  buildCallNodes,
  type CallNodes,
  type CallNodesOutcome,
  type CallTree,
  type ProfileCallNodes,
} from '../../core/profile/call-tree.js';
import { sumUp, type NodeValues, type ValuesInput } from '../../core/profile/sum-up.js';
import type { Locations, Profile, Stacks } from '../../core/profile/profile.js';
import { callPathLimit, decodeInTypeScript, type DecodedProfile } from './decode.js';

/** What turns bytes into profiles and trees into graphs: the native addon, or TypeScript. Both answer alike. */
export interface ProfileDecoder {
  /** Which of the two, and if it is not the addon, why: every path that was tried. */
  readonly description: string;
  decode(bytes: Uint8Array): Promise<Result<DecodedProfile>>;
  layout(tree: LayoutInput): Promise<FlameLayout>;
  /** Call nodes anew, from locations whose lines stand for other frames than functions. */
  callNodes(stacks: Stacks, locations: Locations): Promise<CallNodesOutcome>;
  /** Puts values onto call nodes. */
  values(input: ValuesInput): Promise<NodeValues>;
  /** One operation on call nodes. A signal ends it with an exception, the signal's reason. */
  rewrite(nodes: CallNodes, rewrite: Rewrite, signal?: AbortSignal): Promise<Rewritten>;
}

/** The decoder that needs no addon. `reason` is told with every profile. */
export function typeScriptDecoder(reason: string): ProfileDecoder {
  const description = reason === '' ? 'TypeScript' : `TypeScript, because ${reason}`;
  return {
    description,
    decode: (bytes) => decodeInTypeScript(bytes, description),
    layout: (tree) => Promise.resolve(layoutFlame(tree)),
    callNodes: (stacks, locations) => Promise.resolve(buildCallNodes({ stacks, locations }, callPathLimit)),
    values: (input) => Promise.resolve(sumUp(input)),
    rewrite: (nodes, rewrite, signal) =>
      new Promise((resolve) => {
        signal?.throwIfAborted();
        resolve(rewriteNodes(nodes, rewrite));
      }),
  };
}

/** The call tree of one sample type of a profile. */
export async function decodedTree(
  decoder: ProfileDecoder,
  { samples }: Pick<Profile, 'samples'>,
  { nodeCount, functionIndex, parent, subtreeEnd, depth, nodeOfStack }: ProfileCallNodes,
  valueIndex: number,
): Promise<CallTree> {
  const values = samples.values[valueIndex] ?? new Float64Array(samples.stack.length);
  const summed = await decoder.values({ values, to: samples.stack, via: nodeOfStack, parent });
  return { nodeCount, functionIndex, parent, subtreeEnd, depth, ...summed };
}
