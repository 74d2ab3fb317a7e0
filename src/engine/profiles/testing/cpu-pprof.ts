import { writePprof } from '../../../core/formats/pprof/write.js';
import { createProfileBuilder } from '../../../core/profile/builder.js';
import { timeLabel } from '../../../core/profile/sample-times.js';
import { toBytes } from '../../../core/profile/testing/pictures.js';
import { decodeText } from '../decode.js';

/** What one sample is worth, in nanoseconds of CPU time. */
export const period = 10_000_000;

/** Samples of one stack, as "main;handle;render", that were taken at some time or at none that is known. */
export interface StackSamples {
  readonly stack: string;
  readonly count: number;
  readonly atMs?: number;
  readonly thread?: string;
}

/** Writes samples of CPU time as a pprof; `worthNs` is what one sample counts. */
export function cpuPprof(
  samples: Iterable<StackSamples>,
  {
    timeNs = 0,
    durationNs,
    worthNs = period,
  }: { readonly timeNs?: number; readonly durationNs: number; readonly worthNs?: number },
): Uint8Array {
  const builder = createProfileBuilder(1);
  const locations = new Map<string, number>();
  const location = (name: string): number => {
    const known = locations.get(name);
    if (known !== undefined) return known;
    const made = builder.location(0, 0n);
    builder.line(
      builder.function({ name: builder.string(toBytes(name)), systemName: 0, file: 0, library: 0, startLine: 0 }),
      0,
    );
    locations.set(name, made);
    return made;
  };
  const text = (written: string): number => builder.string(toBytes(written));
  for (const { stack, count, atMs, thread } of samples) {
    const top = stack.split(';').reduce((prefix, name) => builder.stack(prefix, location(name)), 0);
    builder.sample(
      top,
      [count * worthNs],
      [
        ...(atMs === undefined
          ? []
          : [{ key: text(timeLabel), text: 0, number: BigInt(Math.round(atMs * 1e6)), unit: 0 }]),
        ...(thread === undefined ? [] : [{ key: text('thread'), text: text(thread), number: 0n, unit: 0 }]),
      ],
    );
  }
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  const profile = builder.freeze({
    sampleTypes: [cpu],
    defaultValueIndex: 0,
    timeNs,
    durationNs,
    period: worthNs,
    periodType: cpu,
    comments: [],
  });
  return writePprof(profile, decodeText);
}
