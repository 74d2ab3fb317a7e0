import * as v from 'valibot';
import { call } from './calls.js';
import type { Certainty } from './certainty.js';
import { FunctionName, Matching } from './matching.js';
import { Operations, TimeSpans, type LabelKey } from './operations.js';
import type { PackedNames } from './packed-names.js';
import { Id, TimeMs } from './selection.js';
import type { TimeChanges } from './time-changes.js';
import { mostWatched, type CountedWindow } from './watching.js';

import type { Scaling } from '../core/compare/merge-trees.js';
import type { FrameKind } from '../core/flame/frame-kinds.js';
import type { ScreenPart } from '../core/flame/preview.js';
import type { TimeAxis } from '../core/flame/time-order.js';
import type { SummaryPart } from '../core/guidance/summary.js';
import type { HeatMap } from '../core/heat-map/heat-map.js';
import type { LineCosts } from '../core/source/line-costs.js';

export { frameKinds, type FrameKind } from '../core/flame/frame-kinds.js';

/** What one column of values of a profile measures. */
export interface SampleType {
  /** For example "cpu". */
  readonly type: string;
  /** For example "nanoseconds", "count", "bytes". */
  readonly unit: string;
}

/** A decoded profile in numbers. */
export interface ProfileSummary {
  readonly profileId: string;
  readonly format: string;
  readonly sampleTypes: readonly SampleType[];
  readonly defaultValueIndex: number;
  /** Sum of each column. */
  readonly totals: readonly number[];
  /** What one sample counts in each column, 0 where the profile does not say. */
  readonly periods: readonly number[];
  /** Stacks in the file; equal stacks may stand there more than once. */
  readonly sampleCount: number;
  readonly functionCount: number;
  /** Unix milliseconds, 0 when the file does not say. */
  readonly timeMs: number;
  /** Milliseconds, 0 when the file does not say. */
  readonly durationMs: number;
  readonly comments: readonly string[];
  /** Keys of labels that its samples carry, each once; none in most files. */
  readonly labelKeys: readonly string[];
  /** What the decoder had to skip or repair, in sentences. */
  readonly warnings: readonly string[];
  /** Which decoder ran: the addon, or TypeScript and why. */
  readonly decodedBy: string;
}

/** What stands before the pieces of a view. */
export interface FlameHeader {
  readonly viewId: string;
  readonly sampleType: SampleType;
  readonly nodeCount: number;
  /** Levels, the root's among them. */
  readonly depth: number;
  readonly functionCount: number;
  /**
   * What one sample counts in the sample type's unit; 0 where that is not the same for all of them or not known, and in a diff, whose
   * sides have their own: samples are not told then.
   */
  readonly samplePeriod: number;
  /** Of a diff only: the same of each side. */
  readonly samplePeriods?: readonly [baseline: number, comparison: number];
  /** The root's width: total of a flame graph; of a diff the mean of the normalised sides. */
  readonly total: number;
  /**
   * Callers below this width were left out when stacks were inverted, 0 when all are there. A focus on a path behind the inversion
   * shows what is left out below that path.
   */
  readonly narrowest: number;
  /** What is sent ahead as `view.preview`: so many nodes and levels; absent where all of the view is little. */
  readonly preview?: { readonly nodeCount: number; readonly depth: number };
  /**
   * Of a view in time order: where its positions lie in time. Its root is as wide as the time with all gaps, so wider than `total`, and a
   * function may have many frames below one caller. Its nodes have no preview.
   */
  readonly time?: TimeAxis & {
    /** What was measured without a time, and is not drawn. */
    readonly untimed: number;
  };
  /** Of a diff only, in the sample type's unit, as they were measured. */
  readonly baselineTotal?: number;
  readonly comparisonTotal?: number;
  /** Of a diff only: how the sides were made comparable. */
  readonly scaling?: Scaling;
}

/**
 * A run of nodes [first, first + count) in level order: the root, then every node of depth 1 from left to right, and so
 * on. `levelStart[d]` of the nodes that were sent so far can be told from `depth`, which never falls from node to node.
 * Siblings lie widest first. x in the unit of FlameHeader.total.
 *
 * Example: root(10) with a(6) and b(4), a with c(2):
 *   x0 = [0, 0, 6, 0], x1 = [10, 6, 10, 2], depth = [0, 1, 1, 2], parent = [0, 0, 0, 1], self = [0, 4, 4, 2].
 */
