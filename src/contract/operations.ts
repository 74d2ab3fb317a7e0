import * as v from 'valibot';
import { frameKinds } from '../core/flame/frame-kinds.js';
import type {
  FrameSet as CoreFrameSet,
  LabelKey as CoreLabelKey,
  Operation as CoreOperation,
} from '../core/operations/operation.js';

// What operations mean is told once, in core/operations/operation.ts; here is what is checked of them on the receiving side.

export { calleesOf, callersOf, type FrameKey } from '../core/operations/operation.js';

const name = v.pipe(v.string(), v.maxLength(65_536));
const FrameKeySchema = v.object({ name, file: name });

/** See FrameSet of core/operations/operation. */
export const FrameSet = v.variant('by', [
  v.object({ by: v.literal('function'), name, file: name }),
  v.object({ by: v.literal('path'), path: v.pipe(v.array(FrameKeySchema), v.minLength(1), v.maxLength(4096)) }),
  v.object({ by: v.picklist(['file', 'library', 'package']), name }),
  v.object({ by: v.literal('kind'), kind: v.picklist(frameKinds) }),
  v.object({ by: v.literal('interpreter') }),
  v.object({ by: v.literal('pattern'), pattern: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)) }),
]) satisfies v.GenericSchema<unknown, CoreFrameSet>;
export type FrameSet = v.InferOutput<typeof FrameSet>;

/** See LabelKey of core/operations/operation. */
export const LabelKey = v.object({ key: name, value: name, unit: name }) satisfies v.GenericSchema<
  unknown,
  CoreLabelKey
>;
export type LabelKey = v.InferOutput<typeof LabelKey>;

/** More spans than a heat map has columns. */
const mostSpans = 2048;
/** A span of time of a recording, its end not in it; Unix milliseconds. */
export const TimeSpan = v.object({ fromMs: v.pipe(v.number(), v.finite()), toMs: v.pipe(v.number(), v.finite()) });

export const TimeSpans = v.pipe(v.array(TimeSpan), v.minLength(1), v.maxLength(mostSpans));

/** See Operation of core/operations/operation. */
export const Operation = v.variant('kind', [
  v.object({ kind: v.picklist(['keep', 'drop', 'focus', 'hide', 'merge', 'collapse']), frames: FrameSet }),
  v.object({
    kind: v.literal('collapse-recursion'),
    reach: v.picklist(['direct', 'whole']),
    frames: v.exactOptional(FrameSet),
  }),
  v.object({ kind: v.picklist(['keep-label', 'drop-label']), label: LabelKey }),
  v.object({ kind: v.literal('keep-times'), spans: TimeSpans }),
  v.object({ kind: v.literal('invert') }),
  v.object({ kind: v.literal('group'), by: v.picklist(['line', 'file', 'package', 'library', 'kind']) }),
]) satisfies v.GenericSchema<unknown, CoreOperation>;
export type Operation = v.InferOutput<typeof Operation>;

/** What a view does to its profiles, in order. */
export const Operations = v.pipe(v.array(Operation), v.maxLength(64));
