import { fail, ok, type Result } from '../../contract/result.js';
import { looksLikeText, tooManyCallPaths } from '../../core/formats/importing.js';
import {
  pprofFailure,
  repairNames,
  repairWarnings,
  sampleTypeLimit,
  type PprofProblem,
  type Repairs,
} from '../../core/formats/pprof/repairs.js';
import { beginsLikePprof } from '../../core/formats/pprof/wire.js';
import type { AlignedTrees } from '../../core/compare/align-trees.js';
import type { Reference } from '../../core/compare/robust-reference.js';
import { wholeLayout, type FlameLayout } from '../../core/flame/layout.js';
import type { NodeValues } from '../../core/profile/sum-up.js';
import type { CallNodes, ProfileCallNodes } from '../../core/profile/call-tree.js';
import type { SampleType } from '../../core/profile/profile.js';
import { lazyStrings } from '../../core/profile/strings.js';
import { rewriteNatively, type NativeRewrite } from './native-rewrite.js';
import { unlessGivenUp, watchNatively, type WorkControl } from './native-watch.js';
import type { Watch } from './watch.js';
import { callPathLimit, decodeInTypeScript, decodeText, type DecodedProfile } from './decode.js';
import type { ProfileDecoder } from './decoder.js';
import { damagedGzip, isGzip, unpackedCap, unpackedTooLarge, unpackGzip } from './gunzip.js';

/** Columns of a profile as the addon answers them; names and meaning are those of `Profile` and `ProfileCallNodes`. */
export interface NativeProfile {
  readonly sampleTypes: Uint32Array; // type, unit by turns, as string indices
  readonly defaultValueIndex: number;
  readonly timeNs: number;
  readonly durationNs: number;
  readonly period: number;
  readonly periodType: Uint32Array; // type, unit, or empty
  readonly comments: Uint32Array;
  readonly fileSampleCount: number;
  readonly repairs: Float64Array; // by repairNames
  readonly stringBlob: Uint8Array;
  readonly stringOffsets: Uint32Array;
  readonly functionName: Uint32Array;
  readonly functionSystemName: Uint32Array;
  readonly functionFile: Uint32Array;
  readonly functionLibrary: Uint32Array;
  readonly functionStartLine: Uint32Array;
  readonly mappingStart: BigUint64Array;
  readonly mappingLimit: BigUint64Array;
  readonly mappingOffset: BigUint64Array;
  readonly mappingFile: Uint32Array;
  readonly mappingBuildId: Uint32Array;
  readonly locationMapping: Uint32Array;
  readonly locationAddress: BigUint64Array;
  readonly locationLineStart: Uint32Array;
  readonly lineFunction: Uint32Array;
  readonly lineNumber: Uint32Array;
  readonly stackPrefix: Uint32Array;
  readonly stackLocation: Uint32Array;
  readonly sampleStack: Uint32Array;
  readonly sampleValues: readonly Float64Array[];
  readonly labelKey: Uint32Array;
  readonly labelText: Uint32Array;
  readonly labelNumber: BigInt64Array;
  readonly labelUnit: Uint32Array;
  readonly labelSetPrefix: Uint32Array;
  readonly labelSetLabel: Uint32Array;
  readonly labelledSample: Uint32Array;
  readonly labelledSet: Uint32Array;
  readonly labelledValues: readonly Float64Array[];
  readonly nodeFunction: Uint32Array;
  readonly nodeParent: Uint32Array;
  readonly nodeSubtreeEnd: Uint32Array;
  readonly nodeDepth: Uint32Array;
  readonly nodeOfStack: Uint32Array;
}

/** What the addon answers for a file: columns, or a code and where. */
export type NativeOutcome =
  | { readonly profile: NativeProfile }
  | { readonly problem: PprofProblem | 'out-of-memory' | 'cancelled'; readonly offset: number };

/** What unpacking answers. */
export type NativeUnpacked =
  { readonly bytes: Uint8Array } | { readonly problem: 'damaged' | 'too-large' | 'out-of-memory' };