export interface FlamePiece {
  readonly viewId: string;
  readonly first: number;
  readonly last: boolean;
  readonly x0: Float64Array;
  readonly x1: Float64Array;
  readonly self: Float64Array;
  readonly depth: Uint32Array;
  /** Level-order index of the parent; the root is its own. */
  readonly parent: Uint32Array;
  /** Index of the function in the view's names. */
  readonly functionIndex: Uint32Array;
  /** Of a diff only: totals of the two sides and what they measured in the node itself, normalised. */
  readonly baseline?: Float64Array;
  readonly comparison?: Float64Array;
  readonly baselineSelf?: Float64Array;
  readonly comparisonSelf?: Float64Array;
}

/**
 * What the screen can show of a large view, sent ahead of all of it: a run of a graph of its own, in level order as FlamePiece, with
 * indices of its own. Left out are frames that the screen of `view.open` does not show or shows narrower than a quarter of a pixel, and
 * the deepest beyond 4 MB. Every frame lies where it will lie in the whole, and functions have the same numbers.
 */
export type PreviewPiece = FlamePiece;

/** A binary or library. */
export interface Library {
  /** Its path where it runs. */
  readonly path: string;
  /** "" when unknown. */
  readonly buildId: string;
}

/** Names of functions [first, first + names.length) of a view. Sent before the pieces that use them. */
export interface NamesPiece {
  readonly viewId: string;
  readonly first: number;
  readonly names: readonly string[];
  /** Source file or, for native functions, the library's path; "" when unknown. */
  readonly files: readonly string[];
  /** What colours go by: package, module or library; "" when unknown. */
  readonly packages: readonly string[];
  /** Indices of `frameKinds` in core/flame/frame-kinds. */
  readonly kinds: Uint8Array;
  /** Of a diff: functions that the baseline knows by another name, each index with that name. */
  readonly formerNames?: readonly (readonly [number, string])[];
  /** What the functions of this piece lie in. */
  readonly libraries: readonly Library[];
  /** By function of this piece, its place in `libraries`, counted from 1; 0 when unknown. */
  readonly library: Uint32Array;
  /** By function of this piece two numbers: first and last line as FrameOrigin of core/operations/frames has them; 0 when unknown. */
  readonly lines: Uint32Array;
}

/** Self and total of every function of a view, in the unit of its sample type; recursion is counted once in total. */
export interface FunctionTable {
  readonly functionIndex: Uint32Array;
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** How many functions call it directly, itself not counted; the root counts as one. Callers without width are not counted. */
  readonly callers: Uint32Array;
  /** Of a diff only: the same of the baseline, normalised; self and total are then the comparison's. */
  readonly baselineSelf?: Float64Array;
  readonly baselineTotal?: Float64Array;
}

/** A label that samples of a profile carry, and what was measured with it. */
export interface LabelRow extends LabelKey {
  readonly total: number;
}

/** A thread whose samples say when they were taken. */
export interface TimedThread {
  /** The label that its samples carry: to be kept by an operation. */
  readonly thread: LabelKey;
  /** "" when unknown, as below. */
  readonly name: string;
  readonly service: string;
  /** In the unit of the sample type. */
  readonly total: number;
}

/** Labels of a profile's samples, of each key the largest first. */
export interface LabelTable {
  readonly rows: readonly LabelRow[];
  /** Labels that were left out because there are too many. */
  readonly leftOut: number;
  /** What was measured without any label. */
  readonly unlabelled: number;
}

const valueIndex = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));

const amount = v.pipe(v.number(), v.gtValue(0), v.maxValue(1e18));

/** How the sides of a diff are to be made comparable; what each means stands in core/compare/merge-trees. */
export const Scale = v.variant('by', [
  v.object({ by: v.picklist(['auto', 'absolute', 'relative']) }),
  /** How much work each side did: requests, messages. */
  v.object({ by: v.literal('work'), baseline: amount, comparison: amount }),
]);
export type Scale = v.InferOutput<typeof Scale>;

/** What the frames of a diff are as wide as: the mean of both sides (absent), or one of them. */
export const FrameWidth = v.picklist(['mean', 'baseline', 'comparison']);
export type FrameWidth = v.InferOutput<typeof FrameWidth>;

/** A view of one profile. */
export const FlameSource = v.object({
  kind: v.literal('flame'),
  profileId: Id,
  valueIndex,
  operations: v.exactOptional(Operations),
  /** How frames lie beside each other: widest first (absent), or as their samples were taken, where samples say that. */
  order: v.exactOptional(v.literal('time')),
});
export type FlameSource = v.InferOutput<typeof FlameSource>;

/**
 * What a view or a shared file is made of. `operations` are done in their order before anything is shown or counted; absent: none. They
 * are data, by names: undo is the list without its last one.
 */
