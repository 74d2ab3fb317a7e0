/** Something that the app ran or wrote on a target. */
export interface ReceiptEntry {
  /** Counts from 1 in the order of happening. */
  readonly number: number;
  /** By this computer's clock. */
  readonly atMs: number;
  readonly kind: 'ran' | 'wrote';
  /** What it is for, in one line; may hold text of the target's. */
  readonly title: string;
  readonly asRoot: boolean;
  /** What a person would type to do the same; may hold several lines. */
  readonly command: string;
  /** "exit 0", "not yet ended", "12 MB written". */
  readonly outcome: string;
}

/** All that the app ran and wrote on a target since it was started. Passwords are never part of it: they are no arguments. */
export interface Receipt {
  readonly entries: readonly ReceiptEntry[];
  /** Entries before these that were let go, because a receipt is bounded. */
  readonly forgotten: number;
  /** The whole as a shell script with comments. */
  readonly text: string;
}
