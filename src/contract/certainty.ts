/**
 * What the windows of both sides say of a diff. Values are in the view's unit, the baseline's scaled as the view is; functions
 * are the view's numbers.
 */
export interface Certainty {
  /** Windows of each side, baseline first; so are the other pairs. */
  readonly windows: readonly [number, number];
  /** How long they are together. */
  readonly seconds: readonly [number, number];
  readonly samples: readonly [number, number];
  /** Why nothing is called certain; absent when something could be. */
  readonly abstained?: 'few-windows' | 'autocorrelated';
  /** As many independent windows would tell as much. */
  readonly effectiveWindows: readonly [number, number];
  /** What part of a side's profile its windows hold, about 1 where they are all there. */
  readonly told: readonly [number, number];
  /** How many windows of each side begin before the one before them has ended, as where a clock was set back; absent where none does. */
  readonly overlapping?: readonly [number, number];
  /** What earlier pairs of ranges say; absent where they were not looked at. */
  readonly history?: HistoryEvidence;
  /** How much a function scatters from window to window beyond counting, as a share of itself. */
  readonly scatter: number;
  /** Of a window's scatter with the next one's, 0 to 1. */
  readonly autocorrelation: number;
  /** The smallest change, as a share of all, that a function of 5 % would have had to make to be found in four of five tries. */
  readonly smallestShare: number;
  /** More seconds on each side that would show a change of 1 % of all; 0 when these do, Infinity when none would. */
  readonly secondsToSeeOnePercent: number;
  /** By level-order node: 0 too few samples to judge, 1 not certain, 2 changed for certain. */
  readonly nodes: Uint8Array;
  /** Of the nodes with enough samples: level-order index, ascending; the 95 % interval of after - before is +- margin, for all at once. */
  readonly nodeMargins: { readonly node: Uint32Array; readonly margin: Float64Array };
  /** Of those with enough samples: totals of both sides; the 95 % interval of after - before is +- margin, for all at once. */
  readonly functions: {
    readonly functionIndex: Uint32Array;
    readonly before: Float64Array;
    readonly after: Float64Array;
    readonly margin: Float64Array;
    readonly certain: Uint8Array;
  };
  /** What changed for certain, without those who only inherit it; the largest first. */
  readonly causes: readonly CertainCause[];
  /** The largest changes that are not certain, and how much more time on each side would tell; Infinity: none would. */
  readonly uncertain: readonly UncertainChange[];
}

/** Whether a comparison was judged by pairs of earlier ranges as long as its sides. */
export type HistoryEvidence =
  /** Margins are so many times as wide as the windows alone make them, 1 at least. */
  | { readonly used: true; readonly pairs: number; readonly widening: number }
  /** 'few-pairs': there are fewer than 20 of them that were about as busy; 'work': nobody knows how much work was done in them. */
  | { readonly used: false; readonly why: 'few-pairs' | 'work'; readonly pairs: number };

/** One function that changed for certain. */
export interface CertainCause {
  readonly functionIndex: number;
  /** Names from below the root to where most of the change is. */
  readonly path: readonly string[];
  readonly before: number;
  readonly after: number;
  readonly margin: number;
  /** Callers on that path that changed for certain only because this did, innermost first. */
  readonly inheritedBy: readonly number[];
  /** In how many places of the graph the change is. */
  readonly places: number;
}

/** A function whose change may be chance. */
export interface UncertainChange {
  readonly functionIndex: number;
  readonly before: number;
  readonly after: number;
  readonly secondsToTell: number;
}