export const ViewSource = v.variant('kind', [
  FlameSource,
  v.object({
    kind: v.literal('diff'),
    baselineId: Id,
    comparisonId: Id,
    valueIndex,
    scale: Scale,
    width: v.exactOptional(FrameWidth),
    /** Absent: by names only, without what builds differ in. */
    matching: v.exactOptional(Matching),
    /** Both are one recording with times: the comparison is what of it lies in these spans, the baseline the rest. */
    spans: v.exactOptional(TimeSpans),
    operations: v.exactOptional(Operations),
  }),
]);
export type ViewSource = v.InferOutput<typeof ViewSource>;

/**
 * One row of a call tree, a child of the frame whose children were asked for. In a tree of callers a row is a caller, and its total is
 * what it called the frames above it for.
 */
export interface CallTreeRows {
  /** Number of the function in the view's names. */
  readonly functionIndex: Uint32Array;
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** How many children each row has in turn. */
  readonly childCount: Uint32Array;
  /** How many rows there are in all, of which these are [first, first + functionIndex.length). */
  readonly rowCount: number;
  /** Of a diff only: the same of the baseline, normalised; self and total are then the comparison's. */
  readonly baselineSelf?: Float64Array;
  readonly baselineTotal?: Float64Array;
}

/** What is known of one function of a view, beside what its NamesPiece says: for a tooltip, and to name sets of frames by. */
export interface FrameDetails {
  readonly name: string;
  /** Source file, "" when unknown. */
  readonly file: string;
  /** Path of the binary or library, "" when unknown. */
  readonly library: string;
  readonly packageName: string;
  readonly kind: FrameKind;
  /** Whether it is native code of a language's runtime, which the set 'interpreter' means. */
  readonly interpreter: boolean;
}

/** What the lines of a function's source file cost in a view. */
export interface LineTable extends LineCosts {
  /** As the profile names it. */
  readonly file: string;
  /** The function that was asked about. */
  readonly functionName: string;
  /** Total of the view, of a comparison of each side, in the order of `columns`. */
  readonly wholes: readonly number[];
  /** How many of the view's operations count; what stands from an inversion or a grouping on does not, since lines are lost there. */
  readonly operationCount: number;
  /** Where sides were asked for apart: what the baseline's own lines cost, in one column. `columns` is the comparison's alone then. */
  readonly before?: LineCosts;
}

/** Which children of a call tree are asked for. */
export const CallTreeRequest = v.object({
  viewId: Id,
  /**
   * 'callees': top-down, from the root on. 'callers': bottom-up, from every function on to its callers; complete at any depth, also
   * where an inverted flame graph leaves narrow callers out. Self of a caller is the part of its total that nothing called in turn.
   */
  direction: v.picklist(['callees', 'callers']),
  /** Function numbers of the view from the outermost row on; empty: the first level. */
  path: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_fffe))), v.maxLength(4096)),
  /** Largest first; 'change' is comparison - baseline, of a diff only. */
  order: v.picklist(['total', 'self', 'change']),
  first: v.pipe(v.number(), v.integer(), v.minValue(0)),
  count: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)),
});
export type CallTreeRequest = v.InferOutput<typeof CallTreeRequest>;

/** What the window shows of a view while it is opened; see ScreenPart of core/flame/preview. */
export const Screen = v.object({
  /** Device pixels. */
  widthPx: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(32_768)),
  zoomPath: v.pipe(v.array(v.pipe(v.string(), v.maxLength(65_536))), v.maxLength(4096)),
  from: v.pipe(v.number(), v.minValue(-1e9), v.maxValue(1e9)),
  to: v.pipe(v.number(), v.minValue(-1e9), v.maxValue(1e9)),
}) satisfies v.GenericSchema<unknown, ScreenPart>;
export type Screen = v.InferOutput<typeof Screen>;

