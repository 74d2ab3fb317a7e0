import type { StringColumn } from './strings.js';

/** What one column of values measures, for example { type: "cpu", unit: "nanoseconds" }. */
export interface SampleType {
  readonly type: string;
  readonly unit: string;
}

/**
 * Functions. All columns but `startLine` hold string indices, 0 where the file did not say. Two functions differ in
 * name or in file, or, where no file is known, in library: that is a function's identity. Function 0 is the root that
 * every stack hangs from and has no name of its own. An address that nothing names belongs to a function whose name is the
 * library's last path component in brackets, "[libc.so.6]", or "[unknown]". Our agent names such addresses itself, by
 * library and address, "libc.so.6+0x1a2b"; that is a name like any other, so that two of them are told apart.
 */
export interface Functions {
  readonly name: Uint32Array;
  /** As the symbol table has it (mangled); 0 when the same as the name or unknown. */
  readonly systemName: Uint32Array;
  /** Source file. */
  readonly file: Uint32Array;
  /** Path of the binary or library that it was first seen in. */
  readonly library: Uint32Array;
  readonly startLine: Uint32Array;
}

/** Binaries and libraries. `file` and `buildId` are string indices. Mapping 0 stands for "none" and is empty. */
export interface Mappings {
  readonly start: BigUint64Array;
  readonly limit: BigUint64Array;
  readonly offset: BigUint64Array;
  readonly file: Uint32Array;
  readonly buildId: Uint32Array;
}

/**
 * Places in code. The lines of location l are [lineStart[l], lineStart[l + 1]) in `lineFunction` and `lineNumber`:
 * at least one, outermost first, so that inlined calls follow their callers as in a stack. Location 0 is the root's, of
 * function 0.
 */
export interface Locations {
  readonly mapping: Uint32Array;
  readonly address: BigUint64Array;
  readonly lineStart: Uint32Array;
  readonly lineFunction: Uint32Array;
  /** 1-based, 0 when unknown. */
  readonly lineNumber: Uint32Array;
}

/**
 * Stacks as a prefix tree: stack s is stack prefix[s] with location[s] called on top of it. Stack 0 is the empty one.
 * prefix[s] < s for s > 0; equal stacks are one.
 */
export interface Stacks {
  readonly prefix: Uint32Array;
  readonly location: Uint32Array;
}

/** What was measured: values[type][sample] belongs to stack[sample]. Each stack stands here at most once. Never negative. */
export interface Samples {
  readonly stack: Uint32Array;
  readonly values: readonly Float64Array[];
}

/**
 * Labels of samples and sets of them. A label is a key with a text, or with a number and perhaps its unit; `key`, `text` and `unit` are
 * string indices, `text` is 0 where the label is a number, and then only `number` and `unit` are set. Label 0 stands for "none".
 * Sets are a prefix tree, as stacks are: set s is set setPrefix[s] and label setLabel[s], labels rising; set 0 is the empty one. Equal
 * labels are one, and so are equal sets.
 *
 * Example: the sets {thread: "io"} and {thread: "io", bytes: 512 B}, with strings 5 "thread", 6 "io", 7 "bytes", 8 "B":
 *   key [0, 5, 7], text [0, 6, 0], number [0, 0, 512], unit [0, 0, 8], setPrefix [0, 0, 1], setLabel [0, 1, 2]
 */
export interface Labels {
  readonly key: Uint32Array;
  readonly text: Uint32Array;
  readonly number: BigInt64Array;
  readonly unit: Uint32Array;
  readonly setPrefix: Uint32Array;
  readonly setLabel: Uint32Array;
}

/**
 * Samples that carry labels, told apart by them: of sample[r] of `Samples`, values[type][r] was measured with the labels of set[r].
 * What a sample holds beyond its rows here carries none. A sample and a set stand here together at most once.
 */
export interface LabelledSamples {
  readonly sample: Uint32Array;
  readonly set: Uint32Array;
  readonly values: readonly Float64Array[];
}

/**
 * A decoded profile, in columns, frozen. Everything on the screen is derived from it.
 *
 * Example: "main;read 3" and "main 1":
 *   strings   "", "main", "read"
 *   functions name [0, 1, 2]
 *   locations lineStart [0, 1, 2, 3], lineFunction [0, 1, 2]
 *   stacks    prefix [0, 0, 1], location [0, 1, 2]
 *   samples   stack [2, 1], values [[3, 1]]
 */
export interface Profile {
  readonly sampleTypes: readonly SampleType[];
  /** Which sample type to show first. */
  readonly defaultValueIndex: number;
  /** Nanoseconds since 1970, 0 when unknown. Exact to about 0.3 microseconds. */
  readonly timeNs: number;
  /** 0 when unknown. */
  readonly durationNs: number;
  /** Between two samples, in `periodType`; 0 when unknown. */
  readonly period: number;
  readonly periodType: SampleType | undefined;
  readonly comments: readonly string[];
  /** Samples in the file before equal stacks were added up. */
  readonly fileSampleCount: number;
  readonly strings: StringColumn;
  readonly functions: Functions;
  readonly mappings: Mappings;
  readonly locations: Locations;
  readonly stacks: Stacks;
  readonly samples: Samples;
  readonly labels: Labels;
  readonly labelled: LabelledSamples;
}