/** The addon's exports. Buffers that it is given must not change until it answers. */
export interface Addon {
  readonly version: number;
  /** Absent when it was compiled without libdeflate. */
  readonly gunzip?: (bytes: Uint8Array, cap: number) => Promise<NativeUnpacked>;
  readonly decodePprof: (
    bytes: Uint8Array,
    callPathLimit: number,
    sampleTypeLimit: number,
    control: WorkControl,
  ) => Promise<NativeOutcome>;
  readonly callNodes: (
    prefix: Uint32Array,
    location: Uint32Array,
    lineStart: Uint32Array,
    lineFunction: Uint32Array,
    callPathLimit: number,
    control: WorkControl,
  ) => Promise<
    | Omit<ProfileCallNodes, 'nodeCount'>
    | { readonly problem: 'too-many-call-paths' | 'out-of-memory' | 'unsound-tree' | 'cancelled' }
  >;
  readonly values: (
    values: Float64Array,
    to: Uint32Array,
    via: Uint32Array,
    parent: Uint32Array,
  ) => Promise<NodeValues | { readonly problem: 'out-of-memory' | 'unsound-tree' }>;
  readonly rewrite: NativeRewrite;
  /** The comparison's function, subtree end, self and number in the merged tree, then the baseline's. */
  readonly align: (
    comparisonFunction: Uint32Array,
    comparisonEnd: Uint32Array,
    comparisonSelf: Float64Array,
    comparisonToMerged: Uint32Array,
    baselineFunction: Uint32Array,
    baselineEnd: Uint32Array,
    baselineSelf: Float64Array,
    baselineToMerged: Uint32Array,
    functionCount: number,
  ) => Promise<
    | (Omit<CallNodes, 'nodeCount'> & Omit<AlignedTrees, 'nodes'>)
    | { readonly problem: 'out-of-memory' | 'unsound-tree' }
  >;
  /** Of the baseline's and the comparison's values by node, the callers, and what a sample is worth on each side; empty: nothing in common. */
  readonly reference: (
    baseline: Float64Array,
    comparison: Float64Array,
    parent: Uint32Array,
    worthBefore: number,
    worthAfter: number,
  ) => Promise<Partial<Reference> & { readonly problem?: 'out-of-memory' | 'unsound-tree' }>;
  readonly layout: (
    functionIndex: Uint32Array,
    subtreeEnd: Uint32Array,
    total: Float64Array,
    self: Float64Array,
    narrowest: number,
    from: number,
    to: number,
    most: number,
    control: WorkControl,
  ) => Promise<NativeLayout | { readonly problem: 'out-of-memory' | 'unsound-tree' | 'cancelled' }>;
  /** The whole of a tree whose rows are known; see FlameRows. */
  readonly layoutRows: (
    node: Uint32Array,
    childStart: Uint32Array,
    parent: Uint32Array,
    depth: Uint32Array,
    functionIndex: Uint32Array,
    total: Float64Array,
    self: Float64Array,
    control: WorkControl,
  ) => Promise<NativeRowsLayout | { readonly problem: 'out-of-memory' | 'unsound-tree' | 'cancelled' }>;
}

/** A layout of known rows as the addon answers it: what is absent is as the rows have it. */
export type NativeRowsLayout = Pick<NativeLayout, 'x0' | 'x1' | 'self'> & Partial<NativeLayout>;

/** A layout as the addon answers it; see FlameGraph. */
export interface NativeLayout {
  readonly order: Uint32Array;
  readonly x0: Float64Array;
  readonly x1: Float64Array;
  readonly self: Float64Array;
  readonly depth: Uint32Array;
  readonly parent: Uint32Array;
  readonly functionIndex: Uint32Array;
  readonly levelStart: Uint32Array;
}

const outOfMemory = (): Result<never> =>
  fail(
    'too-large',
    'There is not enough memory for this profile. Choose a shorter time range, or close other profiles.',
  );

