import type { Seen, SeenFrame, SeenStack } from '../agreement.js';

/** Random numbers from 0 to 1 that are the same every time (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same code sampled anew: as many samples, each drawn from what was seen. */
export function sampledAnew(seen: Seen, random: () => number): Seen {
  const singles = seen.stacks.flatMap(({ frames, samples }) => Array.from({ length: samples }, () => frames));
  const drawn = singles.map(() => singles[Math.floor(random() * singles.length)] ?? []);
  return { ...seen, stacks: counted(drawn) };
}

/** What an unwinder that breaks in some way would have seen. */
export interface BrokenUnwinder {
  readonly name: string;
  readonly spoil: (seen: Seen, random: () => number) => Seen;
}

/** The ways in which unwinders of Python were seen to break, ten of them. */
export const brokenUnwinders: readonly BrokenUnwinder[] = [
  { name: 'the leaf frame is lost', spoil: (seen) => eachStack(seen, (frames) => frames.slice(0, -1)) },
  {
    name: 'the leaf frame is lost in half of the stacks',
    spoil: (seen, random) => eachStack(seen, (frames) => (random() < 0.5 ? frames.slice(0, -1) : frames)),
  },
  {
    name: 'two functions become one',
    spoil: (seen) => {
      const [first, second] = byOwnTime(seen);
      return eachFrame(seen, (frame) =>
        first !== undefined && second !== undefined && isOf(frame, second)
          ? { ...frame, name: first.name, file: first.file }
          : frame,
      );
    },
  },
  {
    name: 'a quarter of the stacks have no Python frame',
    spoil: (seen, random) => eachStack(seen, (frames) => (random() < 0.25 ? [] : frames)),
  },
  {
    name: 'the stacks of one function have no Python frame',
    spoil: (seen) => {
      const [first] = byOwnTime(seen);
      return eachStack(seen, (frames) => (first !== undefined && isOf(frames.at(-1), first) ? [] : frames));
    },
  },
  {
    name: 'names are those of the next function',
    spoil: (seen) => {
      const functions = byOwnTime(seen);
      return eachFrame(seen, (frame) => {
        const at = functions.findIndex((each) => isOf(frame, each));
        const next = functions[(at + 1) % functions.length];
        return at < 0 || next === undefined ? frame : { ...frame, name: next.name, file: next.file };
      });
    },
  },
  { name: 'lines are one too far', spoil: (seen) => eachFrame(seen, (frame) => ({ ...frame, line: frame.line + 1 })) },
  { name: 'only the innermost two frames are walked', spoil: (seen) => eachStack(seen, (frames) => frames.slice(-2)) },
  { name: 'only the outermost two frames are kept', spoil: (seen) => eachStack(seen, (frames) => frames.slice(0, 2)) },
  {
    name: 'every second frame is skipped',
    spoil: (seen) => eachStack(seen, (frames) => frames.filter((_, index) => index % 2 === 0)),
  },
];

function eachStack(seen: Seen, change: (frames: readonly SeenFrame[]) => readonly SeenFrame[]): Seen {
  const changed = seen.stacks.flatMap(({ frames, samples }) => Array.from({ length: samples }, () => change(frames)));
  const kept = changed.filter((frames) => frames.length > 0);
  return { ...seen, stacks: counted(kept), without: seen.without + changed.length - kept.length };
}

function eachFrame(seen: Seen, change: (frame: SeenFrame) => SeenFrame): Seen {
  return eachStack(seen, (frames) => frames.map(change));
}

function isOf(frame: SeenFrame | undefined, other: SeenFrame): boolean {
  return frame !== undefined && frame.name === other.name && frame.file === other.file;
}

/** The functions that are innermost, most samples first. */
function byOwnTime(seen: Seen): readonly SeenFrame[] {
  const found = new Map<string, { readonly frame: SeenFrame; samples: number }>();
  for (const { frames, samples } of seen.stacks) {
    const frame = frames.at(-1);
    if (frame === undefined) continue;
    const key = `${frame.name}\n${frame.file}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { frame, samples });
    else known.samples += samples;
  }
  return [...found.values()].sort((a, b) => b.samples - a.samples).map(({ frame }) => frame);
}

/** Adds equal stacks up. */
export function counted(stacks: readonly (readonly SeenFrame[])[]): readonly SeenStack[] {
  const found = new Map<string, { readonly frames: readonly SeenFrame[]; samples: number }>();
  for (const frames of stacks) {
    const key = frames.map(({ name, file, line }) => `${name}\n${file}\n${line}`).join('\n');
    const known = found.get(key);
    if (known === undefined) found.set(key, { frames, samples: 1 });
    else known.samples++;
  }
  return [...found.values()];
}
