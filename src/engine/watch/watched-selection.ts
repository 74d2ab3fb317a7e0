import type { Selection } from '../../contract/selection.js';
import type { WatchedWindows } from '../../contract/watching.js';

/** What a watcher keeps, and an hour to learn from; older windows would tell nothing. */
const longestMs = 5 * 3_600_000;
/** A Pyroscope is asked for each window of its own. */
const longestSlicedMs = 3_600_000;
/** What is pushed to a Pyroscope takes its time. */
const settledAfterMs = 60_000;

/**
 * The part of a selection that is to be looked at: from where somebody stopped, as far as its source has whole windows. Undefined where
 * nothing is new.
 */
export function watchedSelection(
  { fromMs, ...what }: WatchedWindows,
  lastWindowEndMs: number,
  nowMs: number,
): Selection | undefined {
  const [endMs, longest] =
    what.source === 'agent' ? [lastWindowEndMs, longestMs] : [nowMs - settledAfterMs, longestSlicedMs];
  const startMs = Math.max(fromMs, endMs - longest);
  return startMs < endMs ? { ...what, startMs, endMs } : undefined;
}
