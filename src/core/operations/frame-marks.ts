import type { CallNodes } from '../profile/call-tree.js';
import { u32At, u8At } from '../profile/columns.js';
import { isInterpreterInternal, shownFile, type Frame, type FrameTable } from './frames.js';
import type { FrameKey, FrameSet } from './operation.js';
import { patternTest, type PatternProblem } from './name-pattern.js';

/** Marks of a set: by node 1 where its frame belongs to the set; or why the set is none. */
export type MarksOutcome = { readonly ok: true; readonly marks: Uint8Array } | PatternProblem;

type Test = (frame: Frame) => boolean;

/**
 * Marks the nodes of a set. Each frame is looked at once, however many nodes it has.
 *
 * Regular expressions run in time linear in the name (RE2's automata, no backtracking), so none can hang the decoder; what RE2
 * refuses (look-around, back-references, a thousandfold repeat) is answered as a sentence, and so is what it would compile for seconds.
 */
export function markFrames(nodes: CallNodes, frames: FrameTable, set: FrameSet): MarksOutcome {
  if (set.by === 'path') return { ok: true, marks: markPath(nodes, frames, set.path) };
  const test = testOf(set);
  if (typeof test !== 'function') return test;
  const byFrame = new Uint8Array(frames.count);
  for (let frame = 1; frame < frames.count; frame++) byFrame[frame] = test(frames.frameAt(frame)) ? 1 : 0;
  const marks = new Uint8Array(nodes.nodeCount);
  for (let node = 1; node < marks.length; node++) marks[node] = u8At(byFrame, u32At(nodes.functionIndex, node));
  return { ok: true, marks };
}

function testOf(set: Exclude<FrameSet, { readonly by: 'path' }>): Test | PatternProblem {
  switch (set.by) {
    case 'function':
      return (frame) => isKeyOf(set, frame);
    case 'file':
      return (frame) => frame.file === set.name;
    case 'library':
      return (frame) => frame.library === set.name;
    case 'package':
      return (frame) => frame.packageName === set.name;
    case 'kind':
      return (frame) => frame.kind === set.kind;
    case 'interpreter':
      return isInterpreterInternal;
    case 'pattern':
      return testOfPattern(set.pattern);
  }
}

function testOfPattern(pattern: string): Test | PatternProblem {
  const test = patternTest(pattern);
  if (typeof test !== 'function') return test;
  return ({ name, functionName }) => test(name) || (functionName !== name && test(functionName));
}

/** Whether a frame is the one that a key names: a line's frame is meant by its function's name and by its own. */
export function isKeyOf(key: FrameKey, frame: Frame): boolean {
  return (frame.name === key.name || frame.functionName === key.name) && shownFile(frame) === key.file;
}

/** Marks where the frames from the root on are those of a path: one node, or several where frames are lines. */
function markPath(nodes: CallNodes, frames: FrameTable, path: readonly FrameKey[]): Uint8Array {
  const marks = new Uint8Array(nodes.nodeCount);
  let open: number[] = [0];
  for (const key of path) {
    const next: number[] = [];
    for (const node of open) {
      const end = u32At(nodes.subtreeEnd, node);
      for (let child = node + 1; child < end; child = u32At(nodes.subtreeEnd, child)) {
        if (isKeyOf(key, frames.frameAt(u32At(nodes.functionIndex, child)))) next.push(child);
      }
    }
    open = next;
  }
  if (path.length > 0) for (const node of open) marks[node] = 1;
  return marks;
}
