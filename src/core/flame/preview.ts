import { f64At, u32At } from '../profile/columns.js';
import { nodeAtPath } from './navigate.js';
import { wholeLayout, type FlameLayout, type LayoutInput, type LayoutPart } from './layout.js';
import { bytesPerNode } from './pieces.js';

/** What of a graph a screen shows: so wide in pixels, zoomed to a frame, of which it shows the part from `from` to `to` (0 to 1 is all). */
export interface ScreenPart {
  readonly widthPx: number;
  /** Function names from below the root to the zoomed frame. */
  readonly zoomPath: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** A frame narrower than this share of a pixel is not worth waiting for. */
const leastPixels = 0.25;
/** What is sent ahead is no more than this; it takes about 25 ms to cross. */
const mostBytes = 4_000_000;
/** A graph of so many bytes is sent as a whole: nothing of it has to wait long. */
const fewBytes = 2_000_000;

/** How many nodes and levels a tree has whose nodes without width are left out; the root stays. */
export function measureLayout({ nodeCount, total, depth }: LayoutInput): {
  readonly nodeCount: number;
  readonly depthCount: number;
} {
  let count = 1;
  let deepest = 0;
  for (let node = 1; node < nodeCount; node++) {
    if (f64At(total, node) <= 0) continue;
    count += 1;
    const level = u32At(depth, node);
    if (level > deepest) deepest = level;
  }
  return { nodeCount: count, depthCount: deepest + 1 };
}

/** Whether a graph is so large that what the screen shows of it is sent ahead. */
export function wantsPreview(nodeCount: number, diff: boolean): boolean {
  return nodeCount * bytesPerNode(diff) > fewBytes;
}

/**
 * Lays out what a screen shows of a tree. A zoomed frame that is not found leaves its deepest caller that is; one that is too narrow to be
 * seen from its caller is looked for in a part that shows it.
 */
export async function layOutPreview(
  total: number,
  diff: boolean,
  { widthPx, zoomPath, from, to }: ScreenPart,
  layOut: (part: LayoutPart) => Promise<FlameLayout>,
  nameOf: (functionIndex: number) => string,
): Promise<FlameLayout> {
  const most = Math.floor(mostBytes / bytesPerNode(diff));
  let shown = { from: 0, to: total };
  let matched = 0;
  /** What was laid out before the zoomed frame was looked for among all that its caller calls, however narrow. */
  let before: FlameLayout | undefined;
  for (;;) {
    const width = shown.to - shown.from;
    const { from: left, to: right } = shown;
    const narrow = { narrowest: (leastPixels * width) / widthPx, most };
    const laidOut = await layOut({ ...wholeLayout, ...(before === undefined ? narrow : {}), from: left, to: right });
    const zoomed = nodeAtPath(laidOut.graph, zoomPath, nameOf);
    const start = f64At(laidOut.graph.x0, zoomed.node);
    const span = f64At(laidOut.graph.x1, zoomed.node) - start;
    const whole = zoomed.matched === zoomPath.length;
    if (!whole && zoomed.matched <= matched && width > 0) {
      if (before !== undefined) return before;
      before = laidOut;
      continue;
    }
    const next = whole
      ? { from: Math.max(0, start + from * span), to: Math.min(total, start + to * span) }
      : { from: start, to: start + span };
    if (before === undefined && next.to - next.from >= width) return laidOut; // it is what is wanted
    before = undefined;
    matched = zoomed.matched;
    shown = next;
  }
}
