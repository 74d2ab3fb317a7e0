import { totalsOf } from './call-tree.js';
import { f64At, u32At } from './columns.js';

/** In place of a node: a value belongs nowhere. */
export const nowhere = 0xffffffff;

/** Own values and totals by call node. */
export interface NodeValues {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/** Values, and the node that each belongs to: to[i] or, where there is a `via`, via[to[i]]; `nowhere` is left out. */
export interface ValuesInput {
  readonly values: Float64Array;
  readonly to: Uint32Array;
  readonly via?: Uint32Array;
  /** Of the nodes: smaller than its node everywhere but at 0. */
  readonly parent: Uint32Array;
}

/** Adds values to their nodes, and nodes to their callers. The reference for `src/native/values.cc`. */
export function sumUp({ values, to, via, parent }: ValuesInput): NodeValues {
  const self = new Float64Array(parent.length);
  for (let i = 0; i < values.length; i++) {
    const at = via === undefined ? u32At(to, i) : u32At(via, u32At(to, i));
    if (at !== nowhere) self[at] = f64At(self, at) + f64At(values, i);
  }
  return { self, total: totalsOf(parent, self) };
}
