import type { Profile } from '../profile.js';
import { stringBytes } from '../strings.js';
import { nameOfFunction, toText } from './pictures.js';

/**
 * All of a profile that does not hang on the numbering of its tables, for whole-value comparison: facts, and by stack its
 * frames with file, library, lines and address, leaf last, and its values.
 */
export function describeProfile(profile: Profile): unknown {
  const { sampleTypes, defaultValueIndex, timeNs, durationNs, period, periodType, comments } = profile;
  const { functions, locations, mappings, stacks, samples } = profile;
  const text = (index: number | undefined): string => toText(stringBytes(profile.strings, index ?? 0));
  const frame = (location: number): string => {
    const lines: string[] = [];
    for (let line = locations.lineStart[location] ?? 0; line < (locations.lineStart[location + 1] ?? 0); line++) {
      const callee = locations.lineFunction[line] ?? 0;
      const file = text(functions.file[callee]);
      lines.push(`${nameOfFunction(profile, callee)} ${file}:${locations.lineNumber[line] ?? 0}`);
    }
    const mapping = locations.mapping[location] ?? 0;
    const where = mapping === 0 ? '' : ` in ${text(mappings.file[mapping])} ${text(mappings.buildId[mapping])}`;
    return `${lines.join(' > ')} @${(locations.address[location] ?? 0n).toString(16)}${where}`;
  };
  const framesOf = (stack: number): string[] => {
    const frames: string[] = [];
    for (let at = stack; at !== 0; at = stacks.prefix[at] ?? 0) frames.unshift(frame(stacks.location[at] ?? 0));
    return frames;
  };
  return {
    facts: { sampleTypes, defaultValueIndex, timeNs, durationNs, period, periodType, comments },
    samples: Array.from(samples.stack, (stack, sample) => ({
      frames: framesOf(stack),
      values: samples.values.map((column) => column[sample]),
    })),
  };
}
