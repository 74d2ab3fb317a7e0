import type { Turnover } from './turnovers.js';

/**
 * The deploy or restart that lies nearest to a moment, at most `withinMs` away; undefined where there is none. It happened then; that
 * it is the cause nobody says.
 */
export function nearestEvent(atMs: number, turnovers: readonly Turnover[], withinMs: number): Turnover | undefined {
  const awayOf = ({ oldUntilMs, newFromMs }: Turnover): number => Math.max(0, oldUntilMs - atMs, atMs - newFromMs);
  let nearest: Turnover | undefined;
  for (const turnover of turnovers) {
    const away = awayOf(turnover);
    if (away <= withinMs && (nearest === undefined || away < awayOf(nearest))) nearest = turnover;
  }
  return nearest;
}

/** "web was deployed", "web restarted". */
export function eventWords({ service, kind }: Turnover): string {
  return `${service} ${kind === 'deploy' ? 'was deployed' : 'restarted'}`;
}
