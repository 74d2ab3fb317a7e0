import * as v from 'valibot';
import type { WatchVerdict } from '../core/watch/watcher.js';
import { longestSelector } from '../core/words/selectors.js';
import { FunctionName } from './matching.js';
import { Id, SourceKind, TimeMs } from './selection.js';

/**
 * What is to stay below a threshold: a function's share of the samples of a selection, or the cores that a function or all of the
 * selection uses. It is part of the settings, whose version counts.
 */
export const WatchRule = v.pipe(
  v.object({
    id: Id,
    targetId: Id,
    source: SourceKind,
    profileType: v.pipe(v.string(), v.maxLength(512)),
    selector: v.pipe(v.string(), v.maxLength(longestSelector)),
    /** For people: the service's name, "" for all of them. */
    service: v.pipe(v.string(), v.maxLength(512)),
    /** With all that it calls; absent: the whole selection. */
    function: v.exactOptional(FunctionName),
    measure: v.picklist(['share', 'cores']),
    /** The threshold: a share, 0 to 1, or cores. */
    most: v.pipe(v.number(), v.minValue(1e-6), v.maxValue(1e6)),
    /** By the source's clock. What was before teaches what chance does, and is not judged. */
    createdMs: TimeMs,
  }),
  v.check(
    (rule) => rule.measure === 'cores' || (rule.function !== undefined && rule.most < 1),
    'a share is that of a function, and less than all',
  ),
);
export type WatchRule = v.InferOutput<typeof WatchRule>;

/** As many as a person looks after; each costs the others some of the certainty. */
export const mostWatched = 64;
/** What is kept of rules that were saved: those that this version understands, each once, and no more than it watches. */
export const WatchRules = v.pipe(
  v.array(v.unknown()),
  v.transform((saved): WatchRule[] => {
    const rules = new Map<string, WatchRule>();
    for (const each of saved) {
      if (rules.size === mostWatched) break;
      const rule = v.safeParse(WatchRule, each);
      if (rule.success && !rules.has(rule.output.id)) rules.set(rule.output.id, rule.output);
    }
    return [...rules.values()];
  }),
);

/** What is known of a rule. */
export interface WatchState {
  readonly ruleId: string;
  readonly verdict: WatchVerdict;
  /** Why the last look failed; undefined when it did not. */
  readonly failure?: string;
}

/** Windows of what is watched are asked for as by a window that no window of the app is called. */
export const watchWindowId = 'w0';

/** Where the windows of a rule come from. */
export const WatchedWindows = v.object({
  targetId: Id,
  source: SourceKind,
  profileType: v.pipe(v.string(), v.maxLength(512)),
  selector: v.pipe(v.string(), v.maxLength(longestSelector)),
  /** By the source's clock; the end is its last whole window. */
  fromMs: TimeMs,
});
export type WatchedWindows = v.InferOutput<typeof WatchedWindows>;

/** A window of a selection, in samples. */
export interface CountedWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly samples: number;
  /** How many samples one busy core would have given; 0 where that cannot be said. */
  readonly oneCore: number;
  /** By function that was asked for, samples with it in their stack. */
  readonly of: readonly number[];
}
