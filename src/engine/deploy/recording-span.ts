import { targetTimeMs } from '../../contract/target-clock.js';
import type { AgentStatus } from '../../contract/target.js';

/** What a recording asks for, and when it may be asked for. */
export interface RecordingSpan {
  /** The selection, by the target's clock. A window that ends at `endMs`, or later, has to be in the store. */
  readonly startMs: number;
  readonly endMs: number;
  /** By this computer's clock: when the wanted time begins, and when the last window should have closed. */
  readonly beginsAtMs: number;
  readonly closesAtMs: number;
}

/**
 * The windows of a recording. An agent that has just begun is in its first window, which counts (`fresh`); of one that ran,
 * the next whole window is the first. The last one is the window in which the wanted time ends.
 *
 * Example: windows of 5 s, 12 s wanted at 3 s: [0, 15) of a fresh agent, [5, 20) of one that ran.
 */
export function recordingSpan(status: AgentStatus, fresh: boolean, seconds: number, nowMs: number): RecordingSpan {
  const windowMs = Math.max(1, status.windowSeconds) * 1000;
  const thereMs = targetTimeMs(status, nowMs);
  const openMs = thereMs - (thereMs % windowMs);
  const startMs = fresh ? openMs : openMs + windowMs;
  const beginMs = Math.max(thereMs, startMs);
  const endMs = Math.ceil((beginMs + seconds * 1000) / windowMs) * windowMs;
  const toHere = nowMs - thereMs;
  return { startMs, endMs, beginsAtMs: beginMs + toHere, closesAtMs: endMs + toHere };
}
