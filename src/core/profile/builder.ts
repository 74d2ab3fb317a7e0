import { growingF64, growingU32 } from './columns.js';
import { createLabelBuilder, type NewLabel } from './label-builder.js';
import { createPairTable } from './pair-table.js';
import type { Profile, SampleType } from './profile.js';
import { createStringBuilder } from './strings.js';

/** A binary or library; `file` and `buildId` are string indices. */
export interface NewMapping {
  readonly start: bigint;
  readonly limit: bigint;
  readonly offset: bigint;
  readonly file: number;
  readonly buildId: number;
}

/** A function; all but `startLine` are string indices, 0 when unknown. */
export interface NewFunction {
  readonly name: number;
  readonly systemName: number;
  readonly file: number;
  readonly library: number;
  readonly startLine: number;
}

/** What a profile says of itself as a whole. */
export interface ProfileFacts {
  readonly sampleTypes: readonly SampleType[];
  readonly defaultValueIndex: number;
  readonly timeNs: number;
  readonly durationNs: number;
  readonly period: number;
  readonly periodType: SampleType | undefined;
  readonly comments: readonly string[];
}

/**
 * The only mutable phase of a profile. Importers push what they read, in any order in which an index exists before it is
 * used, and `freeze` ends it. The contract of the columns is that of `Profile`.
 */
export interface ProfileBuilder {
  /** The index of a string; equal bytes have one index, none have 0. */
  string(utf8: Uint8Array): number;
  /** The bytes of a string; a view that is good until the next `string`. */
  bytesOf(stringIndex: number): Uint8Array;
  /** The index of a function; functions of one identity are one (the first is kept). An unnamed one gets its library's name. */
  function(added: NewFunction): number;
  /** Appends a mapping. */
  mapping(added: NewMapping): number;
  /** Appends a location without lines; `line` adds them to the newest location. It must get at least one. */
  location(mapping: number, address: bigint): number;
  /** Adds a line to the newest location, outermost first. */
  line(functionIndex: number, lineNumber: number): void;
  /** The index of the stack `prefix` with `location` on top; equal stacks have one index. */
  stack(prefix: number, location: number): number;
  /** Adds values (one a sample type, not negative) to a stack, measured with labels. */
  sample(stack: number, values: ArrayLike<number>, labels?: readonly NewLabel[]): void;
  /** How many stacks there are, the empty one among them. */
  readonly stackCount: number;
  freeze(facts: ProfileFacts): Profile;
}

