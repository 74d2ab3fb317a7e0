import {
  Function as PprofFunction,
  Label as PprofLabel,
  Line as PprofLine,
  Location as PprofLocation,
  Mapping as PprofMapping,
  Profile as PprofProfile,
  Sample as PprofSample,
  StringTable,
  ValueType as PprofValueType,
} from 'pprof-format';
import { f64At, u32At } from '../../profile/columns.js';
import { labelsOfSet } from '../../profile/labels.js';
import type { Profile, SampleType } from '../../profile/profile.js';
import { lazyStrings, type DecodeText } from '../../profile/strings.js';

/**
 * Writes a profile as plain pprof bytes, all of its sample types. Ids are indices; only what samples use is written.
 * Fractions are rounded, because pprof's values are integers. Reading the bytes again gives an equal call tree.
 */
export function writePprof(profile: Profile, decode: DecodeText): Uint8Array {
  const { functions, mappings, locations } = profile;
  const strings = new StringTable();
  const textAt = lazyStrings(profile.strings, decode);
  const stringId = (index: number): number => (index === 0 ? 0 : strings.dedup(textAt(index)));
  const typeOf = ({ type, unit }: SampleType): PprofValueType =>
    new PprofValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });

  const used = usedLocations(profile);
  const usedFunctions = new Set<number>();
  const usedMappings = new Set<number>();
  const location: PprofLocation[] = [];
  for (const index of used) {
    const line: PprofLine[] = [];
    for (let at = u32At(locations.lineStart, index + 1) - 1; at >= u32At(locations.lineStart, index); at--) {
      const callee = u32At(locations.lineFunction, at);
      usedFunctions.add(callee);
      line.push(new PprofLine({ functionId: callee, line: u32At(locations.lineNumber, at) }));
    }
    const mappingId = u32At(locations.mapping, index);
    if (mappingId !== 0) usedMappings.add(mappingId);
    location.push(new PprofLocation({ id: index, mappingId, address: locations.address[index] ?? 0n, line }));
  }
  const encoded = new PprofProfile({
    stringTable: strings,
    sampleType: profile.sampleTypes.map(typeOf),
    sample: samplesOf(profile, (index) => stringId(index)),
    mapping: mainFirst(usedMappings, (id) => textAt(u32At(mappings.file, id))).map(
      (id) =>
        new PprofMapping({
          id,
          memoryStart: mappings.start[id] ?? 0n,
          memoryLimit: mappings.limit[id] ?? 0n,
          fileOffset: mappings.offset[id] ?? 0n,
          filename: stringId(u32At(mappings.file, id)),
          buildId: stringId(u32At(mappings.buildId, id)),
          hasFunctions: true,
        }),
    ),
    location,
    function: sorted(usedFunctions).map((id) => {
      const name = stringId(u32At(functions.name, id));
      const systemName = stringId(u32At(functions.systemName, id));
      return new PprofFunction({
        id,
        name,
        systemName: systemName === 0 ? name : systemName,
        filename: stringId(u32At(functions.file, id)),
        startLine: u32At(functions.startLine, id),
      });
    }),
    timeNanos: BigInt(Math.round(profile.timeNs)),
    durationNanos: BigInt(Math.round(profile.durationNs)),
    period: Math.round(profile.period),
    ...(profile.periodType === undefined ? {} : { periodType: typeOf(profile.periodType) }),
    comment: profile.comments.map((comment) => strings.dedup(comment)),
    defaultSampleType: strings.dedup(profile.sampleTypes[profile.defaultValueIndex]?.type ?? ''),
  });
  return encoded.encode();
}

/**
 * pprof's tools call the first mapping the profiled program: programs stand before libraries, and what is no file ("[kernel]", "[vdso]")
 * stands last. Otherwise their order stays, in which a program comes first already where one wrote the profile itself.
 */
function mainFirst(ids: ReadonlySet<number>, fileOf: (id: number) => string): readonly number[] {
  const rank = (id: number): number => {
    const file = fileOf(id);
    if (file === '' || file.startsWith('[')) return 2;
    return /\.so(?:\.|$)/.test(file) ? 1 : 0;
  };
  return Array.from(ids).sort((a, b) => rank(a) - rank(b) || a - b);
}

function sorted(ids: ReadonlySet<number>): readonly number[] {
  return Array.from(ids).sort((a, b) => a - b);
}

/** Locations that samples use, in order. */
function usedLocations({ stacks, samples }: Profile): readonly number[] {
  const inUse = new Uint8Array(stacks.prefix.length);
  for (const stack of samples.stack) inUse[stack] = 1;
  const used = new Set<number>();
  for (let stack = inUse.length - 1; stack > 0; stack--) {
    if (inUse[stack] !== 1) continue;
    inUse[u32At(stacks.prefix, stack)] = 1;
    used.add(u32At(stacks.location, stack));
  }
  return sorted(used);
}

/** A sample for each set of labels that a stack was measured with, and one for what was measured without labels. */
function samplesOf(profile: Profile, stringId: (index: number) => number): PprofSample[] {
  const { samples, labels, labelled } = profile;
  const rowsOf = Array.from(samples.stack, (): number[] => []);
  for (let row = 0; row < labelled.sample.length; row++) rowsOf[u32At(labelled.sample, row)]?.push(row);
  return rowsOf.flatMap((rows, sample) => {
    const locationId = locationsOf(profile, u32At(samples.stack, sample));
    const left = samples.values.map((column, type) =>
      rows.reduce((sum, row) => sum - f64At(labelled.values[type] ?? column, row), f64At(column, sample)),
    );
    const made = rows.map(
      (row) =>
        new PprofSample({
          locationId,
          value: labelled.values.map((column) => Math.round(f64At(column, row))),
          label: labelsOfSet(labels, u32At(labelled.set, row)).map(
            (label) =>
              new PprofLabel({
                key: stringId(u32At(labels.key, label)),
                str: stringId(u32At(labels.text, label)),
                num: labels.number[label] ?? 0n,
                numUnit: stringId(u32At(labels.unit, label)),
              }),
          ),
        }),
    );
    if (rows.length > 0 && left.every((value) => value <= 0)) return made;
    return [...made, new PprofSample({ locationId, value: left.map((value) => Math.max(0, Math.round(value))) })];
  });
}

/** The locations of a stack, leaf first, as pprof wants them. */
function locationsOf({ stacks }: Profile, stack: number): number[] {
  const ids: number[] = [];
  for (let at = stack; at !== 0; at = u32At(stacks.prefix, at)) ids.push(u32At(stacks.location, at));
  return ids;
}
