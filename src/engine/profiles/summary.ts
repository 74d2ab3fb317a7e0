import type { ProfileSummary } from '../../contract/decoder.js';
import { sumOf } from '../../core/profile/columns.js';
import type { DecodedProfile } from './decode.js';
import { labelKeysOf } from './labels.js';
import type { OpenProfile } from './store.js';
import { periodOf } from './view-side.js';

const made = new WeakMap<DecodedProfile, Omit<ProfileSummary, 'profileId'>>();

/** A profile in numbers, which are added up once as long as it is held. */
export function summaryOf({ profileId, decoded }: OpenProfile): ProfileSummary {
  const summary = made.get(decoded) ?? summarise(decoded);
  made.set(decoded, summary);
  return { profileId, ...summary };
}

function summarise(decoded: DecodedProfile): Omit<ProfileSummary, 'profileId'> {
  const { profile, format, warnings, decodedBy } = decoded;
  return {
    format,
    sampleTypes: profile.sampleTypes,
    defaultValueIndex: profile.defaultValueIndex,
    totals: profile.samples.values.map(sumOf),
    periods: profile.sampleTypes.map((_, index) => periodOf(profile, index)),
    sampleCount: profile.fileSampleCount,
    functionCount: profile.functions.name.length - 1,
    timeMs: profile.timeNs / 1e6,
    durationMs: profile.durationNs / 1e6,
    comments: profile.comments,
    labelKeys: labelKeysOf(profile),
    warnings,
    decodedBy,
  };
}
