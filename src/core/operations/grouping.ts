import { createPairTable } from '../profile/pair-table.js';
import { u32At } from '../profile/columns.js';
import type { Locations } from '../profile/profile.js';
import { shownFile, type Frame, type FrameTable } from './frames.js';
import type { FrameSet, GroupBy } from './operation.js';

/** Frames that stand for groups of others. */
export interface GroupedFrames {
  readonly frames: FrameTable;
  /** By frame of the table that was grouped, its group. The root stays frame 0. */
  readonly frameOf: Uint32Array;
}

/** Groups frames. What no file, package or library is known of is a group of its own that says so. */
export function groupFrames(table: FrameTable, by: Exclude<GroupBy, 'line'>): GroupedFrames {
  const groups: Frame[] = [table.frameAt(0)];
  const byName = new Map<string, number>();
  const frameOf = new Uint32Array(table.count);
  for (let index = 1; index < table.count; index++) {
    const frame = table.frameAt(index);
    const group = groupOf(frame, by);
    let at = byName.get(group.name);
    if (at === undefined) {
      at = groups.push(group) - 1;
      byName.set(group.name, at);
    }
    frameOf[index] = at;
  }
  const [root] = groups;
  return {
    frameOf,
    frames: { count: groups.length, frameAt: (index) => groups[index] ?? root ?? table.frameAt(0) },
  };
}

function groupOf(frame: Frame, by: Exclude<GroupBy, 'line'>): Frame {
  const named = (name: string, rest: Partial<Frame> = {}): Frame => ({
    name: name === '' ? `[no ${by} known]` : name,
    functionName: name,
    file: '',
    library: '',
    kind: frame.kind,
    packageName: frame.packageName,
    ...rest,
  });
  switch (by) {
    case 'file':
      return named(shownFile(frame), { file: frame.file, library: frame.library });
    case 'package':
      return named(frame.packageName);
    case 'library':
      return named(frame.library, { library: frame.library });
    case 'kind':
      return named(frame.kind);
  }
}

/** How a set is called where a frame stands for it. */
export function nameOfSet(set: FrameSet): string {
  switch (set.by) {
    case 'function':
    case 'package':
      return set.name;
    case 'file':
    case 'library':
      return set.name.slice(set.name.lastIndexOf('/') + 1);
    case 'path':
      return set.path.at(-1)?.name ?? '';
    case 'kind':
      return set.kind;
    case 'interpreter':
      return 'interpreter';
    case 'pattern':
      return `/${set.pattern}/`;
  }
}

/** Frames that are lines of functions, and which of them each line of the profile's locations is. */
export interface LineFrames {
  readonly frames: FrameTable;
  /** In place of `Locations.lineFunction`. */
  readonly lineFrame: Uint32Array;
}

/** Numbers the distinct pairs of function and line. Lines that are not known make one frame a function, named as the function. */
export function lineFrames(functions: FrameTable, locations: Locations): LineFrames {
  const count = locations.lineFunction.length;
  const lineFrame = new Uint32Array(count);
  const known = createPairTable(count);
  const callee: number[] = [0];
  const line: number[] = [0];
  const firstOf = new Uint32Array(functions.count); // by function, its first frame
  for (let at = 1; at < count; at++) {
    const called = u32At(locations.lineFunction, at);
    const number = u32At(locations.lineNumber, at);
    let frame = known.find(called, number);
    if (frame < 0) {
      frame = callee.push(called) - 1;
      line.push(number);
      known.insert(called, number, frame);
      if (u32At(firstOf, called) === 0) firstOf[called] = frame;
    }
    lineFrame[at] = frame;
  }
  return {
    lineFrame,
    frames: {
      count: callee.length,
      frameAt: (index) => {
        const frame = functions.frameAt(callee[index] ?? 0);
        const number = line[index] ?? 0;
        if (number === 0) return frame;
        const { origin = { buildId: '' } } = frame;
        return {
          ...frame,
          name: `${frame.name}:${number}`,
          line: number,
          origin: { ...origin, firstLine: number, lastLine: number },
        };
      },
      functionOf: Uint32Array.from(callee, (called) => u32At(firstOf, called)),
    },
  };
}
