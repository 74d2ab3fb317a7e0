import type { ProfileSummary } from '../../contract/decoder.js';
import type { OpenProfile } from './store.js';

/** A profile in numbers. */
export function summaryOf({ profileId, decoded }: OpenProfile): ProfileSummary {
  const { profile, format, warnings, decodedBy } = decoded;
  return {
    profileId,
    format,
    sampleTypes: profile.sampleTypes,
    defaultValueIndex: profile.defaultValueIndex,
    totals: profile.samples.values.map((column) => column.reduce((sum, value) => sum + value, 0)),
    sampleCount: profile.fileSampleCount,
    functionCount: profile.functions.name.length - 1,
    timeMs: profile.timeNs / 1e6,
    durationMs: profile.durationNs / 1e6,
    comments: profile.comments,
    warnings,
    decodedBy,
  };
}
