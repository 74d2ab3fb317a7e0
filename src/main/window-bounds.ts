import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';

/** A rectangle of the desktop, in its own pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a window was. Version 1. Changes: none yet. */
const KeptBounds = v.object({
  version: v.literal(1),
  x: v.pipe(v.number(), v.integer()),
  y: v.pipe(v.number(), v.integer()),
  width: v.pipe(v.number(), v.integer(), v.minValue(1)),
  height: v.pipe(v.number(), v.integer(), v.minValue(1)),
  maximised: v.boolean(),
});

/** Bounds of a window that is not maximised, and whether it was. */
export interface WindowBounds extends Rectangle {
  readonly maximised: boolean;
}

/** What was kept; undefined when nothing was, or nothing that is understood. */
export function readBounds(path: string): WindowBounds | undefined {
  try {
    const { x, y, width, height, maximised } = v.parse(KeptBounds, JSON.parse(readFileSync(path, 'utf8')));
    return { x, y, width, height, maximised };
  } catch {
    // The first start, or a damaged file: the window opens where the system puts it.
    return undefined;
  }
}

/** Keeps where a window is. Synchronous: a window that closes is often the end of the app. */
export function keepBounds(path: string, bounds: WindowBounds): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify({ version: 1, ...bounds }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    console.error('main: where the window was could not be kept:', error);
  }
}

/** So much of a window must be on a screen that a person can take hold of it. */
const leastVisible = { width: 160, height: 80 } as const;

/**
 * Bounds that lie on one of the screens (their work areas): as they were when enough of them shows, moved and cut to the screen that
 * they overlap most. Undefined when they lie on a screen that is not there any more.
 */
export function boundsOnScreens(wanted: Rectangle, screens: readonly Rectangle[]): Rectangle | undefined {
  let best: Rectangle | undefined;
  let most = 0;
  for (const screen of screens) {
    const width = Math.min(wanted.x + wanted.width, screen.x + screen.width) - Math.max(wanted.x, screen.x);
    const height = Math.min(wanted.y + wanted.height, screen.y + screen.height) - Math.max(wanted.y, screen.y);
    if (width < leastVisible.width || height < leastVisible.height || width * height <= most) continue;
    most = width * height;
    best = screen;
  }
  if (best === undefined) return undefined;
  const width = Math.min(wanted.width, best.width);
  const height = Math.min(wanted.height, best.height);
  return {
    x: Math.max(best.x, Math.min(wanted.x, best.x + best.width - width)),
    y: Math.max(best.y, Math.min(wanted.y, best.y + best.height - height)),
    width,
    height,
  };
}
