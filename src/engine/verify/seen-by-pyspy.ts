import type { Seen, SeenStack } from '../../core/compare/agreement.js';
import type { ReadSlice } from '../pyspy/speedscope.js';

/** The Python code that py-spy saw at so many instants a second, in seconds. */
export function seenByPySpy(slices: readonly ReadSlice[], rateHz: number, seconds: number): Seen {
  const stacks = slices.flatMap(({ frames, stacks: counted }) =>
    counted.map(({ frames: indices, samples }): SeenStack => ({
      frames: indices.flatMap((index) => frames[index] ?? []),
      samples,
    })),
  );
  return {
    stacks: stacks.filter(({ frames }) => frames.length > 0),
    without: 0,
    coresPerSample: 1 / (rateHz * Math.max(1e-3, seconds)),
  };
}
