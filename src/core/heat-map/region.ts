import { f64At } from '../profile/columns.js';
import { joinSpans, withinSpans, type TimeSpan } from '../profile/sample-times.js';

/** A part of one side of a region against the rest: what of one second belongs to it. */
export interface RegionPiece {
  /** Where the second begins, Unix milliseconds. */
  readonly secondMs: number;
  /** How much of it, above 0. */
  readonly lengthMs: number;
}

/** The seconds of both sides: the rest of a recording, and the region. */
export interface RegionPieces {
  readonly rest: readonly RegionPiece[];
  readonly region: readonly RegionPiece[];
}

/** A region of a recording takes nothing away from a second by a rounding. */
const leastMs = 1e-3;

/**
 * Cuts a recording into whole seconds of the clock, and each into what the spans hold of it and what they do not. So a region that
 * is a part of each second is measured as often as there are seconds, and so is what lies beside it.
 *
 * Example: the spans [10.2, 10.4) and [11.2, 11.4) s of a recording from 10 to 12 s: 0.2 s of two seconds, and 0.8 s of both.
 */
export function regionPieces({ fromMs, toMs }: TimeSpan, spans: readonly TimeSpan[]): RegionPieces {
  const joined = joinSpans(spans);
  const rest: RegionPiece[] = [];
  const region: RegionPiece[] = [];
  let at = 0;
  for (let secondMs = Math.floor(fromMs / 1000) * 1000; secondMs < toMs; secondMs += 1000) {
    const begin = Math.max(fromMs, secondMs);
    const end = Math.min(toMs, secondMs + 1000);
    let within = 0;
    while ((joined[at]?.toMs ?? Infinity) <= begin) at++;
    for (let next = at; (joined[next]?.fromMs ?? Infinity) < end; next++) {
      const span = joined[next];
      if (span !== undefined) within += Math.min(end, span.toMs) - Math.max(begin, span.fromMs);
    }
    if (within > leastMs) region.push({ secondMs, lengthMs: within });
    if (end - begin - within > leastMs) rest.push({ secondMs, lengthMs: end - begin - within });
  }
  return { rest, region };
}

/** By time 1 where it is known and lies beside all spans. */
export function besideSpans(times: Float64Array, spans: readonly TimeSpan[]): Uint8Array {
  const within = withinSpans(times, spans);
  return Uint8Array.from(times, (time, index) => (!Number.isNaN(time) && within[index] === 0 ? 1 : 0));
}

/** From the first to behind the last of some times; undefined where none is known. */
export function spanOfTimes(times: Float64Array): TimeSpan | undefined {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (let index = 0; index < times.length; index++) {
    const time = f64At(times, index);
    if (Number.isNaN(time)) continue;
    fromMs = Math.min(fromMs, time);
    toMs = Math.max(toMs, time);
  }
  // The end of a span is not in it.
  return toMs < fromMs ? undefined : { fromMs, toMs: toMs + leastMs };
}
