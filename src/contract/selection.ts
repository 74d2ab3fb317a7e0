import * as v from 'valibot';
import { longestSelector } from '../core/words/selectors.js';
import { LabelKey, Operations } from './operations.js';

/** An id that we make: letters, digits, dashes. Safe as a file name. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/));

/** Unix milliseconds, as far as a Date goes. */
export const TimeMs = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15));

/** Where a selection is asked: the agent's own store or the target's Pyroscope server. */
export const SourceKind = v.picklist(['agent', 'pyroscope']);
export type SourceKind = v.InferOutput<typeof SourceKind>;

/** Source + profile type + label selector + time range. */
export const Selection = v.object({
  targetId: Id,
  source: SourceKind,
  /** "<name>:<sample type>:<sample unit>:<period type>:<period unit>", for example process_cpu:cpu:nanoseconds:cpu:nanoseconds. */
  profileType: v.pipe(v.string(), v.maxLength(512)),
  /** A selector of Prometheus' form: {service_name="revel_web"}. */
  selector: v.pipe(v.string(), v.maxLength(longestSelector)),
  startMs: TimeMs,
  endMs: TimeMs,
});
export type Selection = v.InferOutput<typeof Selection>;

/** The profile type that our agent samples. */
export const cpuProfileType = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

/**
 * What A of a comparison is, where it is not the selection in another time: another selection in A's range, an open profile, or the rest of a
 * recording of which a part is brushed.
 */
export const Baseline = v.variant('kind', [
  v.object({
    kind: v.literal('selection'),
    targetId: Id,
    source: SourceKind,
    selector: v.pipe(v.string(), v.maxLength(longestSelector)),
    /** For people: a service's name, or a label and its value. */
    name: v.string(),
    /** Stays, whatever is chosen next. */
    pinned: v.boolean(),
  }),
  /** `as`: which of both sides it is. */
  v.object({ kind: v.literal('document'), documentId: Id, as: v.picklist(['A', 'B']) }),
  v.object({ kind: v.literal('rest') }),
]);
export type Baseline = v.InferOutput<typeof Baseline>;

/** The views. */
export const Tab = v.picklist(['flame', 'table', 'sandwich', 'tree', 'source', 'heat']);

/** The longest path of frames that is kept: of a deeper one its beginning is. */
export const longestPath = 4096;

/** What a view shows of its profiles; kept with snapshots and across restarts. Stack paths, never node indices. */
export const ViewState = v.object({
  kind: v.picklist(['flame', 'diff']),
  tab: Tab,
  valueIndex: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Function names from the root to the frame that is zoomed to; empty: the whole. */
  zoomPath: v.pipe(v.array(v.string()), v.maxLength(longestPath)),
  search: v.pipe(v.string(), v.maxLength(1024)),
  /** What was done to the profiles before they were shown; absent: nothing. */
  operations: v.exactOptional(Operations),
  /** Function names from the root to the selected frame; absent: none. */
  selectedPath: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(longestPath))),
  /** Frames lie as the samples of a thread were taken, or (null) of all; absent: widest first. */
  timeOrder: v.exactOptional(v.object({ thread: v.nullable(LabelKey) })),
});
export type ViewState = v.InferOutput<typeof ViewState>;
