import { fail, ok, type Result } from '../../contract/result.js';
import { besideSpans, regionPieces, spanOfTimes, type RegionPiece } from '../../core/heat-map/region.js';
import { f64At, u32At } from '../../core/profile/columns.js';
import type { Profile } from '../../core/profile/profile.js';
import { withinSpans, type TimeSpan } from '../../core/profile/sample-times.js';
import type { DecodedProfile } from './decode.js';
import { timesOfLabelSets } from './labels.js';
import type { DecodedWindows, WindowRow } from './windows.js';

/** One recording as two sides: the rest, and the region that was brushed in its heat map. */
export interface RegionSides {
  /** By set of labels, 1 where its samples belong to the side. */
  readonly sets: readonly [Uint8Array, Uint8Array];
  /** How long each side is. */
  readonly durationNs: readonly [number, number];
}

const untimed = (): Result<never> =>
  fail('unsupported', 'The samples of this profile do not say when they were taken, so there is no region of them.');

/** Which samples are in the region, and which beside it. */
export function regionSides(profile: Profile, spans: readonly TimeSpan[]): Result<RegionSides> {
  const times = timesOfLabelSets(profile);
  const recording = recordingOf(profile, times);
  if (recording === undefined) return untimed();
  const { rest, region } = regionPieces(recording, spans);
  const durationNs = (pieces: readonly RegionPiece[]): number =>
    pieces.reduce((sum, { lengthMs }) => sum + lengthMs, 0) * 1e6;
  return ok({
    sets: [besideSpans(times, spans), withinSpans(times, spans)],
    durationNs: [durationNs(rest), durationNs(region)],
  });
}

/**
 * The seconds of both sides as windows, the rest first: what of each second belongs to a side was measured by itself. `through`: by set of
 * labels 0 where the view leaves its samples out.
 */
export function regionWindows(
  decoded: DecodedProfile,
  spans: readonly TimeSpan[],
  valueIndex: number,
  through?: Uint8Array,
): Result<readonly [DecodedWindows, DecodedWindows]> {
  const { profile } = decoded;
  const times = timesOfLabelSets(profile);
  const recording = recordingOf(profile, times);
  if (recording === undefined) return untimed();
  const pieces = regionPieces(recording, spans);
  const { sample, set, values } = profile.labelled;
  const column = values[valueIndex] ?? new Float64Array(0);
  const side = (of: readonly RegionPiece[], sets: Uint8Array): DecodedWindows => {
    const rowsOf = new Map<number, { readonly sample: number[]; readonly value: number[] }>(
      of.map(({ secondMs }) => [secondMs, { sample: [], value: [] }]),
    );
    for (let row = 0; row < sample.length; row++) {
      const labels = u32At(set, row);
      if (sets[labels] !== 1 || through?.[labels] === 0) continue;
      const second = rowsOf.get(Math.floor(f64At(times, labels) / 1000) * 1000);
      second?.sample.push(u32At(sample, row));
      second?.value.push(f64At(column, row));
    }
    const rows = of.map(({ secondMs, lengthMs }): WindowRow => {
      const found = rowsOf.get(secondMs);
      return {
        startMs: secondMs,
        seconds: lengthMs / 1000,
        sample: Uint32Array.from(found?.sample ?? []),
        value: Float64Array.from(found?.value ?? []),
        period: 0,
      };
    });
    return { parts: [{ decoded, rows }], windowCount: rows.length, tellLabels: true };
  };
  return ok([side(pieces.rest, besideSpans(times, spans)), side(pieces.region, withinSpans(times, spans))]);
}

/** From when to when was recorded: as the profile says, where its samples lie within that. */
function recordingOf({ timeNs, durationNs }: Profile, times: Float64Array): TimeSpan | undefined {
  const seen = spanOfTimes(times);
  if (seen === undefined || timeNs <= 0 || durationNs <= 0) return seen;
  return { fromMs: Math.min(timeNs / 1e6, seen.fromMs), toMs: Math.max((timeNs + durationNs) / 1e6, seen.toMs) };
}
