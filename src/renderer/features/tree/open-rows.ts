/**
 * Rows of a tree that are unfolded, by what leads to them. Functions are named, not numbered: their numbers are others in each
 * view, and what is unfolded stays so when a new window comes. A row that is not in here was never touched.
 */
export interface OpenRows {
  open: boolean;
  /** By the key of the function. */
  readonly below: Map<string, OpenRows>;
}

/** Nothing is unfolded; the outermost rows are in sight. */
export function noneOpen(): OpenRows {
  return { open: true, below: new Map() };
}

/** Unfolds or folds a row. What is unfolded below it is kept either way. */
export function setOpen(rows: OpenRows, keys: readonly string[], open: boolean): void {
  let at = rows;
  for (const key of keys) {
    let next = at.below.get(key);
    if (next === undefined) at.below.set(key, (next = { open: false, below: new Map() }));
    at = next;
  }
  at.open = open;
}

/** What is known of a row; undefined where neither it nor anything below it was ever touched. */
export function openRowAt(rows: OpenRows, keys: readonly string[]): OpenRows | undefined {
  let at: OpenRows | undefined = rows;
  for (const key of keys) at = at?.below.get(key);
  return at;
}
