/** What was added to a log; hostile text, as names of containers and functions are in it. */
export interface LogLines {
  /** Without their line ends; what is too long ends with an ellipsis. */
  readonly lines: readonly string[];
  /** Lines before these that came too fast and were left out. */
  readonly skipped: number;
}
