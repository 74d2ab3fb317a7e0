import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Seen } from '../../../core/compare/agreement.js';

const Side = v.object({
  without: v.number(),
  coresPerSample: v.number(),
  /** Samples, then indices of frames, outermost first. */
  stacks: v.array(v.array(v.number())),
});
const File = v.object({
  seconds: v.number(),
  frames: v.array(v.tuple([v.string(), v.string(), v.number()])),
  agent: Side,
  pyspy: Side,
});

/** What the real agent and the real py-spy saw of one Python 3.11 process in a container, the program of the end-to-end test, in the same 20 s of a crowded machine. */
export function realPair(): { readonly agent: Seen; readonly pyspy: Seen; readonly seconds: number } {
  const read = v.parse(File, JSON.parse(readFileSync(join(import.meta.dirname, 'real-pair.json'), 'utf8')));
  const frames = read.frames.map(([name, file, line]) => ({ name, file, line }));
  const seen = ({ stacks, without, coresPerSample }: v.InferOutput<typeof Side>): Seen => ({
    without,
    coresPerSample,
    stacks: stacks.map(([samples = 0, ...indices]) => ({
      samples,
      frames: indices.flatMap((index) => frames[index] ?? []),
    })),
  });
  return { agent: seen(read.agent), pyspy: seen(read.pyspy), seconds: read.seconds };
}
