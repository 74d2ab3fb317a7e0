import type { CallNodes } from '../profile/call-tree.js';
import { judgeTree, type JudgeOptions, type TreeJudgement } from './judge-tree.js';
import { scalingOf, type Scale, type Scaling } from './merge-trees.js';
import { selfSamples, windowsBetween, type Neighbours, type NodeWindows } from './window-counts.js';

/** What comes of comparing two of them. */
export interface NeighbourJudgement {
  readonly scaling: Scaling;
  readonly judgement: TreeJudgement;
  /** Samples by node of both sides, as they were measured. */
  readonly own: readonly [Float64Array, Float64Array];
}

/** Compares two ranges of windows that lie next to each other, as the two sides of a diff are compared. */
export function judgeNeighbours(
  nodes: CallNodes,
  functionCount: number,
  windows: NodeWindows,
  { from, middle, to }: Neighbours,
  scale: Scale,
  options: JudgeOptions = {},
): NeighbourJudgement {
  const sides = [windowsBetween(windows, from, middle), windowsBetween(windows, middle, to)] as const;
  const own = [selfSamples(sides[0], nodes.nodeCount), selfSamples(sides[1], nodes.nodeCount)] as const;
  const length = (side: NodeWindows) => ({
    durationNs: side.seconds.reduce((sum, each) => sum + each, 0) * 1e9,
    period: 1,
  });
  const scaling = scalingOf([length(sides[0]), length(sides[1])], own, nodes.parent, scale);
  return { scaling, own, judgement: judgeTree(nodes, functionCount, sides, scaling, options) };
}
