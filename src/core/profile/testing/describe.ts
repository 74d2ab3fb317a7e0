import { labelsOfSet } from '../labels.js';
import type { Profile } from '../profile.js';
import { stringBytes } from '../strings.js';
import { nameOfFunction, toText } from './pictures.js';

/**
 * All of a profile that does not hang on the numbering of its tables, for whole-value comparison: facts, and by stack its
 * frames with file, library, lines and address, leaf last, its values, and what of them carries which labels.
 */
export function describeProfile(profile: Profile): unknown {
  const { sampleTypes, defaultValueIndex, timeNs, durationNs, period, periodType, comments } = profile;
  const { functions, locations, mappings, stacks, samples, labels, labelled } = profile;
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
  const labelOf = (label: number): string => {
    const value = labels.text[label] ?? 0;
    const number = `${labels.number[label] ?? 0n}${text(labels.unit[label])}`;
    return `${text(labels.key[label])}=${value === 0 ? number : `"${text(value)}"`}`;
  };
  const labelledOf = (sample: number): string[] =>
    Array.from(labelled.sample.keys())
      .filter((row) => labelled.sample[row] === sample)
      .map((row) => {
        const set = labelsOfSet(labels, labelled.set[row] ?? 0).map(labelOf);
        return `${set.sort().join(' ')}: ${labelled.values.map((column) => column[row] ?? 0).join(' ')}`;
      })
      .sort();
  return {
    facts: { sampleTypes, defaultValueIndex, timeNs, durationNs, period, periodType, comments },
    samples: Array.from(samples.stack, (stack, sample) => ({
      frames: framesOf(stack),
      values: samples.values.map((column) => column[sample]),
      labelled: labelledOf(sample),
    })),
  };
}
