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
  samplePeriod: 0,
  total: 10,
  narrowest: 0,
};

const plainNames = ['all', 'a', 'b', 'c'];

/** The example as a model; names may be replaced. */
export function smallModel(names: readonly string[] = plainNames): FlameModel {
  return modelOf(smallHeader, smallPiece, names);
}

/** The same picture as a diff in which b is new and a had more before. */
export function smallDiff(): FlameModel {
  const sides = { baselineTotal: 8, comparisonTotal: 12, scaling: { by: 'absolute', factor: 1, error: 0 } } as const;
  const values = {
    baseline: Float64Array.of(8, 8, 0, 2),
    comparison: Float64Array.of(12, 4, 8, 2),
    baselineSelf: Float64Array.of(0, 6, 0, 2),
    comparisonSelf: Float64Array.of(0, 2, 8, 2),
  };
  return modelOf({ ...smallHeader, ...sides }, { ...smallPiece, ...values }, plainNames);
}

function modelOf(header: FlameHeader, piece: FlamePiece, names: readonly string[]): FlameModel {
  const model = new FlameModel('v');
  model.begin(header);
  model.appendNames({
    viewId: 'v',
    first: 0,
    names,
    files: names.map(() => ''),
    packages: names.map(() => ''),
    kinds: new Uint8Array(names.length),
    libraries: [],
    library: new Uint32Array(names.length),
    lines: new Uint32Array(2 * names.length),
  });
  model.appendPiece(piece);
  return model;
}
