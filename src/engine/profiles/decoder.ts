import type { Result } from '../../contract/result.js';
import type { FlameLayout, LayoutInput } from '../../core/flame/layout.js';
import { layoutFlame } from '../../core/flame/layout.js';
import { rewriteNodes, type Rewrite, type Rewritten } from '../../core/operations/rewrite.js';
import { buildCallNodes, type CallNodes, type CallNodesOutcome } from '../../core/profile/call-tree.js';
import type { Locations, Stacks } from '../../core/profile/profile.js';
import { callPathLimit, decodeInTypeScript, type DecodedProfile } from './decode.js';

/** What turns bytes into profiles and trees into graphs: the native addon, or TypeScript. Both answer alike. */
export interface ProfileDecoder {
  /** Which of the two, and if it is not the addon, why: every path that was tried. */
  readonly description: string;
  decode(bytes: Uint8Array): Promise<Result<DecodedProfile>>;
  layout(tree: LayoutInput): Promise<FlameLayout>;
  /** Call nodes anew, from locations whose lines stand for other frames than functions. */
  callNodes(stacks: Stacks, locations: Locations): Promise<CallNodesOutcome>;
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
    rewrite: (nodes, rewrite, signal) =>
      new Promise((resolve) => {
        signal?.throwIfAborted();
        resolve(rewriteNodes(nodes, rewrite));
      }),
  };
}