/** Calls of the window to the decoder process. Profiles are opened by the ids that links gave. */
export const decoderCalls = {
  /** Decodes once; a second call answers from what is there. Decoding ends when the last one who waits for it gave up. */
  'profile.open': call(v.object({ profileId: Id }))<ProfileSummary>(),
  /** Of a profile that is open. */
  'profile.labels': call(v.object({ profileId: Id, valueIndex }))<LabelTable>(),
  /**
   * Samples by when they were taken, of a profile that says it; "unsupported" of others. Of `operations` those on labels count: what they
   * leave out is not there.
   */
  'profile.heat': call(v.object({ profileId: Id, operations: v.exactOptional(Operations) }))<HeatMap>(),
  /**
   * Of a profile's heat map the samples of one function and of what it calls, by cell as `counts` of profile.heat with the same operations.
   * The function is named as frames are after the operations; of those on times none counts.
   */
  'profile.heatOf': call(v.object({ source: FlameSource, of: FunctionName }))<Uint32Array>(),
  /** Threads whose samples say when they were taken, the busiest first; as far as operations on labels and times let samples through. */
  'profile.threads': call(v.object({ profileId: Id, valueIndex, operations: v.exactOptional(Operations) }))<
    readonly TimedThread[]
  >(),
  'profile.close': call(v.object({ profileId: Id }))<null>(),
  /**
   * Answers the header; names and pieces follow as events, those of the preview first, the last one of each marked. A view id is the
   * caller's. Giving up ends the work. Without a screen there is no preview.
   */
  'view.open': call(v.object({ viewId: Id, source: ViewSource, screen: v.exactOptional(Screen) }))<FlameHeader>(),
  /**
   * Shows those of some windows that began in [startMs, endMs) as a flame graph, as `view.open` does. Functions have the same numbers in
   * all views of the same windows with the same operations: whoever has their names from one says `named`, and gets none with the next.
   */
  'view.range': call(
    v.object({
      viewId: Id,
      windowsId: Id,
      startMs: TimeMs,
      endMs: TimeMs,
      operations: v.exactOptional(Operations),
      named: v.boolean(),
    }),
  )<FlameHeader>(),
  /** Ends a view; pieces on their way may still arrive. */
  'view.close': call(v.object({ viewId: Id }))<null>(),
  'view.functions': call(v.object({ viewId: Id }))<FunctionTable>(),
  /** Where its time goes, in parts for sentences. "unsupported" of a comparison, which has two. */
  'view.summary': call(v.object({ viewId: Id }))<readonly SummaryPart[]>(),
  /** By the view's number of the function. */
  'view.frame': call(
    v.object({ viewId: Id, functionIndex: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_fffe)) }),
  )<FrameDetails>(),
  /**
   * What the lines of a function's file cost. "not-found" where the profile names no file for it. `apart`: of a comparison, each side by
   * its own lines; else lines of functions that begin elsewhere now are counted as the comparison has them.
   */
  'view.lines': call(
    v.object({
      viewId: Id,
      functionIndex: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_fffe)),
      apart: v.exactOptional(v.boolean()),
    }),
  )<LineTable>(),
  /** Children of one place of the view's call tree, sorted. A sandwich is two views: see `calleesOf` and `callersOf`. */
  'view.children': call(CallTreeRequest)<CallTreeRows>(),
  /** Finds the moments at which functions of a profile went to another level, by its windows, which links put into the spool. */
  'profile.changes': call(v.object({ profileId: Id, windowsId: Id }))<TimeChanges>(),
  /**
   * Judges a diff by the windows of its sides, which links put into the spool, and by those of earlier ranges of the same service where
   * they are there too.
   */
  'view.certainty': call(
    v.object({ viewId: Id, baselineWindows: Id, comparisonWindows: Id, earlierWindows: v.exactOptional(Id) }),
  )<Certainty>(),
  /** Judges a region of a recording against the rest, by the seconds of both. "invalid-input" of other views. */
  'view.regionCertainty': call(v.object({ viewId: Id }))<Certainty>(),
} as const;
export type DecoderCalls = typeof decoderCalls;

/** What a long call is at. */
export type WorkStep = 'reading' | 'unpacking' | 'decoding' | 'rewriting' | 'laying-out';

/** How far a long call has come; sent with each step and about ten times a second, so short calls send none or few. */
export interface WorkProgress {
  /** The id that the call was given: `profileId` of profile.open, `viewId` of view.open. */
  readonly of: string;
  readonly step: WorkStep;
  /** Of the step, from 0 to 1; null where that cannot be told. */
  readonly share: number | null;
}

/** Events of the decoder process to the window. */
export interface DecoderEvents extends Record<string, unknown> {
  'view.preview': PreviewPiece;
  'work.progress': WorkProgress;
  'view.names': PackedNames;
  'view.piece': FlamePiece;
}

/** What a file is shared as. */
export const ShareFormat = v.picklist(['html', 'pprof', 'folded']);
export type ShareFormat = v.InferOutput<typeof ShareFormat>;

/** Calls of the main process to the decoder: those that carry paths, which a renderer never names. */
export const decoderShellCalls = {
  /** Writes a file as a whole or not at all; answers its size. */
  'share.write': call(
    v.object({
      path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
      format: ShareFormat,
      title: v.pipe(v.string(), v.maxLength(1024)),
      source: ViewSource,
    }),
  )<{ readonly byteLength: number }>(),
  /** Counts functions in windows that links put into the spool, in the order of time. */
  'watch.count': call(v.object({ windowsId: Id, functions: v.pipe(v.array(FunctionName), v.maxLength(mostWatched)) }))<
    readonly CountedWindow[]
  >(),
} as const;
export type DecoderShellCalls = typeof decoderShellCalls;
