import { importFailed, type ImportFailed } from '../importing.js';
import type { WireProblem } from './wire.js';

/** All that can be wrong with a pprof file as a whole. The native reader answers the same codes. */
export type PprofProblem = WireProblem | 'no-sample-types' | 'too-many-sample-types' | 'too-many-call-paths';

/** Sample types a profile may have; the contract's value index ends there, and columns are made for each. */
export const sampleTypeLimit = 256;

/**
 * What was repaired in a file whose structure is sound, in counts. The order is that of the native reader's result.
 */
export const repairNames = [
  /** Indices that point outside the string table; read as "". */
  'strings',
  /** 1 when string 0 is not "", as it must be; it is read as "". */
  'firstString',
  /** Mappings, locations and functions without an id or with one that was taken; left out. */
  'ids',
  /** Locations in a mapping that is not there; read as in none. */
  'mappings',
  /** Lines of a function that is not there; left out. */
  'functions',
  /** Frames at a location that is not there; left out. */
  'locations',
  /** Samples with more or fewer values than sample types; left out. */
  'values',
  /** Negative values; read as 0. */
  'negatives',
  /** Labels without a key; left out. */
  'labels',
] as const;
export type RepairName = (typeof repairNames)[number];
export type Repairs = Record<RepairName, number>;

/** No repairs yet. */
export function noRepairs(): Repairs {
  return {
    strings: 0,
    firstString: 0,
    ids: 0,
    mappings: 0,
    functions: 0,
    locations: 0,
    values: 0,
    negatives: 0,
    labels: 0,
  };
}

const sentences: Readonly<Record<RepairName, (count: string, plural: boolean) => string>> = {
  strings: (n, many) =>
    `${n} ${many ? 'references' : 'reference'} to text that is not in the file; shown without a name.`,
  firstString: () => 'The first string of the file is not empty, as it should be; it was ignored.',
  ids: (n, many) => `${n} ${many ? 'entries' : 'entry'} without an id of their own; left out.`,
  mappings: (n, many) => `${n} ${many ? 'addresses lie' : 'address lies'} in a library that is not in the file.`,
  functions: (n, many) =>
    `${n} ${many ? 'lines belong to functions' : 'line belongs to a function'} not in the file; left out.`,
  locations: (n, many) => `${n} ${many ? 'frames point' : 'frame points'} to code that is not in the file; left out.`,
  values: (n, many) => `${n} ${many ? 'samples have' : 'sample has'} a wrong number of values; left out.`,
  negatives: (n, many) =>
    `${n} ${many ? 'values are' : 'value is'} negative, which a flame graph cannot show; counted as 0.`,
  labels: (n, many) => `${n} ${many ? 'labels have' : 'label has'} no name; left out.`,
};

/** What was repaired, in sentences. */
export function repairWarnings(repairs: Repairs): readonly string[] {
  return repairNames
    .filter((name) => repairs[name] > 0)
    .map((name) => sentences[name](repairs[name].toLocaleString('en'), repairs[name] !== 1));
}

const messages: Readonly<Record<Exclude<PprofProblem, 'too-many-call-paths'>, string>> = {
  truncated: 'The profile is cut off: the file ends in the middle of it. Fetch or copy it again.',
  'bad-length': 'The profile is damaged: a length in it is wrong. Fetch or copy it again.',
  'bad-varint': 'The profile is damaged: a number in it does not end. Fetch or copy it again.',
  'bad-field': 'The profile is damaged: it has a field that pprof does not know. Fetch or copy it again.',
  'wrong-field-type': 'The profile is damaged: a field has a type that it cannot have. Fetch or copy it again.',
  'no-sample-types': 'The profile does not say what its values measure, so they cannot be shown.',
  'too-many-sample-types': `The profile has more than ${sampleTypeLimit} sample types.`,
};

/** A problem as the failure that people see. `offset`: the byte of the (unpacked) file. */
export function pprofFailure(problem: Exclude<PprofProblem, 'too-many-call-paths'>, offset: number): ImportFailed {
  return importFailed('bad-profile', messages[problem], `pprof: ${problem} at byte ${offset}`);
}
