import * as v from 'valibot';
import type { Matching as CoreMatching, Rename as CoreRename } from '../core/compare/match-functions.js';

const text = v.pipe(v.string(), v.maxLength(65_536));
/** See FunctionName of core/compare/function-keys. */
export const FunctionName = v.object({ name: v.pipe(text, v.minLength(1)), file: text });

/** See Rename of core/compare/match-functions. */
export const Rename = v.object({ from: FunctionName, to: FunctionName }) satisfies v.GenericSchema<unknown, CoreRename>;
export type Rename = v.InferOutput<typeof Rename>;

/** All that was told; more than anybody tells by hand. */
export const Renames = v.pipe(v.array(Rename), v.maxLength(2000));

/** See Matching of core/compare/match-functions. */
export const Matching = v.object({
  ignoreTypeArguments: v.boolean(),
  renames: Renames,
}) satisfies v.GenericSchema<unknown, CoreMatching>;
export type Matching = v.InferOutput<typeof Matching>;
