import { functionKey } from '../compare/function-keys.js';
import type { Matching } from '../compare/match-functions.js';
import { shownFile, type Frame, type FrameTable } from '../operations/frames.js';

/** In place of a line: functions of one name begin on several. */
const several = -1;

/**
 * Frames of a baseline that are lines, counted as the comparison counts them: the lines of a function that begins elsewhere now are moved
 * along with it, so that code which moved stands beside itself. Where one of both does not say where the function begins, or has several of
 * its name, lines stay.
 *
 * Example: f began on line 10 and begins on 14, so its frame "f:12" becomes "f:16".
 */
export function movedLines(before: FrameTable, after: FrameTable, matching: Matching): FrameTable {
  const begin = beginnings(before, matching);
  const end = beginnings(after, matching);
  return {
    ...before,
    frameAt: (index) => {
      const frame = before.frameAt(index);
      if (frame.line === undefined) return frame;
      const key = keyOf(frame, matching);
      const [from, to] = [begin.get(key) ?? several, end.get(key) ?? several];
      if (from === several || to === several || from === to) return frame;
      const line = frame.line + to - from;
      return { ...frame, line, name: `${frame.functionName}:${line}` };
    },
  };
}

function keyOf(frame: Frame, matching: Matching): string {
  return functionKey({ name: frame.functionName, file: shownFile(frame) }, matching);
}

function beginnings(table: FrameTable, matching: Matching): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let index = 1; index < table.count; index++) {
    const frame = table.frameAt(index);
    const start = frame.origin?.startLine;
    if (frame.line === undefined || start === undefined) continue;
    const key = keyOf(frame, matching);
    const known = found.get(key);
    found.set(key, known === undefined || known === start ? start : several);
  }
  return found;
}
