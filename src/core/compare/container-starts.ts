import type { Turnover } from './turnovers.js';

/** The steps of time in which a container used CPU. */
export interface ContainerSteps {
  readonly service: string;
  /** Its id. */
  readonly container: string;
  /** What people call it; "" when unknown. */
  readonly name: string;
  /** Unix milliseconds at which the steps begin. */
  readonly stepsMs: readonly number[];
}

/** A container that began to run. */
export interface ContainerStart {
  readonly service: string;
  /** What people call it, else its id. */
  readonly container: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  /** It had run before, as far as that is known. */
  readonly again: boolean;
}

/** Starts that somebody saw who looks for them. */
export interface SeenStarts {
  /** Unix milliseconds: from then on all are there. Infinity where nobody looked. */
  readonly fromMs: number;
  /** In the order of time; some may be of before. */
  readonly starts: readonly ContainerStart[];
}

export const nothingSeen: SeenStarts = { fromMs: Infinity, starts: [] };

/** Samples tell that a container runs, and not that it does not: who idles has none either. So it must be quiet for as long as it is busy then. */
const sureSteps = 4;

/**
 * Finds containers that started beside others: sampled in four steps one after the other, and in none of the four before the first of
 * them, in which others were. Those that a deploy or restart brought stand with that.
 *
 * Example, steps of 15 s: where another one has samples from 0 on, a container with samples in 90, 105, 120 and 135 started at 90.
 */
export function containerStarts(
  containers: readonly ContainerSteps[],
  turnovers: readonly Turnover[],
  stepMs: number,
): readonly ContainerStart[] {
  // Where nobody was sampled nothing is known: no agent ran.
  const sampled = new Set(containers.flatMap(({ stepsMs }) => stepsMs));
  const stepsFrom = (fromMs: number): readonly number[] =>
    Array.from({ length: sureSteps }, (_, step) => fromMs + step * stepMs);
  const byId = new Map<string, { readonly of: ContainerSteps; readonly steps: Set<number> }>();
  for (const of of containers) {
    if (of.container === '') continue;
    const key = `${of.service} ${of.container}`;
    const known = byId.get(key) ?? { of, steps: new Set<number>() };
    byId.set(key, known);
    for (const step of of.stepsMs) known.steps.add(step);
  }
  const found: ContainerStart[] = [];
  for (const { of, steps } of byId.values()) {
    const atMs = Math.min(...steps);
    const wasQuiet = stepsFrom(atMs - sureSteps * stepMs).every((step) => sampled.has(step));
    const isBusy = stepsFrom(atMs).every((step) => steps.has(step));
    const start = { service: of.service, container: of.name === '' ? of.container : of.name, atMs, again: false };
    if (wasQuiet && isBusy && !isPartOfOne(start, turnovers, stepMs)) found.push(start);
  }
  return found.sort((a, b) => a.atMs - b.atMs);
}

/**
 * What was seen in the place of what samples tell, which is left for the time in which nobody looked: there a container may have idled
 * since its start. Those that a deploy or restart brought stand with that.
 */
export function withSeenStarts(
  told: readonly ContainerStart[],
  { fromMs, starts }: SeenStarts,
  turnovers: readonly Turnover[],
  stepMs: number,
): readonly ContainerStart[] {
  const isSeen = ({ service, container, atMs }: ContainerStart): boolean =>
    starts.some((seen) => seen.service === service && seen.container === container && seen.atMs < atMs + stepMs);
  const left = told.filter((start) => start.atMs < fromMs && !isSeen(start));
  const seen = starts.filter((start) => !isPartOfOne(start, turnovers, stepMs));
  return [...left, ...seen].sort((a, b) => a.atMs - b.atMs);
}

function isPartOfOne({ service, atMs }: ContainerStart, turnovers: readonly Turnover[], stepMs: number): boolean {
  return turnovers.some(
    (turnover) =>
      turnover.service === service && atMs >= turnover.oldUntilMs - stepMs && atMs <= turnover.newFromMs + stepMs,
  );
}
