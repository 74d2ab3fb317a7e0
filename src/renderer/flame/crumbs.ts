/** A step of the way to the zoomed frame: how long the path to it is, and its name. */
export interface CrumbStep {
  readonly length: number;
  readonly text: string;
  readonly current: boolean;
}

/** The steps that are shown: the first, the last two, and how many are left out between them. */
export interface Crumbs {
  readonly head: readonly CrumbStep[];
  readonly skipped: number;
  readonly tail: readonly CrumbStep[];
}

/** Shortens a path to what fits one line. */
export function crumbsOf(path: readonly string[]): Crumbs {
  const steps = path.map((text, index): CrumbStep => ({
    length: index + 1,
    text,
    current: index === path.length - 1,
  }));
  if (steps.length <= 3) return { head: steps, skipped: 0, tail: [] };
  return { head: steps.slice(0, 1), skipped: steps.length - 3, tail: steps.slice(-2) };
}
