import type { FrameTable } from '../operations/frames.js';
import type { CallColumn } from '../profile/call-rows.js';
import type { CallNodes } from '../profile/call-tree.js';
import { f64At, u32At } from '../profile/columns.js';

/** What one side of a view measured in a file. */
export interface LineColumn {
  /** By line of `LineCosts.line`: measured on the line itself, and on it with all that it called. */
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** The same of the whole file, lines that are not known among them. */
  readonly fileSelf: number;
  readonly fileTotal: number;
  /** Self on lines of the file that the profile does not tell. */
  readonly unknownSelf: number;
}

/**
 * What the lines of a file cost. A stack counts once in a line's total, and once in the file's, however often it comes by: the
 * outermost frame counts.
 *
 * Example: f (lines 3 and 4) calls itself on line 4; 2 samples in f:3, 5 in f:4 > f:3:
 *   line [3, 4], self [7, 0], total [7, 5], fileSelf 7, fileTotal 7
 */
export interface LineCosts {
  /** 1-based, rising; only lines that cost something. */
  readonly line: Uint32Array;
  /** By line, its function's place in `functions`; of several that share a line the one that costs most. */
  readonly owner: Uint32Array;
  readonly functions: readonly string[];
  /** One a side; of a comparison the comparison's and then the baseline's. */
  readonly columns: readonly LineColumn[];
}

/** The frames of a file, by frame of the table. */
interface FileFrames {
  /** The line's place in `lines` + 1, or `lines.length` + 1 where the line is not known; 0 for frames of other files. */
  readonly slot: Uint32Array;
  readonly lines: readonly number[];
  readonly owner: Uint32Array;
  readonly functions: readonly string[];
}

/** Adds up a call tree whose frames are lines of functions by the lines of one file. */
export function lineCosts(
  nodes: CallNodes,
  columns: readonly CallColumn[],
  frames: FrameTable,
  file: string,
): LineCosts {
  const found = framesOf(frames, file);
  const sums = columns.map((column) => sumLines(nodes, column, found));
  const cost = (index: number): number => sums.reduce((sum, { total }) => sum + f64At(total, index), 0);
  const kept = Array.from(found.lines.keys()).filter((index) => cost(index) > 0);
  return {
    line: Uint32Array.from(kept, (index) => found.lines[index] ?? 0),
    owner: ownersOf(nodes, columns, found, kept),
    functions: found.functions,
    columns: sums.map(({ self, total, ...whole }) => ({
      ...whole,
      self: Float64Array.from(kept, (index) => f64At(self, index)),
      total: Float64Array.from(kept, (index) => f64At(total, index)),
    })),
  };
}

function framesOf(frames: FrameTable, file: string): FileFrames {
  const lineOf = new Map<number, number>(); // frame -> line, 0 where it is not known
  const owner = new Uint32Array(frames.count);
  const functions = new Map<string, number>();
  for (let index = 1; index < frames.count; index++) {
    const frame = frames.frameAt(index);
    if (file === '' || frame.file !== file) continue;
    lineOf.set(index, frame.line ?? 0);
    const number = functions.get(frame.functionName) ?? functions.size;
    functions.set(frame.functionName, number);
    owner[index] = number;
  }
  const lines = [...new Set(lineOf.values())].filter((line) => line > 0).sort((a, b) => a - b);
  const place = new Map(lines.map((line, index) => [line, index + 1]));
  const slot = new Uint32Array(frames.count);
  for (const [index, line] of lineOf) slot[index] = place.get(line) ?? lines.length + 1;
  return { slot, lines, owner, functions: [...functions.keys()] };
}

/** `openUntil` is where the subtree of a line's outermost open frame ends, as in `functionTotals`. */
function sumLines(
  { nodeCount, functionIndex, subtreeEnd }: CallNodes,
  column: CallColumn,
  found: FileFrames,
): LineColumn {
  const unknown = found.lines.length;
  const self = new Float64Array(unknown + 1);
  const total = new Float64Array(unknown + 1);
  const openUntil = new Uint32Array(unknown + 1);
  let fileOpenUntil = 0;
  let fileTotal = 0;
  for (let node = 1; node < nodeCount; node++) {
    const slot = u32At(found.slot, u32At(functionIndex, node)) - 1;
    if (slot < 0) continue;
    self[slot] = f64At(self, slot) + f64At(column.self, node);
    if (node >= u32At(openUntil, slot)) {
      openUntil[slot] = u32At(subtreeEnd, node);
      total[slot] = f64At(total, slot) + f64At(column.total, node);
    }
    if (node >= fileOpenUntil) {
      fileOpenUntil = u32At(subtreeEnd, node);
      fileTotal += f64At(column.total, node);
    }
  }
  return {
    self,
    total,
    fileSelf: self.reduce((sum, value) => sum + value, 0),
    fileTotal,
    unknownSelf: f64At(self, unknown),
  };
}

/** By kept line, the function that costs most there. Recursion may count twice: it only decides between functions of one line. */
function ownersOf(
  { nodeCount, functionIndex }: CallNodes,
  columns: readonly CallColumn[],
  found: FileFrames,
  kept: readonly number[],
): Uint32Array {
  const byLine = new Map<number, Map<number, number>>();
  for (let node = 1; node < nodeCount; node++) {
    const frame = u32At(functionIndex, node);
    const slot = u32At(found.slot, frame) - 1;
    if (slot < 0) continue;
    const costs = byLine.get(slot) ?? new Map<number, number>();
    byLine.set(slot, costs);
    const owner = u32At(found.owner, frame);
    const cost = columns.reduce((sum, { total }) => sum + f64At(total, node), 0);
    costs.set(owner, (costs.get(owner) ?? 0) + cost);
  }
  return Uint32Array.from(kept, (slot) => {
    let [best, most] = [0, -1];
    for (const [owner, cost] of byLine.get(slot) ?? []) if (cost > most) [best, most] = [owner, cost];
    return best;
  });
}

/** What a line costs with all that it calls: of a comparison on the side where that is more. */
export function lineWeight({ columns }: LineCosts, index: number): number {
  return columns.reduce((most, { total }) => Math.max(most, f64At(total, index)), 0);
}

/** The place of a function's line that costs most, in `LineCosts.line`; undefined when none of its lines is known. */
export function hottestLine(costs: LineCosts, functionName: string): number | undefined {
  const owner = costs.functions.indexOf(functionName);
  let hottest: number | undefined;
  for (let index = 0; index < costs.line.length; index++) {
    if (u32At(costs.owner, index) !== owner) continue;
    if (hottest === undefined || lineWeight(costs, index) > lineWeight(costs, hottest)) hottest = index;
  }
  return hottest;
}

/** Of what the file costs, what a line must cost to be a hot one. */
const hotShare = 0.01;

/** Lines that are worth a visit, from the top down. */
export function hotLines(costs: LineCosts): readonly number[] {
  const least = hotShare * costs.columns.reduce((most, { fileTotal }) => Math.max(most, fileTotal), 0);
  const indices = Array.from(costs.line.keys()).filter((index) => lineWeight(costs, index) >= least);
  return indices.map((index) => u32At(costs.line, index));
}

/** The next hot line below or above a line, and around. Undefined where there is none. */
export function nextHotLine(hot: readonly number[], from: number, direction: 1 | -1): number | undefined {
  return direction === 1
    ? (hot.find((line) => line > from) ?? hot[0])
    : (hot.findLast((line) => line < from) ?? hot.at(-1));
}
