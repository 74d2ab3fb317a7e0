import * as v from 'valibot';
import { call } from './calls.js';
import type { Certainty } from './certainty.js';
import { Operations } from './operations.js';
import { Id } from './selection.js';

import type { Scaling } from '../core/compare/merge-trees.js';
import type { FrameKind } from '../core/flame/frame-kinds.js';

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
  /** Stacks in the file; equal stacks may stand there more than once. */
  readonly sampleCount: number;
  readonly functionCount: number;
  /** Unix milliseconds, 0 when the file does not say. */
  readonly timeMs: number;
  /** Milliseconds, 0 when the file does not say. */
  readonly durationMs: number;
  readonly comments: readonly string[];
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
  /** The root's width: total of a flame graph; of a diff the mean of the normalised sides. */
  readonly total: number;
  /**
   * Callers below this width were left out when stacks were inverted, 0 when all are there. A focus on a path behind the inversion
   * shows what is left out below that path.
   */
  readonly narrowest: number;
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
  /** Of a diff only: totals of the two sides, normalised. */
  readonly baseline?: Float64Array;
  readonly comparison?: Float64Array;
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

/**
 * What a view or a shared file is made of. `operations` are done in their order before anything is shown or counted; absent: none. They
 * are data, by names: undo is the list without its last one.
 */
export const ViewSource = v.variant('kind', [
  v.object({ kind: v.literal('flame'), profileId: Id, valueIndex, operations: v.exactOptional(Operations) }),
  v.object({
    kind: v.literal('diff'),
    baselineId: Id,
    comparisonId: Id,
    valueIndex,
    scale: Scale,
    width: v.exactOptional(FrameWidth),
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

/** Calls of the window to the decoder process. Profiles are opened by the ids that links gave. */
export const decoderCalls = {
  /** Decodes once; a second call answers from what is there. */
  'profile.open': call(v.object({ profileId: Id }))<ProfileSummary>(),
  'profile.close': call(v.object({ profileId: Id }))<null>(),
  /** Answers the header; names and pieces follow as events, the last one marked. A view id is the caller's. */
  'view.open': call(v.object({ viewId: Id, source: ViewSource }))<FlameHeader>(),
  /** Ends a view; pieces on their way may still arrive. */
  'view.close': call(v.object({ viewId: Id }))<null>(),
  'view.functions': call(v.object({ viewId: Id }))<FunctionTable>(),
  /** By the view's number of the function. */
  'view.frame': call(
    v.object({ viewId: Id, functionIndex: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_fffe)) }),
  )<FrameDetails>(),
  /** Children of one place of the view's call tree, sorted. A sandwich is two views: see `calleesOf` and `callersOf`. */
  'view.children': call(CallTreeRequest)<CallTreeRows>(),
  /** Judges a diff by the windows of its sides, which links put into the spool. */
  'view.certainty': call(v.object({ viewId: Id, baselineWindows: Id, comparisonWindows: Id }))<Certainty>(),
} as const;
export type DecoderCalls = typeof decoderCalls;

/** Events of the decoder process to the window. */
export interface DecoderEvents extends Record<string, unknown> {
  'view.names': NamesPiece;
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
} as const;
export type DecoderShellCalls = typeof decoderShellCalls;
