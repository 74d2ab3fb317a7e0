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
import type { FlameLayout } from '../../core/flame/layout.js';
import type { NodeValues } from '../../core/profile/sum-up.js';
import type { ProfileCallNodes } from '../../core/profile/call-tree.js';
import type { SampleType } from '../../core/profile/profile.js';
import { lazyStrings } from '../../core/profile/strings.js';
import { rewriteNatively, type NativeRewrite } from './native-rewrite.js';
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
  readonly nodeFunction: Uint32Array;
  readonly nodeParent: Uint32Array;
  readonly nodeSubtreeEnd: Uint32Array;
  readonly nodeDepth: Uint32Array;
  readonly nodeOfStack: Uint32Array;
}

/** What the addon answers for a file: columns, or a code and where. */
export type NativeOutcome =
  { readonly profile: NativeProfile } | { readonly problem: PprofProblem | 'out-of-memory'; readonly offset: number };

/** What unpacking answers. */
export type NativeUnpacked =
  { readonly bytes: Uint8Array } | { readonly problem: 'damaged' | 'too-large' | 'out-of-memory' };

/** The addon's exports. Buffers that it is given must not change until it answers. */
export interface Addon {
  readonly version: number;
  /** Absent when it was compiled without libdeflate. */
  readonly gunzip?: (bytes: Uint8Array, cap: number) => Promise<NativeUnpacked>;
  readonly decodePprof: (bytes: Uint8Array, callPathLimit: number, sampleTypeLimit: number) => Promise<NativeOutcome>;
  readonly callNodes: (
    prefix: Uint32Array,
    location: Uint32Array,
    lineStart: Uint32Array,
    lineFunction: Uint32Array,
    callPathLimit: number,
  ) => Promise<
    Omit<ProfileCallNodes, 'nodeCount'> | { readonly problem: 'too-many-call-paths' | 'out-of-memory' | 'unsound-tree' }
  >;
  readonly values: (
    values: Float64Array,
    to: Uint32Array,
    via: Uint32Array,
    parent: Uint32Array,
  ) => Promise<NodeValues | { readonly problem: 'out-of-memory' | 'unsound-tree' }>;
  readonly rewrite: NativeRewrite;
  readonly layout: (
    functionIndex: Uint32Array,
    subtreeEnd: Uint32Array,
    total: Float64Array,
    self: Float64Array,
  ) => Promise<NativeLayout | { readonly problem: 'out-of-memory' | 'unsound-tree' }>;
}

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
  const unpack = async (bytes: Uint8Array): Promise<Result<Uint8Array>> => {
    if (addon.gunzip === undefined) return unpackGzip(bytes);
    const cap = unpackedCap(bytes.length);
    const unpacked = await addon.gunzip(bytes, cap);
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
    async decode(bytes) {
      let plain = bytes;
      if (isGzip(bytes)) {
        const unpacked = await unpack(bytes);
        if (!unpacked.ok) return unpacked;
        plain = unpacked.value;
      }
      if (looksLikeText(plain) || !beginsLikePprof(plain)) {
        return decodeInTypeScript(plain, 'TypeScript, which is the only reader of this format');
      }
      const outcome = await addon.decodePprof(plain, callPathLimit, sampleTypeLimit);
      if ('profile' in outcome) return ok(assemble(outcome.profile, description));
      if (outcome.problem === 'too-many-call-paths') return tooManyCallPaths(callPathLimit);
      if (outcome.problem === 'out-of-memory') return outOfMemory();
      return pprofFailure(outcome.problem, outcome.offset);
    },
    async layout(tree) {
      const laidOut = await addon.layout(tree.functionIndex, tree.subtreeEnd, tree.total, tree.self);
      // A tree of ours that is not sound is a bug, and memory that is gone after decoding cannot be mended here.
      if ('problem' in laidOut) throw new Error(`layout: ${laidOut.problem}`);
      return layoutOf(laidOut);
    },
    async callNodes(stacks, locations) {
      const built = await addon.callNodes(
        stacks.prefix,
        stacks.location,
        locations.lineStart,
        locations.lineFunction,
        callPathLimit,
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
    rewrite: (nodes, rewrite, signal) => rewriteNatively(addon, nodes, rewrite, signal),
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
