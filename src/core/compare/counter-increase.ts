/** A value of a counter at a moment. */
export interface CounterPoint {
  readonly timeMs: number;
  readonly value: number;
}

/** How much a counter grew, or why that cannot be told. */
export type CounterIncrease =
  | { readonly kind: 'counted'; readonly increase: number; readonly restarts: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'no-number'; readonly atMs: number }
  /** It was not there at the beginning or at the end of the range. */
  | { readonly kind: 'incomplete'; readonly fromMs: number; readonly toMs: number }
  /** It became smaller, so it is no counter, or a sum of which a part began anew. */
  | { readonly kind: 'fell'; readonly atMs: number; readonly from: number; readonly to: number };

/**
 * Tells how much a counter grew from its values in the order of time. A single counter that falls began anew at 0 (`single`); of a sum nobody
 * knows which part did. `slackMs`: it may be missing for so long at either end.
 *
 * Example: 10, 14, 2, 5 of a single one is 4 + 2 + 3 = 9, with a restart.
 */
export function counterIncrease(
  points: readonly CounterPoint[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  { single, slackMs }: { readonly single: boolean; readonly slackMs: number },
): CounterIncrease {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return { kind: 'nothing' };
  for (const { timeMs, value } of points) {
    if (!Number.isFinite(value)) return { kind: 'no-number', atMs: timeMs };
  }
  if (first.timeMs > startMs + slackMs || last.timeMs < endMs - slackMs) {
    return { kind: 'incomplete', fromMs: first.timeMs, toMs: last.timeMs };
  }
  let increase = 0;
  let restarts = 0;
  let before = first.value;
  for (const { timeMs, value } of points) {
    if (value < before) {
      if (!single) return { kind: 'fell', atMs: timeMs, from: before, to: value };
      restarts++;
      increase += Math.max(0, value);
    } else increase += value - before;
    before = value;
  }
  return { kind: 'counted', increase, restarts };
}

/** Whether an expression of PromQL names a metric and labels, and does not compute with them: what it answers is one series as it was read. */
export function isPlainSelector(query: string): boolean {
  const withoutStrings = query.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/gs, '""');
  return /^\s*(?:[A-Za-z_:][A-Za-z0-9_:]*\s*(?:\{[^{}]*\})?|\{[^{}]+\})\s*$/.test(withoutStrings);
}