/** The decoder that runs the addon for gzip, pprof and layout, and TypeScript for formats that only it knows. */
export function nativeDecoder(addon: Addon, path: string): ProfileDecoder {
  const description = `the native addon (${path})`;
  const unpack = async (bytes: Uint8Array, watch: Watch | undefined): Promise<Result<Uint8Array>> => {
    if (addon.gunzip === undefined) return unpackGzip(bytes, watch);
    const cap = unpackedCap(bytes.length);
    watch?.onStep?.('unpacking', null);
    // libdeflate unpacks in one go: its thread comes to its end, some seconds at most, and nobody waits for it.
    const unpacked = await unlessGivenUp(addon.gunzip(bytes, cap), watch);
    if ('bytes' in unpacked) return ok(unpacked.bytes);
    switch (unpacked.problem) {
      case 'too-large':
        return unpackedTooLarge(cap);
      case 'damaged':
        return damagedGzip('libdeflate: bad data');
      case 'out-of-memory':
        return outOfMemory();
    }
  };
  return {
    description,
    async decode(bytes, watch) {
      watch?.signal?.throwIfAborted();
      let plain = bytes;
      if (isGzip(bytes)) {
        const unpacked = await unpack(bytes, watch);
        if (!unpacked.ok) return unpacked;
        plain = unpacked.value;
      }
      if (looksLikeText(plain) || !beginsLikePprof(plain)) {
        return decodeInTypeScript(plain, 'TypeScript, which is the only reader of this format', watch);
      }
      const outcome = await watchNatively(watch, 'decoding', (control) =>
        addon.decodePprof(plain, callPathLimit, sampleTypeLimit, control),
      );
      if ('profile' in outcome) return ok(assemble(outcome.profile, description));
      if (outcome.problem === 'too-many-call-paths') return tooManyCallPaths(callPathLimit);
      if (outcome.problem === 'out-of-memory') return outOfMemory();
      if (outcome.problem === 'cancelled') throw new Error('decode: cancelled by nobody');
      return pprofFailure(outcome.problem, outcome.offset);
    },
    async layout({ functionIndex, subtreeEnd, total, self }, watch, part = wholeLayout) {
      const { narrowest, from, to, most } = part;
      const laidOut = await watchNatively(watch, 'laying-out', (control) =>
        addon.layout(functionIndex, subtreeEnd, total, self, narrowest, from, to, most, control),
      );
      // A tree of ours that is not sound is a bug, and memory that is gone after decoding cannot be mended here.
      if ('problem' in laidOut) throw new Error(`layout: ${laidOut.problem}`);
      return layoutOf(laidOut);
    },
    async layoutRows(rows, { total, self }, watch) {
      const { node, childStart, parent, depth, functionIndex, levelStart } = rows;
      const laidOut = await watchNatively(watch, 'laying-out', (control) =>
        addon.layoutRows(node, childStart, parent, depth, functionIndex, total, self, control),
      );
      if ('problem' in laidOut) throw new Error(`layout: ${laidOut.problem}`); // as above
      return layoutOf({ order: node, parent, depth, functionIndex, levelStart, ...laidOut });
    },
    async callNodes({ prefix, location }, { lineStart, lineFunction }, watch) {
      const built = await watchNatively(watch, 'decoding', (control) =>
        addon.callNodes(prefix, location, lineStart, lineFunction, callPathLimit, control),
      );
      if (!('problem' in built)) return { ok: true, nodes: { nodeCount: built.parent.length, ...built } };
      if (built.problem === 'too-many-call-paths') return { ok: false, limit: callPathLimit };
      throw new Error(`call nodes: ${built.problem}`);
    },
    async values({ values, to, via, parent }) {
      const summed = await addon.values(values, to, via ?? new Uint32Array(0), parent);
      if ('problem' in summed) throw new Error(`values: ${summed.problem}`);
      return summed;
    },
    async align({ tree, toMerged }, baseline, functionCount) {
      const aligned = await addon.align(
        tree.functionIndex,
        tree.subtreeEnd,
        tree.self,
        toMerged,
        baseline.tree.functionIndex,
        baseline.tree.subtreeEnd,
        baseline.tree.self,
        baseline.toMerged,
        functionCount,
      );
      if ('problem' in aligned) throw new Error(`align: ${aligned.problem}`);
      const { functionIndex, parent, subtreeEnd, depth, comparisonSelf, baselineSelf } = aligned;
      const nodes = { nodeCount: parent.length, functionIndex, parent, subtreeEnd, depth };
      return { nodes, comparisonSelf, baselineSelf };
    },
    async reference(baseline, comparison, parent, worths) {
      const found = await addon.reference(baseline, comparison, parent, ...worths);
      const { problem, factor, error } = found;
      if (problem !== undefined) throw new Error(`reference: ${problem}`);
      return factor === undefined || error === undefined ? undefined : { factor, error };
    },
    rewrite: (nodes, rewrite, watch) => rewriteNatively(addon, nodes, rewrite, watch),
  };
}

