import type { WindowCounts } from '../../src/core/compare/certainty.js';
import { judgeTree } from '../../src/core/compare/judge-tree.js';
import { scalingOf } from '../../src/core/compare/merge-trees.js';
import { selfSamples, type NodeWindows } from '../../src/core/compare/window-counts.js';
import { toDepthFirst } from '../../src/core/profile/call-tree.js';
import { functionCount, makeWindows, randomFrom, type Weather } from './windows.js';

/** What was found in comparisons relative to what did not move. */
export interface RelativeTally {
  alarms: number;
  found: number;
  bystanders: number;
  abstained: number;
}

/** B has so many times the load of A: what seconds would call a change of everything. */
const load = 1.5;

/** The root calls each function, which calls nothing. */
const { nodes } = toDepthFirst(
  Uint32Array.from({ length: functionCount + 1 }, (_, index) => index),
  new Uint32Array(functionCount + 1),
);

/** Compares windows of `before` with busier ones of `after`, in which `planted` is what changed; -1: nothing. */
export function relativeTally(
  before: Float64Array,
  after: Float64Array,
  planted: number,
  weather: Weather,
  windows: number,
  seeds: number,
): RelativeTally {
  const result: RelativeTally = { alarms: 0, found: 0, bystanders: 0, abstained: 0 };
  const busier = after.map((share) => share * load);
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomFrom(seed * 6271 + windows * 17 + Math.round(weather.autocorrelation * 100) + planted + 2);
    const sides = [before, busier].map((shares) => nodeWindows(makeWindows(shares, windows, weather, random)));
    const [a, b] = sides;
    if (a === undefined || b === undefined) throw new Error('a comparison has two sides');
    const own = [selfSamples(a, nodes.nodeCount), selfSamples(b, nodes.nodeCount)] as const;
    const measured = { durationNs: windows * 15e9, period: 1 };
    const scaling = scalingOf([measured, measured], own, nodes.parent, { by: 'relative' });
    const { functions, result: judged } = judgeTree(nodes, functionCount + 1, [a, b], scaling);
    const certain = [...functions].filter(([, each]) => each.certain).map(([index]) => index - 1);
    if (judged.abstained !== undefined) result.abstained++;
    if (certain.length > 0) result.alarms++;
    if (certain.includes(planted)) result.found++;
    if (certain.some((index) => index !== planted)) result.bystanders++;
  }
  return result;
}

function nodeWindows({ counts, exposures }: WindowCounts): NodeWindows {
  const node: number[] = [];
  const samples: number[] = [];
  const rowStart = [0];
  for (let window = 0; window < exposures.length; window++) {
    for (let index = 0; index < functionCount; index++) {
      const count = counts[window * functionCount + index] ?? 0;
      if (count === 0) continue;
      node.push(index + 1);
      samples.push(count);
    }
    rowStart.push(node.length);
  }
  return {
    seconds: exposures,
    rowStart: Uint32Array.from(rowStart),
    node: Uint32Array.from(node),
    samples: Float64Array.from(samples),
  };
}
