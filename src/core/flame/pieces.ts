import type { FlameGraph, FlameRun } from './flame-graph.js';

/** A run and whether it is the last of its graph. */
export interface FlameCut extends FlameRun {
  readonly last: boolean;
}

/** What a node takes when it crosses. */
export function bytesPerNode(diff: boolean): number {
  return 3 * 8 + 3 * 4 + (diff ? 4 * 8 : 0);
}

/**
 * Cuts a graph into runs of at most `maxBytes` in level order, so that what is seen first crosses first. Columns are
 * copies: structured clone of a view would send all of the buffer below it. A graph always has at least its root.
 */
export function* cutFlame(graph: FlameGraph, maxBytes = 1_000_000): Generator<FlameCut, void, undefined> {
  const sides = sidesOf(graph);
  const diff = sides !== undefined;
  const step = Math.max(1, Math.floor(maxBytes / bytesPerNode(diff)));
  for (let first = 0; first < graph.count; first += step) {
    const end = Math.min(graph.count, first + step);
    yield {
      first,
      last: end === graph.count,
      x0: graph.x0.slice(first, end),
      x1: graph.x1.slice(first, end),
      self: graph.self.slice(first, end),
      depth: graph.depth.slice(first, end),
      parent: graph.parent.slice(first, end),
      functionIndex: graph.functionIndex.slice(first, end),
      ...(diff
        ? {
            baseline: sides.baseline.slice(first, end),
            comparison: sides.comparison.slice(first, end),
            baselineSelf: sides.baselineSelf.slice(first, end),
            comparisonSelf: sides.comparisonSelf.slice(first, end),
          }
        : {}),
    };
  }
}

/** The columns of a diff's sides, which are all there or none. */
function sidesOf({
  baseline,
  comparison,
  baselineSelf,
  comparisonSelf,
}: FlameGraph): Required<Pick<FlameGraph, 'baseline' | 'comparison' | 'baselineSelf' | 'comparisonSelf'>> | undefined {
  if (baseline === undefined || comparison === undefined) return undefined;
  if (baselineSelf === undefined || comparisonSelf === undefined) return undefined;
  return { baseline, comparison, baselineSelf, comparisonSelf };
}
