import { ok, type Result } from '../../contract/result.js';
import type { FunctionName } from '../../core/compare/function-keys.js';
import { functionPlaces, originsOf } from '../../core/flame/view-functions.js';
import { tooManyCallPaths } from '../../core/formats/importing.js';
import { frameTable, shownFile, type Frame, type FrameTable } from '../../core/operations/frames.js';
import { lineFrames } from '../../core/operations/grouping.js';
import type { CallTree, ProfileCallNodes } from '../../core/profile/call-tree.js';
import { valuesOfSets } from '../../core/profile/labels.js';
import type { Profile } from '../../core/profile/profile.js';
import { decodeText, type DecodedProfile } from './decode.js';
import { decodedTree, treeOfValues, type ProfileDecoder } from './decoder.js';
import type { OpenProfile } from './store.js';
import type { Watch } from './watch.js';

/** One profile's part of a view. */
export interface Side {
  readonly tree: CallTree;
  readonly frames: FrameTable;
  readonly nodeOfStack: Uint32Array;
  /** By set of labels 1 where its samples count; undefined: all do. */
  readonly sets: Uint8Array | undefined;
  /** Where it is not the profile's. */
  readonly durationNs?: number;
}

/** Of a comparison 0 is the baseline; a flame graph has one side. */
export type SideOf = (profile: OpenProfile, valueIndex: number, is: 0 | 1) => Promise<Result<Side>>;

/** The part of a view that a profile has, of all or of some of its samples. A watch's signal ends it with its reason. */
export async function sideOf(
  decoder: ProfileDecoder,
  opened: OpenProfile,
  valueIndex: number,
  byLine: boolean,
  sets: Uint8Array | undefined,
  watch?: Watch,
): Promise<Result<Side>> {
  const { profile } = opened.decoded;
  const made = await decodedFrames(decoder, opened.decoded, byLine, watch);
  if (!made.ok) return made;
  const { nodes, frames } = made.value;
  let tree: CallTree;
  if (sets !== undefined) {
    tree = await treeOfValues(decoder, profile.samples, nodes, valuesOfSets(profile, valueIndex, sets));
  } else if (byLine) {
    tree = await decodedTree(decoder, profile, nodes, valueIndex);
  } else {
    tree = await opened.tree(valueIndex);
  }
  return ok({ tree, frames, nodeOfStack: nodes.nodeOfStack, sets });
}

/** The call nodes of a profile and what their frames are: functions, or lines of them. */
export async function decodedFrames(
  decoder: ProfileDecoder,
  { profile, nodes }: DecodedProfile,
  byLine: boolean,
  watch?: Watch,
): Promise<Result<{ readonly nodes: ProfileCallNodes; readonly frames: FrameTable }>> {
  const functions = functionFrames(profile);
  if (!byLine) return ok({ nodes, frames: functions });
  const { frames, lineFrame } = lineFrames(functions, profile.locations);
  const built = await decoder.callNodes(profile.stacks, { ...profile.locations, lineFunction: lineFrame }, watch);
  return built.ok ? ok({ nodes: built.nodes, frames }) : tooManyCallPaths(built.limit);
}

/** What a frame is called when it is looked for on another side. */
export function nameOfFrame(frame: Frame): FunctionName {
  return { name: frame.name, file: shownFile(frame) };
}

/** Names, kinds and packages that were told once, as long as the profile is held: every operation makes a view anew. */
const framesOfProfile = new WeakMap<Profile, FrameTable>();

function functionFrames(profile: Profile): FrameTable {
  const known = framesOfProfile.get(profile);
  if (known !== undefined) return known;
  const frames = frameTable(
    profile.functions.name.length,
    functionPlaces(profile, decodeText),
    originsOf(profile, decodeText),
  );
  framesOfProfile.set(profile, frames);
  return frames;
}

/** See {@link FlameHeader.samplePeriod}. A column of counts is what it counts: there are no samples to tell beside its values. */
export function samplePeriodOf(profile: Profile, valueIndex: number): number {
  return profile.sampleTypes[valueIndex]?.unit === 'count' ? 0 : periodOf(profile, valueIndex);
}

/** What one sample counts in a column, 0 when the profile does not say. */
export function periodOf({ sampleTypes, period, periodType }: Profile, valueIndex: number): number {
  const sampleType = sampleTypes[valueIndex];
  if (sampleType?.unit === 'count') return 1;
  const said = periodType !== undefined && periodType.type === sampleType?.type && periodType.unit === sampleType.unit;
  // Pyroscope answers a second whatever was sampled: that is no period that anybody samples with.
  return said && period !== pyroscopePeriod ? period : 0;
}

const pyroscopePeriod = 1e9;
