import type { Measured } from '../scripts/bench/rounds.mjs';

/** A line of a benchmark's table. */
export interface BenchRow {
  readonly id: string;
  /** null where what was measured is not what the row asks for. */
  readonly ours: number | null;
  readonly unit: string;
  /** By name, in the same unit; null where a peer is missing. */
  readonly peers: Readonly<Record<string, number | null>>;
  /** So many rounds, runs or samples. */
  readonly n: number;
  /** Of `ours`, in the same unit: what it is, the benchmark says. */
  readonly spread: number;
  /** Why ours is missing. */
  readonly reason?: string;
}

/** Says what is being done, beside the table. */
export type Note = (text: string) => void;

/** What `bench` of each benchmark is given. */
export interface BenchOptions {
  /** Small and short: whether it runs at all, not what it measures. */
  readonly quick: boolean;
  readonly note: Note;
}

/** The row of ways that were measured in one run, `ours` among them, in milliseconds. */
export function measuredRow(
  id: string,
  { ours, ...peers }: Readonly<Record<string, Measured>>,
  missing: readonly string[],
): BenchRow {
  if (ours === undefined) throw new Error('nothing was measured');
  return {
    id,
    ours: ours.median,
    unit: 'ms',
    peers: {
      ...Object.fromEntries(Object.entries(peers).map(([name, { median }]) => [name, median])),
      ...Object.fromEntries(missing.map((name) => [name, null])),
    },
    n: ours.n,
    spread: ours.spread,
  };
}
