import type { FlameHeader, ViewSource } from '../../contract/decoder.js';
import { ok, type Result } from '../../contract/result.js';
import type { FlameGraph } from '../../core/flame/flame-graph.js';
import { gatherF64, gatherU32, type FlameLayout } from '../../core/flame/layout.js';
import { layOutPreview, measureLayout, wantsPreview, type ScreenPart } from '../../core/flame/preview.js';
import { numberViewFunctions, type ViewFunctions } from '../../core/flame/view-functions.js';
import type { Frame } from '../../core/operations/frames.js';
import { f64At, sumOf, u32At } from '../../core/profile/columns.js';
import { layOutWhole } from './kept-rows.js';
import type { ProfileStore } from './store.js';
import { layOutInTime } from './time-order.js';
import { viewTree, type ViewTree } from './view-tree.js';
import type { Watch } from './watch.js';

/** A graph of a view. functionIndex numbers the view's own functions. */
export interface ViewGraph {
  readonly graph: FlameGraph;
  /** By level-order index, the node of the tree. */
  readonly order: Uint32Array;
}

/** A view of which nothing, or what a screen shows, is laid out. */
export interface ViewPlan {
  readonly header: Omit<FlameHeader, 'viewId'>;
  readonly functions: ViewFunctions;
  readonly frameOf: (viewFunction: number) => Frame;
  readonly tree: ViewTree;
  /** What the screen shows; absent where all of the view is little. */
  readonly preview: FlameGraph | undefined;
  /** Lays all of it out, once. A signal ends it with an exception, the signal's reason. */
  readonly whole: (watch?: Watch) => Promise<ViewGraph>;
}

/** A view of which all is laid out. */
export interface View extends ViewPlan, ViewGraph {}

/** Lays all of a source out. A watch's signal ends it with an exception, the signal's reason. */
export async function buildView(store: ProfileStore, source: ViewSource, watch?: Watch): Promise<Result<View>> {
  const planned = await planView(store, source, undefined, watch);
  return planned.ok ? ok({ ...planned.value, ...(await planned.value.whole(watch)) }) : planned;
}

/**
 * Computes a source and lays out what a screen shows of it; without a screen, or where that would be most of it, all of it.
 * A watch's signal ends it with an exception, the signal's reason.
 */
export async function planView(
  store: ProfileStore,
  source: ViewSource,
  screen: ScreenPart | undefined,
  watch?: Watch,
): Promise<Result<ViewPlan>> {
  const made = await viewTree(store, source, { watch });
  if (!made.ok) return made;
  const tree = made.value;
  const { sampleType, samplePeriod, layout, frames, narrowest, values } = tree;
  const total = f64At(layout.total, 0);
  const diff = values.kind === 'diff';
  const timed = !diff && values.inTime !== undefined ? layOutInTime(layout, values.inTime, sampleType.unit) : undefined;
  if (timed?.ok === false) return timed;
  const size = timed === undefined ? measureLayout(layout) : timed.value.graph;
  const layOut = (from?: Watch): Promise<FlameLayout> => layOutWhole(store.decoder, layout, from);
  const ahead =
    timed === undefined && screen !== undefined && wantsPreview(size.nodeCount, diff)
      ? await layOutPreview(
          total,
          diff,
          screen,
          (part) => store.decoder.layout(layout, watch, part),
          (index) => frames.frameAt(index).name,
        )
      : undefined;
  const all = timed?.value ?? (ahead === undefined ? await layOut(watch) : undefined);
  const functions = numberViewFunctions(
    (ahead ?? all)?.graph.functionIndex ?? layout.functionIndex,
    frames.count,
    layout,
  );
  const inView = ({ graph, order }: FlameLayout): ViewGraph => {
    const sides = diff
      ? {
          baseline: gatherF64(values.baseline.total, order),
          comparison: gatherF64(values.comparison.total, order),
          baselineSelf: gatherF64(values.baseline.self, order),
          comparisonSelf: gatherF64(values.comparison.self, order),
        }
      : {};
    return { order, graph: { ...graph, ...sides, functionIndex: gatherU32(functions.numbers, graph.functionIndex) } };
  };
  const preview = ahead === undefined ? undefined : inView(ahead).graph;
  return ok({
    header: {
      sampleType,
      samplePeriod,
      nodeCount: size.nodeCount,
      depth: size.depthCount,
      functionCount: functions.source.length,
      total,
      narrowest,
      ...(timed === undefined
        ? {}
        : { time: { ...timed.value.axis, untimed: Math.max(0, total - sumOf(timed.value.graph.self)) } }),
      ...(preview === undefined ? {} : { preview: { nodeCount: preview.count, depth: preview.depthCount } }),
      ...(diff
        ? {
            baselineTotal: values.baselineTotal,
            comparisonTotal: values.comparisonTotal,
            scaling: values.scaling,
            samplePeriods: values.samplePeriods,
          }
        : {}),
    },
    functions,
    frameOf: (viewFunction) => frames.frameAt(u32At(functions.source, viewFunction)),
    tree,
    preview,
    whole: async (from) => inView(all ?? (await layOut(from))),
  });
}
