import type { AgentStatus } from './target.js';

/**
 * What a target's clock shows, Unix milliseconds: this computer's time, moved into the window that its agent has open.
 * Windows are stamped by the target's clock, which on a server without time synchronisation may be hours off; a range that
 * ends at this computer's "now" would then show nothing, or leave out the newest. Right to within a window where the clocks
 * differ, and this computer's own time where they do not.
 */
export function targetTimeMs(status: AgentStatus | undefined, nowMs: number): number {
  if (status === undefined || status.windowClosesAtMs === 0) return nowMs;
  const opensAtMs = status.windowClosesAtMs - status.windowSeconds * 1000;
  return Math.min(Math.max(nowMs, opensAtMs), status.windowClosesAtMs - 1);
}
