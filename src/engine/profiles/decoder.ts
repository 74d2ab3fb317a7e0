import type { Result } from '../../contract/result.js';
import type { FlameLayout, LayoutInput } from '../../core/flame/layout.js';
import { layoutFlame } from '../../core/flame/layout.js';
import { decodeInTypeScript, type DecodedProfile } from './decode.js';

/** What turns bytes into profiles and trees into graphs: the native addon, or TypeScript. Both answer alike. */
export interface ProfileDecoder {
  /** Which of the two, and if it is not the addon, why: every path that was tried. */
  readonly description: string;
  decode(bytes: Uint8Array): Promise<Result<DecodedProfile>>;
  layout(tree: LayoutInput): Promise<FlameLayout>;
}

/** The decoder that needs no addon. `reason` is told with every profile. */
export function typeScriptDecoder(reason: string): ProfileDecoder {
  const description = reason === '' ? 'TypeScript' : `TypeScript, because ${reason}`;
  return {
    description,
    decode: (bytes) => decodeInTypeScript(bytes, description),
    layout: (tree) => Promise.resolve(layoutFlame(tree)),
  };
}
