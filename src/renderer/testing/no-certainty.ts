import type { Certainty } from '../../contract/certainty.js';

/** A judgement of nothing, for tests that replace what they look at. */
export const noCertainty: Certainty = {
  windows: [0, 0],
  seconds: [0, 0],
  samples: [0, 0],
  effectiveWindows: [0, 0],
  told: [1, 1],
  scatter: 0,
  autocorrelation: 0,
  smallestShare: 0,
  secondsToSeeOnePercent: 0,
  nodes: new Uint8Array(0),
  nodeMargins: { node: new Uint32Array(0), margin: new Float64Array(0) },
  functions: {
    functionIndex: new Uint32Array(0),
    before: new Float64Array(0),
    after: new Float64Array(0),
    margin: new Float64Array(0),
    certain: new Uint8Array(0),
  },
  causes: [],
  uncertain: [],
};
