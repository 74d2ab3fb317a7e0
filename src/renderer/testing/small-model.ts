import type { FlameHeader, FlamePiece } from '../../contract/decoder.js';
import { FlameModel } from '../flame/model.js';

/** root(10) with a(6) and b(4), a with c(2): the example of FlamePiece. */
export const smallPiece: FlamePiece = {
  viewId: 'v',
  first: 0,
  last: true,
  x0: Float64Array.of(0, 0, 6, 0),
  x1: Float64Array.of(10, 6, 10, 2),
  self: Float64Array.of(0, 4, 4, 2),
  depth: Uint32Array.of(0, 1, 1, 2),
  parent: Uint32Array.of(0, 0, 0, 1),
  functionIndex: Uint32Array.of(0, 1, 2, 3),
};

export const smallHeader: FlameHeader = {
  viewId: 'v',
  sampleType: { type: 'samples', unit: 'count' },
  nodeCount: 4,
  depth: 3,
  functionCount: 4,
  total: 10,
  narrowest: 0,
};

/** The example as a model; names may be replaced. */
export function smallModel(names: readonly string[] = ['all', 'a', 'b', 'c']): FlameModel {
  const model = new FlameModel('v');
  model.begin(smallHeader);
  model.appendNames({
    viewId: 'v',
    first: 0,
    names,
    files: names.map(() => ''),
    packages: names.map(() => ''),
    kinds: new Uint8Array(names.length),
  });
  model.appendPiece(smallPiece);
  return model;
}
