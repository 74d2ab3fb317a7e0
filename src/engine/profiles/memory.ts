import type { CallNodes, CallTree } from '../../core/profile/call-tree.js';
import type { DecodedProfile } from './decode.js';

/** Anything with typed arrays in it, at any depth of plain objects. */
function columnBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const part of Object.values(value)) bytes += columnBytes(part);
  return bytes;
}

/** What is kept of a layout with the call nodes it is of: the columns of FlameRows. */
const rowBytes = 5 * 4;

/** Bytes that a decoded profile holds in columns, the rows of its layout among them; what else it holds is small beside them. */
export function profileBytes({ profile, nodes }: DecodedProfile): number {
  return columnBytes(profile) + columnBytes(nodes) + rowBytes * nodes.nodeCount;
}

/** Bytes that a call tree adds to the call nodes it shares its shape with. */
export function treeBytes(tree: CallTree, shape: CallNodes): number {
  return columnBytes(tree) - columnBytes({ ...shape, nodeOfStack: undefined });
}