/** Begins a profile with `valueCount` sample types. Function, location, mapping and stack 0 are there. */
export function createProfileBuilder(valueCount: number): ProfileBuilder {
  const strings = createStringBuilder();
  const functions = {
    name: growingU32(),
    systemName: growingU32(),
    file: growingU32(),
    library: growingU32(),
    startLine: growingU32(),
  };
  const functionByIdentity = createPairTable();
  const mappings = { file: growingU32(), buildId: growingU32() };
  const mappingAddresses: { readonly start: bigint; readonly limit: bigint; readonly offset: bigint }[] = [];
  const addresses: bigint[] = [];
  const locations = {
    mapping: growingU32(),
    lineStart: growingU32(),
    lineFunction: growingU32(),
    lineNumber: growingU32(),
  };
  const stacks = { prefix: growingU32(), location: growingU32() };
  const stackByParts = createPairTable();
  const samples = { stack: growingU32(), values: Array.from({ length: valueCount }, () => growingF64()) };
  const sampleOfStack = growingU32(); // sample + 1, 0 where the stack has none
  const labels = createLabelBuilder();
  const labelled = {
    sample: growingU32(),
    set: growingU32(),
    values: Array.from({ length: valueCount }, () => growingF64()),
  };
  const rowOfSampleAndSet = createPairTable();
  let fileSampleCount = 0;

  const pushFunction = (added: NewFunction): number => {
    functions.systemName.push(added.systemName === added.name ? 0 : added.systemName);
    functions.file.push(added.file);
    functions.library.push(added.library);
    functions.startLine.push(added.startLine);
    return functions.name.push(added.name);
  };
  const pushMapping = (added: NewMapping): number => {
    mappingAddresses.push(added);
    mappings.buildId.push(added.buildId);
    return mappings.file.push(added.file);
  };
  const pushStack = (prefix: number, location: number): number => {
    sampleOfStack.push(0);
    stacks.location.push(location);
    return stacks.prefix.push(prefix);
  };

  pushFunction({ name: 0, systemName: 0, file: 0, library: 0, startLine: 0 });
  pushMapping({ start: 0n, limit: 0n, offset: 0n, file: 0, buildId: 0 });
  locations.mapping.push(0);
  locations.lineStart.push(0);
  addresses.push(0n);
  locations.lineFunction.push(0);
  locations.lineNumber.push(0);
  pushStack(0, 0);

  return {
    get stackCount() {
      return stacks.prefix.length;
    },
    string: (utf8) => strings.intern(utf8),
    bytesOf: (stringIndex) => strings.bytes(stringIndex),
    function(added) {
      const named =
        added.name !== 0
          ? added.name
          : added.systemName !== 0
            ? added.systemName
            : strings.intern(bracketed(strings.bytes(added.library)));
      const place = added.file === 0 ? added.library : added.file;
      const known = functionByIdentity.find(named, place);
      if (known >= 0) return known;
      const index = pushFunction({ ...added, name: named });
      functionByIdentity.insert(named, place, index);
      return index;
    },
    mapping: pushMapping,
    location(mapping, address) {
      locations.lineStart.push(locations.lineFunction.length);
      addresses.push(address);
      return locations.mapping.push(mapping);
    },
    line(functionIndex, lineNumber) {
      locations.lineFunction.push(functionIndex);
      locations.lineNumber.push(lineNumber);
    },
    stack(prefix, location) {
      const known = stackByParts.find(prefix, location);
      if (known >= 0) return known;
      const index = pushStack(prefix, location);
      stackByParts.insert(prefix, location, index);
      return index;
    },
    sample(stack, values, sampleLabels = []) {
      fileSampleCount++;
      let sample = sampleOfStack.at(stack) - 1;
      if (sample < 0) {
        sample = samples.stack.push(stack);
        sampleOfStack.set(stack, sample + 1);
        for (const column of samples.values) column.push(0);
      }
      samples.values.forEach((column, type) => {
        column.add(sample, values[type] ?? 0);
      });
      const set = sampleLabels.length === 0 ? 0 : labels.set(sampleLabels);
      if (set === 0) return;
      let row = rowOfSampleAndSet.find(sample, set);
      if (row < 0) {
        row = labelled.sample.push(sample);
        labelled.set.push(set);
        for (const column of labelled.values) column.push(0);
        rowOfSampleAndSet.insert(sample, set, row);
      }
      labelled.values.forEach((column, type) => {
        column.add(row, values[type] ?? 0);
      });
    },
    freeze(facts) {
      locations.lineStart.push(locations.lineFunction.length);
      return {
        ...facts,
        fileSampleCount,
        strings: strings.freeze(),
        functions: {
          name: functions.name.freeze(),
          systemName: functions.systemName.freeze(),
          file: functions.file.freeze(),
          library: functions.library.freeze(),
          startLine: functions.startLine.freeze(),
        },
        mappings: {
          start: BigUint64Array.from(mappingAddresses, (mapping) => mapping.start),
          limit: BigUint64Array.from(mappingAddresses, (mapping) => mapping.limit),
          offset: BigUint64Array.from(mappingAddresses, (mapping) => mapping.offset),
          file: mappings.file.freeze(),
          buildId: mappings.buildId.freeze(),
        },
        locations: {
          mapping: locations.mapping.freeze(),
          address: BigUint64Array.from(addresses),
          lineStart: locations.lineStart.freeze(),
          lineFunction: locations.lineFunction.freeze(),
          lineNumber: locations.lineNumber.freeze(),
        },
        stacks: { prefix: stacks.prefix.freeze(), location: stacks.location.freeze() },
        samples: { stack: samples.stack.freeze(), values: samples.values.map((column) => column.freeze()) },
        labels: labels.freeze(),
        labelled: {
          sample: labelled.sample.freeze(),
          set: labelled.set.freeze(),
          values: labelled.values.map((column) => column.freeze()),
        },
      };
    },
  };
}

const slash = 0x2f;
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const unknownName = ascii('[unknown]');

/** "[libc.so.6]" of "/usr/lib/libc.so.6"; "[kernel]" stays as it is; "[unknown]" of nothing. */
function bracketed(path: Uint8Array): Uint8Array {
  const name = path.subarray(path.lastIndexOf(slash) + 1);
  if (name.length === 0) return unknownName;
  if (name[0] === 0x5b && name.at(-1) === 0x5d) return name;
  return Uint8Array.from([0x5b, ...name, 0x5d]);
}