/** Puts the addon's columns into a profile. */
export function assemble(native: NativeProfile, decodedBy: string): DecodedProfile {
  const strings = { blob: native.stringBlob, offsets: native.stringOffsets };
  const textAt = lazyStrings(strings, decodeText);
  const types: SampleType[] = [];
  for (let at = 0; at + 1 < native.sampleTypes.length; at += 2) {
    types.push({ type: textAt(native.sampleTypes[at] ?? 0), unit: textAt(native.sampleTypes[at + 1] ?? 0) });
  }
  const [periodType, periodUnit] = native.periodType;
  const repairs = Object.fromEntries(repairNames.map((name, at) => [name, native.repairs[at] ?? 0])) as Repairs;
  return {
    format: 'pprof',
    profile: {
      sampleTypes: types,
      defaultValueIndex: native.defaultValueIndex,
      timeNs: native.timeNs,
      durationNs: native.durationNs,
      period: native.period,
      periodType:
        periodType === undefined || periodUnit === undefined
          ? undefined
          : { type: textAt(periodType), unit: textAt(periodUnit) },
      comments: Array.from(native.comments, textAt),
      fileSampleCount: native.fileSampleCount,
      strings,
      functions: {
        name: native.functionName,
        systemName: native.functionSystemName,
        file: native.functionFile,
        library: native.functionLibrary,
        startLine: native.functionStartLine,
      },
      mappings: {
        start: native.mappingStart,
        limit: native.mappingLimit,
        offset: native.mappingOffset,
        file: native.mappingFile,
        buildId: native.mappingBuildId,
      },
      locations: {
        mapping: native.locationMapping,
        address: native.locationAddress,
        lineStart: native.locationLineStart,
        lineFunction: native.lineFunction,
        lineNumber: native.lineNumber,
      },
      stacks: { prefix: native.stackPrefix, location: native.stackLocation },
      samples: { stack: native.sampleStack, values: native.sampleValues },
      labels: {
        key: native.labelKey,
        text: native.labelText,
        number: native.labelNumber,
        unit: native.labelUnit,
        setPrefix: native.labelSetPrefix,
        setLabel: native.labelSetLabel,
      },
      labelled: { sample: native.labelledSample, set: native.labelledSet, values: native.labelledValues },
    },
    nodes: {
      nodeCount: native.nodeFunction.length,
      functionIndex: native.nodeFunction,
      parent: native.nodeParent,
      subtreeEnd: native.nodeSubtreeEnd,
      depth: native.nodeDepth,
      nodeOfStack: native.nodeOfStack,
    },
    warnings: repairWarnings(repairs),
    decodedBy,
  };
}

function layoutOf(native: NativeLayout): FlameLayout {
  const { order, x0, x1, self, depth, parent, functionIndex, levelStart } = native;
  const count = x0.length;
  return {
    order,
    graph: {
      count,
      nodeCount: count,
      depthCount: levelStart.length - 1,
      levelStart,
      x0,
      x1,
      self,
      depth,
      parent,
      functionIndex,
    },
  };
}
