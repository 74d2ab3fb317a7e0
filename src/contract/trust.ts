/** How far the samples of a selection can be believed, as the agent judges it. Times are nanoseconds of CPU. */
export interface Trust {
  /** What became of samples; undefined where the agent counted none, as for a selection of threads or an older store. */
  readonly fates?: Fates;
  readonly totalNs: number;
  /** Samples whose stack could not be walked to its root, and why, most first. */
  readonly cutNs: number;
  readonly cuts: readonly StackCut[];
  /** Samples with native code, those whose innermost native frame has a line. */
  readonly nativeNs: number;
  readonly linedNs: number;
  /** Frames of native code, each weighed by its sample, and those that have a name. */
  readonly frameNs: number;
  readonly namedFrameNs: number;
  /** Files of native code, those with the most unnamed frames first. */
  readonly files: readonly FileCoverage[];
  readonly runtimes: readonly { readonly name: string; readonly version: string }[];
}

/** fired = lostNewProcess + lostTailCall + delivered + missing + inFlight */
export interface Fates {
  readonly fired: number;
  readonly lostNewProcess: number;
  readonly lostTailCall: number;
  readonly delivered: number;
  readonly late: number;
  readonly lostWindowFull: number;
  readonly missing: number;
  readonly inFlight: number;
  readonly sampledNs: number;
  readonly schedulerNs: number;
  readonly endedProcesses: number;
  readonly windows: number;
  readonly unmeasuredWindows: number;
  readonly unbalancedWindows: number;
  /** Unix milliseconds, by the target's clock. */
  readonly firstUnbalancedMs?: number;
}

export interface StackCut {
  readonly reason: string;
  readonly valueNs: number;
}

export interface FileCoverage {
  /** Empty for code in no file. */
  readonly path: string;
  readonly buildId: string;
  /** Samples with a frame in it, those whose innermost such frame has a line. */
  readonly valueNs: number;
  readonly linedNs: number;
  /** Frames in it, each weighed by its sample, and those that have a name. */
  readonly frameNs: number;
  readonly namedFrameNs: number;
  /** What gives the rest its names; empty when nothing is missing. */
  readonly mend: string;
}
