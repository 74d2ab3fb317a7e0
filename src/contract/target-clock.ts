import type { AgentStatus } from './target.js';

/**
 * What a target's clock shows, Unix milliseconds. Windows are stamped by it, and on a server without time synchronisation it
 * may be hours off; a range that ends at this computer's "now" would then show nothing, or leave out the newest. Agents that
 * are too old to tell their time are believed to be in the window that they have open: right to within a window where the
 * clocks differ, and this computer's own time where they do not.
 */
export function targetTimeMs(status: AgentStatus | undefined, nowMs: number): number {
  if (status === undefined) return nowMs;
  if (status.clockAheadMs !== undefined) return nowMs + status.clockAheadMs;
  if (status.windowClosesAtMs === 0) return nowMs;
  const opensAtMs = status.windowClosesAtMs - status.windowSeconds * 1000;
  return Math.min(Math.max(nowMs, opensAtMs), status.windowClosesAtMs - 1);
}
