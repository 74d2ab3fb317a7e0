import { createProfileBuilder } from './builder.js';
import { f64At, u32At } from './columns.js';
import type { NewLabel } from './label-builder.js';
import { labelsOfSet } from './labels.js';
import type { Profile, SampleType } from './profile.js';
import { stringBytes } from './strings.js';

/** What became of a merge; `unlike` is the index of the first profile that does not measure what the first one does. */
export type MergeOutcome =
  { readonly ok: true; readonly profile: Profile } | { readonly ok: false; readonly unlike: number };

/**
 * Profiles that measured one thing one after the other, as one: samples of equal stacks are added, durations too. Sample types
 * are those of the first, found in the others by type and unit. At least one profile.
 *
 * Example: "main;read 3" for 10 s and "main;read 1", "main 2" for 10 s make "main;read 4", "main 2" for 20 s.
 */
export function mergeProfiles(profiles: readonly [Profile, ...Profile[]]): MergeOutcome {
  const [first] = profiles;
  const builder = createProfileBuilder(first.sampleTypes.length);
  for (const [index, profile] of profiles.entries()) {
    const columns = first.sampleTypes.map((wanted) => profile.sampleTypes.findIndex((own) => isSame(own, wanted)));
    if (columns.includes(-1)) return { ok: false, unlike: index };
    const { functions, mappings, locations, stacks, samples, labels, labelled } = profile;
    const stringAt = memo((at) => (at === 0 ? 0 : builder.string(stringBytes(profile.strings, at))));
    const functionAt = memo((at) =>
      builder.function({
        name: stringAt(u32At(functions.name, at)),
        systemName: stringAt(u32At(functions.systemName, at)),
        file: stringAt(u32At(functions.file, at)),
        library: stringAt(u32At(functions.library, at)),
        startLine: u32At(functions.startLine, at),
      }),
    );
    const mappingAt = memo((at) =>
      builder.mapping({
        start: mappings.start[at] ?? 0n,
        limit: mappings.limit[at] ?? 0n,
        offset: mappings.offset[at] ?? 0n,
        file: stringAt(u32At(mappings.file, at)),
        buildId: stringAt(u32At(mappings.buildId, at)),
      }),
    );
    const locationAt = memo((at) => {
      const mapping = u32At(locations.mapping, at);
      const lines: [number, number][] = [];
      for (let line = u32At(locations.lineStart, at); line < u32At(locations.lineStart, at + 1); line++) {
        const callee = u32At(locations.lineFunction, line);
        lines.push([callee === 0 ? 0 : functionAt(callee), u32At(locations.lineNumber, line)]);
      }
      const made = builder.location(mapping === 0 ? 0 : mappingAt(mapping), locations.address[at] ?? 0n);
      for (const [callee, number] of lines) builder.line(callee, number);
      return made;
    });
    const labelAt = (at: number): NewLabel => ({
      key: stringAt(u32At(labels.key, at)),
      text: stringAt(u32At(labels.text, at)),
      number: labels.number[at] ?? 0n,
      unit: stringAt(u32At(labels.unit, at)),
    });
    const stackAt = new Uint32Array(stacks.prefix.length);
    for (let stack = 1; stack < stacks.prefix.length; stack++) {
      stackAt[stack] = builder.stack(
        u32At(stackAt, u32At(stacks.prefix, stack)),
        locationAt(u32At(stacks.location, stack)),
      );
    }
    const rowsOf = new Map<number, number[]>();
    for (let row = 0; row < labelled.sample.length; row++) {
      const sample = u32At(labelled.sample, row);
      const rows = rowsOf.get(sample) ?? [];
      rowsOf.set(sample, rows);
      rows.push(row);
    }
    for (let sample = 0; sample < samples.stack.length; sample++) {
      const stack = u32At(stackAt, u32At(samples.stack, sample));
      const left = columns.map((column) => f64At(samples.values[column] ?? none, sample));
      for (const row of rowsOf.get(sample) ?? []) {
        const values = columns.map((column) => f64At(labelled.values[column] ?? none, row));
        values.forEach((value, type) => {
          left[type] = Math.max(0, (left[type] ?? 0) - value);
        });
        builder.sample(stack, values, labelsOfSet(labels, u32At(labelled.set, row)).map(labelAt));
      }
      if (!rowsOf.has(sample) || left.some((value) => value > 0)) builder.sample(stack, left);
    }
  }
  const samePeriod = profiles.every(({ period }) => period === first.period);
  return {
    ok: true,
    profile: builder.freeze({
      sampleTypes: first.sampleTypes,
      defaultValueIndex: first.defaultValueIndex,
      timeNs: Math.min(...profiles.map(({ timeNs }) => timeNs)),
      // Of an unknown length, the sum is unknown.
      durationNs: profiles.some(({ durationNs }) => durationNs === 0)
        ? 0
        : profiles.reduce((sum, { durationNs }) => sum + durationNs, 0),
      period: samePeriod ? first.period : 0,
      periodType: samePeriod ? first.periodType : undefined,
      comments: first.comments,
    }),
  };
}

const none = new Float64Array(0);

function isSame(one: SampleType, other: SampleType): boolean {
  return one.type === other.type && one.unit === other.unit;
}

function memo(make: (at: number) => number): (at: number) => number {
  const known = new Map<number, number>();
  return (at) => {
    let made = known.get(at);
    if (made === undefined) {
      made = make(at);
      known.set(at, made);
    }
    return made;
  };
}
